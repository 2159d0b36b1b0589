/* SPDX-License-Identifier: Apache-2.0 */
/* A service as the objects that make it: workload, Services, disruption budget, Ingress. */
#include "driver/json_put.h"
#include "driver/kubernetes_internal.h"
#include "driver/url.h"

#include <errno.h>
#include <string.h>

#define APPLY_QUERY "?fieldManager=" FIELD_MANAGER "&force=false&fieldValidation=Strict"

/* NodePorts that every cluster allows by default; others are left to it to choose. */
#define NODE_PORT_MIN 30000
#define NODE_PORT_MAX 32767

/* A Job that may fail forever needs a number all the same. */
#define JOB_RETRIES_MAX 1000000

/* unhealthyPodEvictionPolicy of a disruption budget: on by default since. */
#define MINOR_EVICT_UNHEALTHY 27

/* The steps of one service while they are made. */
struct make {
    struct driver_call *call;
    const char *name; /* the service's, as objects have it */
    struct kubernetes_step *steps;
    size_t count, capacity;
};

enum kubernetes_workload kubernetes_workload(const struct app *app,
                                             const struct service *service)
{
    bool may_end = service->restart == RESTART_NO || service->restart == RESTART_ON_FAILURE;

    for (size_t s = 0; may_end && s < app->service_count; s++)
        for (size_t i = 0; i < app->services[s].dependency_count; i++)
            if (app->services[s].dependencies[i].condition == DEPENDS_COMPLETED &&
                strcmp(app->services[s].dependencies[i].service, service->name) == 0)
                return WORKLOAD_JOB;
    for (size_t i = 0; i < service->mount_count; i++)
        if (kubernetes_is_claim(app, &service->mounts[i]))
            return WORKLOAD_STATEFULSET;
    return WORKLOAD_DEPLOYMENT;
}

void kubernetes_put_selector(const struct driver_call *call, json_t *labels)
{
    json_put_text(labels, LABEL_APP, kubernetes_name(call->arena, call->action->app));
    json_put_text(labels, LABEL_SERVICE, kubernetes_name(call->arena, call->action->service));
}

void kubernetes_put_metadata(const struct driver_call *call, json_t *object, const char *name)
{
    json_t *metadata = json_put_object(object, "metadata");
    json_t *labels = json_put_object(metadata, "labels");
    json_t *notes = json_put_object(metadata, "annotations");
    const char *app = kubernetes_name(call->arena, call->app->name);

    if (name) {
        json_put_text(metadata, "name", name);
        json_put_text(metadata, "namespace", app);
    }
    kubernetes_put_selector(call, labels);
    json_put_text(labels, LABEL_REVISION,
                  arena_printf(call->arena, "%.16s", call->action->digest));
    json_put_text(labels, LABEL_OURS, FIELD_MANAGER);
    json_put_text(labels, "app.kubernetes.io/name",
                  kubernetes_name(call->arena, call->service->name));
    json_put_text(labels, "app.kubernetes.io/instance", app);
    json_put_text(labels, "app.kubernetes.io/part-of", app);
    json_put_text(notes, NOTE_APP, call->app->name);
    json_put_text(notes, NOTE_SERVICE, call->service->name);
    json_put_text(notes, NOTE_DIGEST, call->action->digest);
}

static json_t *object_new(const struct make *make, const char *version, const char *kind,
                          const char *name)
{
    json_t *object = json_object();

    json_put_text(object, "apiVersion", version);
    json_put_text(object, "kind", kind);
    kubernetes_put_metadata(make->call, object, name);
    return object;
}

static struct kubernetes_step *add_step(struct make *make)
{
    make->steps = arena_grow(make->call->arena, make->steps, make->count, &make->capacity,
                             sizeof(*make->steps));
    return &make->steps[make->count++];
}

/* Releases the object. `path` is "/apis/apps/v1" and `plural` "deployments". */
static void add_apply(struct make *make, const char *path, const char *plural, json_t *object)
{
    struct arena *arena = make->call->arena;
    const json_t *metadata = json_object_get(object, "metadata");
    const char *name = json_string_value(json_object_get(metadata, "name"));
    const char *space = json_string_value(json_object_get(metadata, "namespace"));
    struct kubernetes_step *step = add_step(make);

    *step = (struct kubernetes_step){
        .method = "PATCH",
        .path = arena_printf(arena, "%s/namespaces/%s/%s/%s" APPLY_QUERY, path, space, plural,
                             name),
        .what = arena_printf(arena, "apply %s/%s", plural, name),
        .plural = plural,
    };
    step->body = json_finish(arena, object);
}

