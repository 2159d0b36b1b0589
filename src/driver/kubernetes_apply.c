/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DRIVER_APPLY: most actions are a row of requests (steps), each of them idempotent. The
 * namespace is not: one that is there and not ours must never become ours.
 *
 *   SPACE_CREATE --201--> done              SPACE_FIND --not ours--> error
 *        \--409--> SPACE_FIND --ours--> done     \--ours--> SPACE_REMOVE --> done
 */
#include "driver/json_put.h"
#include "driver/kubernetes_internal.h"
#include "driver/url.h"

#include <errno.h>
#include <string.h>

struct workload_kind {
    const char *plural, *path;
};

/* clang-format off */
static const struct workload_kind workload_kinds[] = {
    {"deployments", "/apis/apps/v1"},
    {"statefulsets", "/apis/apps/v1"},
    {"jobs", "/apis/batch/v1"},
};

/* What a service consists of, in the order in which it is taken away. */
static const struct workload_kind service_kinds[] = {
    {"deployments", "/apis/apps/v1"},
    {"statefulsets", "/apis/apps/v1"},
    {"jobs", "/apis/batch/v1"},
    {"services", "/api/v1"},
    {"ingresses", "/apis/networking.k8s.io/v1"},
    {"poddisruptionbudgets", "/apis/policy/v1"},
};
#define SERVICE_KINDS 6
/* clang-format on */

bool kubernetes_split_id(struct arena *arena, const char *id, const char *space,
                         const char **path, const char **uid)
{
    const char *name = strchr(id, '/');
    const char *end = name ? strchr(name + 1, '/') : NULL;

    for (size_t i = 0; end && i < sizeof(workload_kinds) / sizeof(workload_kinds[0]); i++) {
        const struct workload_kind *kind = &workload_kinds[i];

        if (strlen(kind->plural) != (size_t)(name - id) ||
            strncmp(kind->plural, id, strlen(kind->plural)) != 0)
            continue;
        *path = arena_printf(
            arena, "%s/namespaces/%s/%s/%s", kind->path, space, kind->plural,
            url_escape(arena, arena_strndup(arena, name + 1, (size_t)(end - name - 1))));
        *uid = end + 1;
        return true;
    }
    return false;
}

/* DELETE of all that has the labels, in one request for each kind. */
static struct kubernetes_step removal(const struct driver_call *call,
                                      const struct workload_kind *kind, const char *selector)
{
    return (struct kubernetes_step){
        .method = "DELETE",
        .path = arena_printf(call->arena, "%s/namespaces/%s/%s?propagationPolicy=Background&%s",
                             kind->path, kubernetes_name(call->arena, call->action->app),
                             kind->plural, selector),
        .what =
            arena_printf(call->arena, "remove %s of %s", kind->plural,
                         call->action->service ? call->action->service : call->action->target),
        .plural = kind->plural,
        .missing_is_done = true,
    };
}

static void first_of_service_removal(struct driver_call *call)
{
    struct kubernetes *k = call->state;
    struct kubernetes_step *steps = arena_array(call->arena, SERVICE_KINDS, sizeof(*steps));
    const char *selector = arena_printf(
        call->arena, "labelSelector=%s",
        url_escape(call->arena,
                   arena_printf(call->arena, LABEL_APP "=%s," LABEL_SERVICE "=%s",
                                kubernetes_name(call->arena, call->action->app),
                                kubernetes_name(call->arena, call->action->service))));

    for (size_t i = 0; i < SERVICE_KINDS; i++)
        steps[i] = removal(call, &service_kinds[i], selector);
    k->steps = steps;
    k->step_count = SERVICE_KINDS;
}

static void first_of_volume_removal(struct driver_call *call)
{
    static const struct workload_kind claims = {"persistentvolumeclaims", "/api/v1"};
    struct kubernetes *k = call->state;
    struct kubernetes_step *step = arena_new_in(call->arena, struct kubernetes_step);
    const char *ours = arena_printf(call->arena, LABEL_APP "=%s",
                                    kubernetes_name(call->arena, call->action->app));
    const char *name = arena_printf(call->arena, "metadata.name=%s", call->action->target);

    *step = removal(call, &claims,
                    arena_printf(call->arena, "labelSelector=%s&fieldSelector=%s",
                                 url_escape(call->arena, ours), url_escape(call->arena, name)));
    k->steps = step;
    k->step_count = 1;
}

