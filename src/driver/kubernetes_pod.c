/* SPDX-License-Identifier: Apache-2.0 */
/* The pod template: what one copy of a service is. */
#include "driver/json_put.h"
#include "driver/kubernetes_internal.h"

#include <ctype.h>
#include <string.h>

/* Docker's defaults, which the file's author had in mind. */
#define CHECK_INTERVAL_NS ((uint64_t)30000000000)
#define CHECK_TIMEOUT_NS  ((uint64_t)30000000000)
#define CHECK_RETRIES     3
#define STOP_TIMEOUT_S    10

/*
 * Between "take it out of all balancers" and the signal to stop: long enough for kube-proxy on
 * a busy node to hear of it, so that a rollout refuses no connection.
 */
#define DRAIN_S 5

/*
 * How long a copy stays bound to a node that is lost. Kubernetes' default of 300 s would leave
 * a service short for five minutes; below some seconds every hiccup moves copies.
 */
#define NODE_LOST_S 10

/* The sleep action of hooks, matchLabelKeys of spread constraints: on by default since. */
#define MINOR_SLEEP      30
#define MINOR_MATCH_KEYS 27

/* Kubernetes reads $(NAME) in commands and variables as a variable; "$$" is a plain "$". */
static const char *plain(struct arena *arena, const char *text)
{
    size_t dollars = 0;

    for (const char *c = text; *c; c++)
        dollars += *c == '$';
    if (!dollars)
        return text;
    char *out = arena_alloc(arena, strlen(text) + dollars + 1), *at = out;
    for (; *text; text++) {
        if (*text == '$')
            *at++ = '$';
        *at++ = *text;
    }
    return out;
}

static void put_words(struct arena *arena, json_t *object, const char *key,
                      const struct strings *words, size_t from)
{
    json_t *list = json_put_array(object, key);

    for (size_t i = from; i < words->count; i++)
        json_add_text(list, plain(arena, words->items[i]));
}

static void put_environment(const struct driver_call *call, json_t *container)
{
    const struct key_values *pairs = &call->service->environment;
    json_t *list = pairs->count ? json_put_array(container, "env") : NULL;

    for (size_t i = 0; i < pairs->count; i++) {
        json_t *item = json_add_object(list);

        json_put_text(item, "name", pairs->items[i].key);
        json_put_text(item, "value", plain(call->arena, pairs->items[i].value));
    }
}

static bool is_target_repeated(const struct service *service, size_t port)
{
    for (size_t i = 0; i < port; i++)
        if (service->ports[i].target == service->ports[port].target &&
            service->ports[i].protocol == service->ports[port].protocol)
            return true;
    return false;
}

static void put_ports(const struct service *service, json_t *container)
{
    json_t *list = service->port_count ? json_put_array(container, "ports") : NULL;

    for (size_t i = 0; i < service->port_count; i++) {
        if (is_target_repeated(service, i))
            continue;
        json_t *item = json_add_object(list);
        json_put_integer(item, "containerPort", service->ports[i].target);
        json_put_text(item, "protocol", service->ports[i].protocol == PORT_UDP ? "UDP" : "TCP");
    }
}

static void put_quantities(struct arena *arena, json_t *object, const char *key,
                           uint64_t cpus_nano, uint64_t memory_bytes)
{
    json_t *out = cpus_nano || memory_bytes ? json_put_object(object, key) : NULL;

    if (cpus_nano)
        json_put_text(
            out, "cpu",
            arena_printf(arena, "%llum", (unsigned long long)((cpus_nano + 999999) / 1000000)));
    if (memory_bytes)
        json_put_text(out, "memory",
                      arena_printf(arena, "%llu", (unsigned long long)memory_bytes));
}

static void put_resources(const struct driver_call *call, json_t *container)
{
    const struct service *s = call->service;
    json_t *out = json_put_object(container, "resources");

    put_quantities(call->arena, out, "limits", s->cpus_limit_nano, s->memory_limit_bytes);
    put_quantities(call->arena, out, "requests", s->cpus_reservation_nano,
                   s->memory_reservation_bytes);
    if (!json_object_size(out))
        (void)json_object_del(container, "resources");
}

/* Probes. */

static uint64_t seconds(uint64_t ns, uint64_t fallback_ns)
{
    return ((ns ? ns : fallback_ns) + 999999999) / 1000000000;
}

static bool has_check(const struct healthcheck *check)
{
    return check->is_set && !check->disabled && check->test.count &&
           strcmp(check->test.items[0], "NONE") != 0;
}

static void put_exec(const struct driver_call *call, json_t *probe)
{
    const struct strings *test = &call->service->healthcheck.test;
    json_t *exec = json_put_object(probe, "exec");

    if (strcmp(test->items[0], "CMD-SHELL") == 0) {
        json_t *list = json_put_array(exec, "command");

        json_add_text(list, "/bin/sh");
        json_add_text(list, "-c");
        json_add_text(list, plain(call->arena, test->count > 1 ? test->items[1] : ""));
    } else {
        put_words(call->arena, exec, "command", test, 1);
    }
}

