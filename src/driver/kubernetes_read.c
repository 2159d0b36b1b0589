/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of the API in the few words that an observation needs. */
#include "driver/kubernetes_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define STATUS_MAX 300  /* what the orchestrator says, for people */
#define TEXT_MAX   255  /* of what names an app, a service, a digest */
#define LIST_MAX   1000 /* conditions, containers, addresses of one object that are looked at */

/* An object while it is read. */
struct reading {
    struct arena *arena;
    const json_t *metadata, *spec, *status;
    struct kubernetes_item *item;
};

static const char *text(const json_t *json, const char *key)
{
    const char *value = json_string_value(json_object_get(json, key));

    return value ? value : "";
}

static json_int_t number(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static size_t count_of(const json_t *list)
{
    size_t count = json_array_size(list);

    return count < LIST_MAX ? count : LIST_MAX;
}

/* One line that any terminal can show. */
static const char *say(struct reading *r, const char *reason, const char *message)
{
    char *out = arena_printf(r->arena, "%.80s%s%.*s", reason, *reason && *message ? ": " : "",
                             STATUS_MAX, message);
    size_t len = strlen(out);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = ' ';
    /* The cut may have gone through a character. */
    while (len && (unsigned char)out[len - 1] >= 0x80)
        out[--len] = '\0';
    return out;
}

static const json_t *find_condition(const struct reading *r, const char *type)
{
    const json_t *list = json_object_get(r->status, "conditions");

    for (size_t i = 0; i < count_of(list); i++)
        if (strcmp(text(json_array_get(list, i), "type"), type) == 0)
            return json_array_get(list, i);
    return NULL;
}

static bool condition_is(const struct reading *r, const char *type, const char *status)
{
    return strcmp(text(find_condition(r, type), "status"), status) == 0;
}

static const char *condition_text(struct reading *r, const char *type)
{
    const json_t *condition = find_condition(r, type);

    return say(r, text(condition, "reason"), text(condition, "message"));
}

/* Pods. */

/* The container that is ours: others may have been put beside it. */
static const json_t *find_container(const struct reading *r, const json_t *list)
{
    const char *name = text(json_object_get(r->metadata, "labels"), LABEL_SERVICE);

    for (size_t i = 0; i < count_of(list); i++)
        if (strcmp(text(json_array_get(list, i), "name"), name) == 0)
            return json_array_get(list, i);
    return json_array_get(list, 0);
}

static int exit_code(const json_t *terminated)
{
    json_int_t code = number(terminated, "exitCode");

    return code < 0 || code > INT_MAX ? 0 : (int)code;
}

static const char *say_exit(struct reading *r, const json_t *terminated)
{
    return arena_printf(r->arena, "%.80s (%d)",
                        *text(terminated, "reason") ? text(terminated, "reason") : "Exited",
                        exit_code(terminated));
}

static void read_running(struct reading *r, const json_t *container)
{
    const json_t *state = json_object_get(container, "state");
    const json_t *waiting = json_object_get(state, "waiting");
    const json_t *last = json_object_get(json_object_get(container, "lastState"), "terminated");
    json_int_t restarts = number(container, "restartCount");
    bool is_ready = condition_is(r, "Ready", "True");
    struct kubernetes_item *item = r->item;

    if (json_object_get(state, "running")) {
        item->state = REPLICA_RUNNING;
        item->health = is_ready       ? HEALTH_HEALTHY
                       : restarts > 0 ? HEALTH_UNHEALTHY
                                      : HEALTH_STARTING;
        item->text[TEXT_STATUS] = is_ready ? "Running" : "Running, not ready";
        if (restarts > 0)
            item->text[TEXT_STATUS] =
                arena_printf(r->arena, "%s, restarts: %lld, last: %s", item->text[TEXT_STATUS],
                             (long long)restarts, say_exit(r, last));
        return;
    }
    item->state = restarts > 0 || last ? REPLICA_RESTARTING : REPLICA_CREATED;
    if (waiting) {
        item->text[TEXT_STATUS] = say(r, text(waiting, "reason"), text(waiting, "message"));
        if (last)
            item->text[TEXT_STATUS] = arena_printf(r->arena, "%.200s, last: %s",
                                                   item->text[TEXT_STATUS], say_exit(r, last));
    } else {
        const json_t *terminated = json_object_get(state, "terminated");

        item->state = terminated ? REPLICA_RESTARTING : REPLICA_CREATED;
        item->text[TEXT_STATUS] = terminated ? say_exit(r, terminated) : "Pending";
    }
}

static void read_pod(struct reading *r)
{
    const char *phase = text(r->status, "phase");
    const json_t *container =
        find_container(r, json_object_get(r->status, "containerStatuses"));
    const json_t *terminated =
        json_object_get(json_object_get(container, "state"), "terminated");
    struct kubernetes_item *item = r->item;

    item->text[TEXT_IMAGE] =
        text(find_container(r, json_object_get(r->spec, "containers")), "image");
    if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0) {
        bool is_failed = *phase == 'F';

        item->state = REPLICA_EXITED;
        item->exit_code = exit_code(terminated);
        if (is_failed && !item->exit_code)
            item->exit_code = 1;
        /* Evicted, for one, is said of the pod and not of a container. */
        item->text[TEXT_STATUS] = *text(r->status, "reason") ? say(r, text(r->status, "reason"),
                                                                   text(r->status, "message"))
                                                             : say_exit(r, terminated);
    } else if (condition_is(r, "PodScheduled", "False")) {
        item->state = REPLICA_CREATED;
        item->text[TEXT_STATUS] = condition_text(r, "PodScheduled");
    } else {
        read_running(r, container);
    }
}