int kubernetes_apply_first(struct driver_call *call, struct err *err)
{
    const struct action *action = call->action;
    struct kubernetes *k = call->state;

    k->phase = PHASE_STEP;
    k->space = kubernetes_name(call->arena, action->app);
    k->what = action_kind_name(action->kind);
    switch (action->kind) {
    case ACTION_SPACE_ENSURE:
        k->what = arena_printf(call->arena, "create namespace %s", k->space);
        k->phase = PHASE_SPACE_CREATE;
        return 0;
    case ACTION_SPACE_REMOVE:
        k->space = action->target;
        k->what = arena_printf(call->arena, "remove namespace %s", k->space);
        k->phase = PHASE_SPACE_FIND;
        return 0;
    case ACTION_SERVICE_APPLY:
        return kubernetes_make_service(call, err);
    case ACTION_SERVICE_REMOVE:
        first_of_service_removal(call);
        return 0;
    case ACTION_VOLUME_REMOVE:
        first_of_volume_removal(call);
        return 0;
    case ACTION_NETWORK_ENSURE:
    case ACTION_VOLUME_ENSURE:
    case ACTION_REPLICA_START:
    case ACTION_REPLICA_RESTART:
    case ACTION_REPLICA_REMOVE:
    case ACTION_NETWORK_REMOVE:
        break; /* for orchestrators that are told about each copy */
    }
    return kubernetes_fail(call, -EINVAL, err, "no such action");
}

static void put_request(struct http_request *out, const char *method, const char *path,
                        const char *type, const char *body)
{
    out->method = method;
    out->path = path;
    out->timeout_ms = CALL_TIMEOUT_MS;
    if (!body)
        return;
    out->headers[out->header_count++] = (struct http_header){"Content-Type", type};
    out->body = body;
    out->body_len = strlen(body);
}

static const char *space_body(const struct driver_call *call)
{
    const struct kubernetes *k = call->state;
    json_t *body = json_object();
    json_t *metadata, *labels;

    json_put_text(body, "apiVersion", "v1");
    json_put_text(body, "kind", "Namespace");
    metadata = json_put_object(body, "metadata");
    json_put_text(metadata, "name", k->space);
    labels = json_put_object(metadata, "labels");
    json_put_text(labels, LABEL_APP, k->space);
    json_put_text(labels, LABEL_OURS, FIELD_MANAGER);
    json_put_text(json_put_object(metadata, "annotations"), NOTE_APP, call->action->app);
    return json_finish(call->arena, body);
}

static const char *space_path(const struct driver_call *call)
{
    const struct kubernetes *k = call->state;

    return arena_printf(call->arena, "/api/v1/namespaces/%s",
                        url_escape(call->arena, k->space));
}

static const char *space_removal_body(const struct driver_call *call)
{
    const struct kubernetes *k = call->state;

    return json_finish(call->arena,
                       json_pack("{s:s, s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind",
                                 "DeleteOptions", "propagationPolicy", "Background",
                                 "preconditions", "uid", k->space_uid));
}

int kubernetes_apply_request(struct driver_call *call, struct http_request *out)
{
    struct kubernetes *k = call->state;

    if (k->phase == PHASE_SPACE_CREATE) {
        put_request(out, "POST",
                    "/api/v1/namespaces?fieldManager=" FIELD_MANAGER "&fieldValidation=Strict",
                    "application/json", space_body(call));
    } else if (k->phase == PHASE_SPACE_FIND) {
        put_request(out, "GET", space_path(call), NULL, NULL);
    } else if (k->phase == PHASE_SPACE_REMOVE) {
        put_request(out, "DELETE", space_path(call), "application/json",
                    space_removal_body(call));
    } else {
        const struct kubernetes_step *step = &k->steps[k->step];

        k->what = step->what;
        put_request(out, step->method, step->path,
                    strcmp(step->method, "PATCH") == 0 ? "application/apply-patch+yaml"
                                                       : "application/json",
                    step->body);
    }
    return 0;
}