static void put_check(const struct driver_call *call, json_t *container, const char *key,
                      uint64_t failures)
{
    const struct healthcheck *check = &call->service->healthcheck;
    json_t *probe = json_put_object(container, key);

    put_exec(call, probe);
    json_put_integer(probe, "periodSeconds", seconds(check->interval_ns, CHECK_INTERVAL_NS));
    json_put_integer(probe, "timeoutSeconds", seconds(check->timeout_ns, CHECK_TIMEOUT_NS));
    json_put_integer(probe, "failureThreshold", failures);
}

/* What steering asks from outside, asked from inside: where the file has no health check. */
static void put_steered_probe(const struct driver_call *call, json_t *container)
{
    const struct probe *probe = &call->service->probe;
    bool is_plain_status = probe->status == 0 || (probe->status >= 200 && probe->status < 400);

    if (probe->kind == PROBE_NONE)
        return;
    json_t *out = json_put_object(container, "readinessProbe");
    json_t *action = json_put_object(
        out, probe->kind == PROBE_HTTP && is_plain_status ? "httpGet" : "tcpSocket");
    json_put_integer(action, "port", probe->port);
    if (probe->kind == PROBE_HTTP && is_plain_status) {
        json_put_text(action, "path", probe->path ? probe->path : "/");
        if (probe->host) {
            json_t *header = json_add_object(json_put_array(action, "httpHeaders"));

            json_put_text(header, "name", "Host");
            json_put_text(header, "value", probe->host);
        }
    }
    uint64_t interval_ms = probe->interval_ms ? probe->interval_ms : 1000;
    uint64_t timeout_ms = probe->timeout_ms ? probe->timeout_ms : 1000;
    json_put_integer(out, "periodSeconds", (interval_ms + 999) / 1000);
    json_put_integer(out, "timeoutSeconds", (timeout_ms + 999) / 1000);
    json_put_integer(out, "failureThreshold", 2);
}

/*
 * Docker's health check says both whether a copy may be sent clients and whether it is to be
 * replaced: a readiness and a liveness probe. Failures before start_period is over do not
 * count: a startup probe that waits for so long.
 */
static void put_probes(const struct driver_call *call, json_t *container)
{
    const struct healthcheck *check = &call->service->healthcheck;
    uint64_t retries = check->retries ? check->retries : CHECK_RETRIES;

    if (!has_check(check)) {
        put_steered_probe(call, container);
        return;
    }
    put_check(call, container, "readinessProbe", retries);
    put_check(call, container, "livenessProbe", retries);
    if (check->start_period_ns) {
        uint64_t interval_ns = check->interval_ns ? check->interval_ns : CHECK_INTERVAL_NS;

        put_check(call, container, "startupProbe",
                  (check->start_period_ns + interval_ns - 1) / interval_ns + retries);
    }
}

/* Nobody sends a copy new connections while this passes; then it is told to stop. */
static void put_drain(const struct driver_call *call, json_t *container)
{
    json_t *hook = json_put_object(json_put_object(container, "lifecycle"), "preStop");

    if (call->api_minor >= MINOR_SLEEP) {
        json_put_integer(json_put_object(hook, "sleep"), "seconds", DRAIN_S);
        return;
    }
    /* An image without a sleep is stopped at once: that is as before, not worse. */
    json_t *command = json_put_array(json_put_object(hook, "exec"), "command");
    json_add_text(command, "sleep");
    json_add_text(command, arena_printf(call->arena, "%d", DRAIN_S));
}

/* Volumes. */

bool kubernetes_is_claim(const struct app *app, const struct mount *mount)
{
    const struct volume *volume = mount->kind == MOUNT_VOLUME && *mount->source
                                      ? app_find_volume(app, mount->source)
                                      : NULL;

    return volume && !volume->external;
}

static const char *volume_name(const struct driver_call *call, size_t mount)
{
    const struct mount *m = &call->service->mounts[mount];

    if (kubernetes_is_claim(call->app, m))
        return kubernetes_name(call->arena, m->source);
    return arena_printf(call->arena, "mount-%zu", mount);
}

static void put_volume(const struct driver_call *call, json_t *spec, size_t mount)
{
    const struct mount *m = &call->service->mounts[mount];
    json_t *list = json_object_get(spec, "volumes");

    if (kubernetes_is_claim(call->app, m))
        return; /* the StatefulSet has a template for it */
    json_t *volume = json_add_object(list ? list : json_put_array(spec, "volumes"));
    json_put_text(volume, "name", volume_name(call, mount));
    if (m->kind == MOUNT_BIND)
        json_put_text(json_put_object(volume, "hostPath"), "path", m->source);
    else if (*m->source)
        json_put_text(json_put_object(volume, "persistentVolumeClaim"), "claimName",
                      app_find_volume(call->app, m->source)->name);
    else
        (void)json_put_object(volume, "emptyDir");
}