/* Workloads. */

static unsigned bounded(json_int_t value)
{
    return value < 0 ? 0 : value > APP_REPLICAS_MAX ? APP_REPLICAS_MAX : (unsigned)value;
}

static bool is_observed(const struct reading *r)
{
    return number(r->status, "observedGeneration") >= number(r->metadata, "generation");
}

static void read_deployment(struct reading *r)
{
    json_int_t wanted = number(r->spec, "replicas");

    r->item->replicas = bounded(wanted);
    r->item->is_settled = is_observed(r) && number(r->status, "updatedReplicas") == wanted &&
                          number(r->status, "replicas") == wanted &&
                          number(r->status, "availableReplicas") == wanted;
    if (condition_is(r, "ReplicaFailure", "True"))
        r->item->text[TEXT_STATUS] = condition_text(r, "ReplicaFailure");
    else if (condition_is(r, "Progressing", "False"))
        r->item->text[TEXT_STATUS] = condition_text(r, "Progressing");
}

static void read_stateful_set(struct reading *r)
{
    json_int_t wanted = number(r->spec, "replicas");
    const char *update = text(r->status, "updateRevision");

    r->item->replicas = bounded(wanted);
    r->item->is_settled = is_observed(r) && number(r->status, "replicas") == wanted &&
                          number(r->status, "readyReplicas") == wanted &&
                          (strcmp(text(r->status, "currentRevision"), update) == 0 ||
                           number(r->status, "updatedReplicas") == wanted);
}

/* A Job is settled when its copies run, have ended well, or are not tried again. */
static void read_job(struct reading *r)
{
    json_int_t wanted = number(r->spec, "completions");

    r->item->replicas = bounded(wanted);
    r->item->is_settled =
        condition_is(r, "Complete", "True") || condition_is(r, "Failed", "True") ||
        number(r->status, "active") + number(r->status, "succeeded") >= wanted;
    if (condition_is(r, "Failed", "True"))
        r->item->text[TEXT_STATUS] = condition_text(r, "Failed");
}

/* Services, Ingresses, nodes. */

static void add_address(struct reading *r, const char *address)
{
    const char *known = r->item->text[TEXT_ADDRESSES];

    if (*address && strlen(address) < 64 && strlen(known) < 2000)
        r->item->text[TEXT_ADDRESSES] =
            arena_printf(r->arena, "%s%s%s", known, *known ? " " : "", address);
}

/* What a balancer says of itself; a name without an address is not for us to resolve. */
static void read_balancer(struct reading *r)
{
    const json_t *list = json_object_get(json_object_get(r->status, "loadBalancer"), "ingress");

    for (size_t i = 0; i < count_of(list); i++)
        add_address(r, text(json_array_get(list, i), "ip"));
}