/*
 * The watch will bring it too, but later: control is not to decide meanwhile on what was. What
 * cannot be read here is left to the watch to complain about.
 */
static void remember(struct driver_call *call, const char *plural, bool is_removal,
                     const struct http_reply *in)
{
    struct kubernetes_change change;
    struct err err = {0};
    unsigned kind = 0;

    while (plural && kind < KUBERNETES_KINDS &&
           strcmp(kubernetes_kinds[kind].plural, plural) != 0)
        kind++;
    if (!call->mirror || !plural || kind == KUBERNETES_KINDS || in->status >= 300)
        return;
    SCOPED(kubernetes_json_freep) json_t *json = json_loadb(in->body, in->body_len, 0, NULL);
    const json_t *items = json_object_get(json, "items");
    if (!is_removal && kubernetes_mirror_is_news(call->mirror, kind, json))
        (void)!kubernetes_mirror_put(call->mirror, kind, json, &change, &err);
    for (size_t i = 0; is_removal && i < json_array_size(items); i++)
        (void)kubernetes_mirror_remove(call->mirror, kind, json_array_get(items, i));
}

static int reply_step(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct kubernetes *k = call->state;
    bool is_done = (in->status >= 200 && in->status < 300) ||
                   (in->status == 404 && k->steps[k->step].missing_is_done);

    if (!is_done)
        return kubernetes_fail_reply(call, in, err);
    remember(call, k->steps[k->step].plural, *k->steps[k->step].method == 'D', in);
    return ++k->step < k->step_count ? PHASE_STEP : PHASE_DONE;
}

static int reply_space_create(struct driver_call *call, const struct http_reply *in,
                              struct err *err)
{
    if (in->status == 201 || in->status == 200) {
        remember(call, "namespaces", false, in);
        return PHASE_DONE;
    }
    return in->status == 409 ? PHASE_SPACE_FIND : kubernetes_fail_reply(call, in, err);
}

static int reply_space_find(struct driver_call *call, const struct http_reply *in,
                            struct err *err)
{
    struct kubernetes *k = call->state;
    bool is_removal = call->action->kind == ACTION_SPACE_REMOVE;

    if (in->status == 404 && is_removal)
        return PHASE_DONE;
    SCOPED(kubernetes_json_freep) json_t *json = kubernetes_json(call, in, err);
    if (!json)
        return err->code;
    const json_t *metadata = json_object_get(json, "metadata");
    const json_t *labels = json_object_get(metadata, "labels");
    const char *app = json_string_value(json_object_get(labels, LABEL_APP));
    const char *uid = json_string_value(json_object_get(metadata, "uid"));
    bool is_leaving = json_object_get(metadata, "deletionTimestamp") != NULL;

    if (!app || strcmp(app, kubernetes_name(call->arena, call->action->app)) != 0)
        return kubernetes_fail(call, -EPERM, err,
                               "a namespace of that name is not ours and is left alone: give "
                               "the app another name");
    if (is_leaving)
        return is_removal ? PHASE_DONE
                          : kubernetes_fail(call, -EAGAIN, err, "it is still being deleted");
    if (!uid)
        return kubernetes_fail(call, -EPROTO, err, "the namespace has no uid");
    k->space_uid = arena_strdup(call->arena, uid);
    return is_removal ? PHASE_SPACE_REMOVE : PHASE_DONE;
}

static int reply_space_remove(struct driver_call *call, const struct http_reply *in,
                              struct err *err)
{
    if ((in->status >= 200 && in->status < 300) || in->status == 404)
        return PHASE_DONE;
    return kubernetes_fail_reply(call, in, err);
}

int kubernetes_apply_reply(struct driver_call *call, const struct http_reply *in,
                           struct err *err)
{
    const struct kubernetes *k = call->state;

    if (k->phase == PHASE_SPACE_CREATE)
        return reply_space_create(call, in, err);
    if (k->phase == PHASE_SPACE_FIND)
        return reply_space_find(call, in, err);
    if (k->phase == PHASE_SPACE_REMOVE)
        return reply_space_remove(call, in, err);
    return reply_step(call, in, err);
}