/* Services. */

/*
 * The name of the service inside of the app. As on Docker it leads to the copies themselves, at
 * any port, listed in the file or not: a Service without an address of its own.
 */
static void add_names(struct make *make, const char *name)
{
    json_t *object = object_new(make, "v1", "Service", name);
    json_t *spec = json_put_object(object, "spec");
    json_t *labels = json_object_get(json_object_get(object, "metadata"), "labels");

    json_put_text(labels, LABEL_PART, "names");
    json_put_text(spec, "type", "ClusterIP");
    json_put_text(spec, "clusterIP", "None");
    /* Members of a replicated store find each other before they are ready. */
    if (kubernetes_workload(make->call->app, make->call->service) == WORKLOAD_STATEFULSET)
        json_put_bool(spec, "publishNotReadyAddresses", true);
    kubernetes_put_selector(make->call, json_put_object(spec, "selector"));
    add_apply(make, "/api/v1", "services", object);
}

static bool is_alias_known(const struct make *make, const char *alias)
{
    for (size_t i = 0; i < make->count; i++)
        if (strcmp(make->steps[i].what,
                   arena_printf(make->call->arena, "apply services/%s", alias)) == 0)
            return true;
    return false;
}

static void add_all_names(struct make *make)
{
    const struct service *service = make->call->service;

    add_names(make, make->name);
    for (size_t n = 0; n < service->network_count; n++)
        for (size_t i = 0; i < service->networks[n].aliases.count; i++) {
            const char *alias =
                kubernetes_name(make->call->arena, service->networks[n].aliases.items[i]);

            if (!is_alias_known(make, alias))
                add_names(make, alias);
        }
}

static const char *const expose_types[] = {"NodePort", "LoadBalancer", "ClusterIP"};

static uint16_t outer_port(const struct port *port)
{
    return port->published_first ? port->published_first : port->target;
}

static bool is_port_repeated(const struct service *service, size_t port)
{
    for (size_t i = 0; i < port; i++)
        if (outer_port(&service->ports[i]) == outer_port(&service->ports[port]) &&
            service->ports[i].protocol == service->ports[port].protocol)
            return true;
    return false;
}

static void put_published_port(const struct make *make, json_t *list, const struct port *port)
{
    const char *protocol = port->protocol == PORT_UDP ? "UDP" : "TCP";
    json_t *item = json_add_object(list);

    json_put_text(item, "name",
                  arena_printf(make->call->arena, "%s-%u", *protocol == 'U' ? "udp" : "tcp",
                               (unsigned)outer_port(port)));
    json_put_integer(item, "port", outer_port(port));
    json_put_integer(item, "targetPort", port->target);
    json_put_text(item, "protocol", protocol);
    if (make->call->cluster->expose == EXPOSE_NODEPORT &&
        port->published_first >= NODE_PORT_MIN && port->published_first <= NODE_PORT_MAX)
        json_put_integer(item, "nodePort", port->published_first);
}

static void add_published(struct make *make)
{
    const struct driver_call *call = make->call;
    json_t *object = object_new(make, "v1", "Service",
                                arena_printf(call->arena, "%s-published", make->name));
    json_t *spec = json_put_object(object, "spec");
    json_t *ports = json_put_array(spec, "ports");

    json_put_text(json_object_get(json_object_get(object, "metadata"), "labels"), LABEL_PART,
                  "published");
    json_put_text(spec, "type", expose_types[call->cluster->expose]);
    kubernetes_put_selector(call, json_put_object(spec, "selector"));
    for (size_t i = 0; i < call->service->port_count; i++)
        if (!is_port_repeated(call->service, i))
            put_published_port(make, ports, &call->service->ports[i]);
    add_apply(make, "/api/v1", "services", object);
}

static int add_ingress(struct make *make, struct err *err)
{
    const struct driver_call *call = make->call;
    const struct port *port = service_steered_port(call->service);
    const char *host = service_hostname(call->arena, call->app, call->service, NULL);

    if (!port)
        return 0;
    if (!host)
        return kubernetes_fail(call, -ENOTSUP, err,
                               "the cluster exposes services by Ingress, which needs a name: "
                               "give the service x-seawall.hostname");
    json_t *object = object_new(make, "networking.k8s.io/v1", "Ingress", make->name);
    json_t *rule = json_add_object(json_put_array(json_put_object(object, "spec"), "rules"));
    json_put_text(rule, "host", host);
    json_t *path = json_add_object(json_put_array(json_put_object(rule, "http"), "paths"));
    json_put_text(path, "path", "/");
    json_put_text(path, "pathType", "Prefix");
    json_t *backend = json_put_object(json_put_object(path, "backend"), "service");
    json_put_text(backend, "name", arena_printf(call->arena, "%s-published", make->name));
    json_put_integer(json_put_object(backend, "port"), "number", outer_port(port));
    add_apply(make, "/apis/networking.k8s.io/v1", "ingresses", object);
    return 0;
}