static void put_mounts(const struct driver_call *call, json_t *spec, json_t *container)
{
    const struct service *service = call->service;
    json_t *list = service->mount_count ? json_put_array(container, "volumeMounts") : NULL;

    for (size_t i = 0; i < service->mount_count; i++) {
        json_t *mount = json_add_object(list);

        put_volume(call, spec, i);
        json_put_text(mount, "name", volume_name(call, i));
        json_put_text(mount, "mountPath", service->mounts[i].target);
        if (service->mounts[i].read_only)
            json_put_bool(mount, "readOnly", true);
    }
}

/* Where copies go, and when they leave. */

static void put_tolerations(json_t *spec)
{
    static const char *const taints[] = {"node.kubernetes.io/not-ready",
                                         "node.kubernetes.io/unreachable"};
    json_t *list = json_put_array(spec, "tolerations");

    for (size_t i = 0; i < 2; i++) {
        json_t *item = json_add_object(list);

        json_put_text(item, "key", taints[i]);
        json_put_text(item, "operator", "Exists");
        json_put_text(item, "effect", "NoExecute");
        json_put_integer(item, "tolerationSeconds", NODE_LOST_S);
    }
}

static void put_spread(const struct driver_call *call, json_t *spec,
                       enum kubernetes_workload workload)
{
    static const char *const keys[] = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"};
    json_t *list = json_put_array(spec, "topologySpreadConstraints");

    for (size_t i = 0; i < 2; i++) {
        json_t *item = json_add_object(list);

        json_put_integer(item, "maxSkew", 1);
        json_put_text(item, "topologyKey", keys[i]);
        json_put_text(item, "whenUnsatisfiable", "ScheduleAnyway");
        kubernetes_put_selector(
            call, json_put_object(json_put_object(item, "labelSelector"), "matchLabels"));
        /* Else the copies that a rollout is about to remove would count. */
        if (call->api_minor >= MINOR_MATCH_KEYS && workload == WORKLOAD_DEPLOYMENT)
            json_add_text(json_put_array(item, "matchLabelKeys"), "pod-template-hash");
    }
}

static const char *restart_policy(const struct service *service,
                                  enum kubernetes_workload workload)
{
    if (workload != WORKLOAD_JOB)
        return "Always";
    return service->restart == RESTART_ON_FAILURE ? "OnFailure" : "Never";
}

static void put_container(const struct driver_call *call, json_t *spec)
{
    const struct service *service = call->service;
    json_t *container = json_add_object(json_put_array(spec, "containers"));

    json_put_text(container, "name", kubernetes_name(call->arena, service->name));
    json_put_text(container, "image", service->image);
    json_put_text(container, "imagePullPolicy", "IfNotPresent");
    if (service->has_entrypoint)
        put_words(call->arena, container, "command", &service->entrypoint, 0);
    if (service->has_command)
        put_words(call->arena, container, "args", &service->command, 0);
    put_environment(call, container);
    put_ports(service, container);
    put_resources(call, container);
    put_mounts(call, spec, container);
}

/* Annotations may have any value, but their keys look like labels' keys. */
static bool is_annotation_key(const char *key)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    size_t len = strlen(name);

    if (!len || len > 63 || !isalnum((unsigned char)name[0]) ||
        !isalnum((unsigned char)name[len - 1]) || slash == key || strchr(name, '/'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    for (const char *c = key; slash && c < slash; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' &&
            *c != '.')
            return false;
    return true;
}

static void put_annotations(const struct driver_call *call, json_t *metadata)
{
    const struct key_values *labels = &call->service->labels;
    json_t *out = json_object_get(metadata, "annotations");

    for (size_t i = 0; i < labels->count; i++)
        if (is_annotation_key(labels->items[i].key) &&
            !json_object_get(out, labels->items[i].key))
            json_put_text(out, labels->items[i].key, labels->items[i].value);
}

void kubernetes_put_template(const struct driver_call *call, json_t *object,
                             enum kubernetes_workload workload)
{
    json_t *template = json_put_object(object, "template");
    json_t *spec;
    bool is_job = workload == WORKLOAD_JOB;

    kubernetes_put_metadata(call, template, NULL);
    put_annotations(call, json_object_get(template, "metadata"));
    spec = json_put_object(template, "spec");
    json_put_bool(spec, "automountServiceAccountToken", false);
    json_put_bool(spec, "enableServiceLinks", false);
    json_put_text(spec, "restartPolicy", restart_policy(call->service, workload));
    json_put_integer(spec, "terminationGracePeriodSeconds",
                     STOP_TIMEOUT_S + (is_job ? 0 : DRAIN_S));
    /* What Docker does without being asked. */
    json_put_text(json_put_object(json_put_object(spec, "securityContext"), "seccompProfile"),
                  "type", "RuntimeDefault");
    put_tolerations(spec);
    put_spread(call, spec, workload);
    put_container(call, spec);
    if (is_job)
        return;
    json_t *container = json_array_get(json_object_get(spec, "containers"), 0);
    put_probes(call, container);
    put_drain(call, container);
}