static void read_service(struct reading *r)
{
    const json_t *list = json_object_get(r->spec, "ports");
    bool is_node_port = strcmp(text(r->spec, "type"), "NodePort") == 0;
    struct kubernetes_item *item = r->item;

    if (strcmp(text(json_object_get(r->metadata, "labels"), LABEL_PART), "published") != 0) {
        item->text[TEXT_SERVICE] = "";
        return;
    }
    for (size_t i = 0; i < count_of(list) && item->port_count < KUBERNETES_PORTS_MAX; i++) {
        const json_t *port = json_array_get(list, i);
        json_int_t published = number(port, is_node_port ? "nodePort" : "port");
        json_int_t target = number(port, "targetPort");

        if (published < 1 || published > UINT16_MAX || target < 1 || target > UINT16_MAX)
            continue;
        item->ports[item->port_count++] = (struct observed_port){
            .published = (uint16_t)published,
            .target = (uint16_t)target,
            .protocol = strcmp(text(port, "protocol"), "UDP") == 0 ? PORT_UDP : PORT_TCP};
    }
    read_balancer(r);
}

static void read_node(struct reading *r)
{
    const json_t *list = json_object_get(r->status, "addresses");
    const json_t *room = json_object_get(r->status, "allocatable");
    struct kubernetes_item *item = r->item;

    item->is_usable = condition_is(r, "Ready", "True") &&
                      !json_is_true(json_object_get(r->spec, "unschedulable"));
    for (size_t i = 0; i < count_of(list); i++)
        item->is_external |= strcmp(text(json_array_get(list, i), "type"), "ExternalIP") == 0;
    for (size_t i = 0; i < count_of(list); i++)
        if (strcmp(text(json_array_get(list, i), "type"),
                   item->is_external ? "ExternalIP" : "InternalIP") == 0)
            add_address(r, text(json_array_get(list, i), "address"));
    if (!kubernetes_quantity(text(room, "cpu"), 1e9, &item->cpus_nano) ||
        !kubernetes_quantity(text(room, "memory"), 1, &item->memory_bytes))
        item->cpus_nano = item->memory_bytes = 0;
}

/* What names something: "" when it cannot be ours. */
static const char *note(const struct reading *r, const char *key)
{
    const char *annotation = text(json_object_get(r->metadata, "annotations"), key);
    const char *value =
        *annotation ? annotation : text(json_object_get(r->metadata, "labels"), key);

    return strlen(value) <= TEXT_MAX ? value : "";
}

struct kubernetes_item *kubernetes_read(struct arena *arena, unsigned kind,
                                        const json_t *object, struct err *err)
{
    typedef void reader(struct reading *);
    static reader *const readers[KUBERNETES_KINDS] = {
        [KUBERNETES_NODES] = read_node,
        [KUBERNETES_SERVICES] = read_service,
        [KUBERNETES_INGRESSES] = read_balancer,
        [KUBERNETES_DEPLOYMENTS] = read_deployment,
        [KUBERNETES_STATEFULSETS] = read_stateful_set,
        [KUBERNETES_JOBS] = read_job,
        [KUBERNETES_PODS] = read_pod,
    };
    struct reading r = {.arena = arena,
                        .metadata = json_object_get(object, "metadata"),
                        .spec = json_object_get(object, "spec"),
                        .status = json_object_get(object, "status"),
                        .item = arena_new_in(arena, struct kubernetes_item)};

    for (unsigned i = 0; i < KUBERNETES_TEXTS; i++)
        r.item->text[i] = "";
    r.item->text[TEXT_SPACE] = text(r.metadata, "namespace");
    r.item->text[TEXT_NAME] = text(r.metadata, "name");
    r.item->text[TEXT_UID] = text(r.metadata, "uid");
    if (!*r.item->text[TEXT_NAME] || !*r.item->text[TEXT_UID]) {
        (void)err_set(err, -EPROTO, "one of the %s has no name or no uid",
                      kubernetes_kinds[kind].plural);
        return NULL;
    }
    r.item->text[TEXT_KEY] =
        arena_printf(arena, "%s/%s", r.item->text[TEXT_SPACE], r.item->text[TEXT_NAME]);
    r.item->text[TEXT_APP] = note(&r, NOTE_APP);
    r.item->text[TEXT_SERVICE] = note(&r, NOTE_SERVICE);
    r.item->text[TEXT_DIGEST] = note(&r, NOTE_DIGEST);
    r.item->is_leaving = json_is_string(json_object_get(r.metadata, "deletionTimestamp"));
    if (readers[kind])
        readers[kind](&r);
    return r.item;
}