/* A node that is emptied for maintenance takes one copy away at a time. */
static void add_budget(struct make *make)
{
    json_t *object = object_new(make, "policy/v1", "PodDisruptionBudget", make->name);
    json_t *spec = json_put_object(object, "spec");

    json_put_integer(spec, "maxUnavailable", 1);
    kubernetes_put_selector(make->call,
                            json_put_object(json_put_object(spec, "selector"), "matchLabels"));
    if (make->call->api_minor >= MINOR_EVICT_UNHEALTHY)
        json_put_text(spec, "unhealthyPodEvictionPolicy", "AlwaysAllow");
    add_apply(make, "/apis/policy/v1", "poddisruptionbudgets", object);
}

/* Workloads. */

static json_t *put_workload(const struct make *make, json_t *object)
{
    json_t *spec = json_put_object(object, "spec");

    json_put_integer(spec, "replicas", make->call->action->number);
    json_put_integer(spec, "revisionHistoryLimit", 3);
    kubernetes_put_selector(make->call,
                            json_put_object(json_put_object(spec, "selector"), "matchLabels"));
    return spec;
}

/* One more first, one less never: a copy that does not get ready stops the rollout here. */
static void add_deployment(struct make *make)
{
    json_t *object = object_new(make, "apps/v1", "Deployment", make->name);
    json_t *spec = put_workload(make, object);
    json_t *strategy = json_put_object(spec, "strategy");
    json_t *rolling;

    json_put_text(strategy, "type", "RollingUpdate");
    rolling = json_put_object(strategy, "rollingUpdate");
    json_put_integer(rolling, "maxSurge", 1);
    json_put_integer(rolling, "maxUnavailable", 0);
    kubernetes_put_template(make->call, spec, WORKLOAD_DEPLOYMENT);
    add_apply(make, "/apis/apps/v1", "deployments", object);
}

static const char *option(const struct volume *volume, const char *key, const char *fallback)
{
    for (size_t i = 0; i < volume->driver_opts.count; i++)
        if (strcmp(volume->driver_opts.items[i].key, key) == 0)
            return volume->driver_opts.items[i].value;
    return fallback;
}

static void put_claim(const struct make *make, json_t *list, const struct volume *volume)
{
    json_t *claim = json_add_object(list);
    json_t *metadata = json_put_object(claim, "metadata");
    json_t *spec = json_put_object(claim, "spec");
    const char *class = option(volume, "storage-class", NULL);

    json_put_text(metadata, "name", kubernetes_name(make->call->arena, volume->key));
    json_t *labels = json_put_object(metadata, "labels");
    kubernetes_put_selector(make->call, labels);
    json_put_text(labels, LABEL_OURS, FIELD_MANAGER);
    json_put_text(json_put_object(metadata, "annotations"), NOTE_APP, make->call->app->name);
    json_add_text(json_put_array(spec, "accessModes"), "ReadWriteOnce");
    if (class)
        json_put_text(spec, "storageClassName", class);
    json_put_text(json_put_object(json_put_object(spec, "resources"), "requests"), "storage",
                  option(volume, "size", "1Gi"));
}

static bool is_volume_repeated(const struct service *service, size_t mount)
{
    for (size_t i = 0; i < mount; i++)
        if (service->mounts[i].kind == MOUNT_VOLUME &&
            strcmp(service->mounts[i].source, service->mounts[mount].source) == 0)
            return true;
    return false;
}

static void add_stateful_set(struct make *make)
{
    const struct service *service = make->call->service;
    json_t *object = object_new(make, "apps/v1", "StatefulSet", make->name);
    json_t *spec = put_workload(make, object);
    json_t *claims;

    json_put_text(spec, "serviceName", make->name);
    json_put_text(spec, "podManagementPolicy", "Parallel");
    json_put_text(json_put_object(spec, "updateStrategy"), "type", "RollingUpdate");
    kubernetes_put_template(make->call, spec, WORKLOAD_STATEFULSET);
    claims = json_put_array(spec, "volumeClaimTemplates");
    for (size_t i = 0; i < service->mount_count; i++)
        if (kubernetes_is_claim(make->call->app, &service->mounts[i]) &&
            !is_volume_repeated(service, i))
            put_claim(make, claims,
                      app_find_volume(make->call->app, service->mounts[i].source));
    add_apply(make, "/apis/apps/v1", "statefulsets", object);
}

/* The template of a Job cannot be changed: each revision has one of its own. */
static void add_job(struct make *make)
{
    const struct service *service = make->call->service;
    json_t *object = object_new(
        make, "batch/v1", "Job",
        arena_printf(make->call->arena, "%s-%.8s", make->name, make->call->action->digest));
    json_t *spec = json_put_object(object, "spec");
    unsigned retries =
        service->restart_retries_max ? service->restart_retries_max : JOB_RETRIES_MAX;

    json_put_integer(spec, "completions", make->call->action->number);
    json_put_integer(spec, "parallelism", make->call->action->number);
    json_put_integer(spec, "backoffLimit", service->restart == RESTART_NO ? 0 : retries);
    kubernetes_put_template(make->call, spec, WORKLOAD_JOB);
    add_apply(make, "/apis/batch/v1", "jobs", object);
}

/* What is there under another kind or name, and what another revision left. */
static void add_cleaning(struct make *make, const char *workload)
{
    struct driver_call *call = make->call;
    const char *id = call->action->id;
    const char *space = kubernetes_name(call->arena, call->app->name);
    const char *path, *uid;

    if (!id || !kubernetes_split_id(call->arena, id, space, &path, &uid))
        return;
    if (strncmp(id, workload, strlen(workload)) != 0 || id[strlen(workload)] != '/') {
        json_t *options =
            json_pack("{s:s, s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind", "DeleteOptions",
                      "propagationPolicy", "Background", "preconditions", "uid", uid);

        *add_step(make) = (struct kubernetes_step){
            .method = "DELETE",
            .path = path,
            .body = json_finish(call->arena, options),
            .what = "remove what the service was before",
            .missing_is_done = true,
        };
    }
    const char *selector =
        arena_printf(call->arena, LABEL_SERVICE "=%s," LABEL_REVISION "!=%.16s", make->name,
                     call->action->digest);
    *add_step(make) = (struct kubernetes_step){
        .method = "DELETE",
        .path = arena_printf(call->arena, "/api/v1/namespaces/%s/services?labelSelector=%s",
                             space, url_escape(call->arena, selector)),
        .what = "remove Services of the revision before",
        .missing_is_done = true,
    };
}

/* Other services must not use its volumes: each has a claim of its own. */
static int check_volumes(const struct make *make, enum kubernetes_workload workload,
                         struct err *err)
{
    const struct app *app = make->call->app;
    const struct service *service = make->call->service;

    for (size_t i = 0; i < service->mount_count; i++) {
        const char *key = service->mounts[i].source;

        if (!kubernetes_is_claim(app, &service->mounts[i]))
            continue;
        if (workload == WORKLOAD_JOB)
            return kubernetes_fail(make->call, -ENOTSUP, err,
                                   "volume %s: a service that ends cannot keep a volume here; "
                                   "make it external",
                                   key);
        for (size_t s = 0; s < app->service_count; s++)
            for (size_t m = 0; m < app->services[s].mount_count; m++)
                if (&app->services[s] != service &&
                    app->services[s].mounts[m].kind == MOUNT_VOLUME &&
                    strcmp(app->services[s].mounts[m].source, key) == 0)
                    return kubernetes_fail(make->call, -ENOTSUP, err,
                                           "volume %s is used by %s too; here each service "
                                           "has volumes of its own, or external ones",
                                           key, app->services[s].name);
    }
    return 0;
}

int kubernetes_make_service(struct driver_call *call, struct err *err)
{
    struct kubernetes *k = call->state;
    struct make make = {.call = call,
                        .name = kubernetes_name(call->arena, call->service->name)};
    enum kubernetes_workload workload = kubernetes_workload(call->app, call->service);

    k->what = arena_printf(call->arena, "apply service %s", call->service->name);
    if (check_volumes(&make, workload, err) < 0)
        return err->code;
    if (workload != WORKLOAD_JOB) {
        add_all_names(&make);
        if (call->service->port_count)
            add_published(&make);
        if (call->cluster->expose == EXPOSE_INGRESS && add_ingress(&make, err) < 0)
            return err->code;
        add_budget(&make);
    }
    if (workload == WORKLOAD_DEPLOYMENT)
        add_deployment(&make);
    else if (workload == WORKLOAD_STATEFULSET)
        add_stateful_set(&make);
    else
        add_job(&make);
    add_cleaning(&make, strstr(make.steps[make.count - 1].what, " ") + 1);
    k->steps = make.steps;
    k->step_count = make.count;
    return 0;
}
