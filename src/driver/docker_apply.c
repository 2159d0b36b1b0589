/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DRIVER_APPLY: each action as a walk through phases. A start is optimistic, because nearly
 * always the image is there and the name is free:
 *
 *   CREATE --201--> JOIN* --> START --204--> done
 *     |  \--404--> PULL --> CREATE
 *     \--409--> FIND --ours, same digest--> JOIN* --> START        START --4xx, 5xx--> UNDO
 */
#include "driver/docker_auth.h"
#include "driver/docker_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Where a busy machine still gets there; a hung Engine is given up after it. */
#define CALL_TIMEOUT_MS 20000
#define WORK_TIMEOUT_MS 120000
/* The Engine reports progress all the time; a registry may be slow, but not silent. */
#define PULL_IDLE_TIMEOUT_MS 120000
#define PULL_TIMEOUT_MS      3600000
#define STOP_TIMEOUT_S       10 /* the Engine's default */
#define STOP_TIMEOUT_S_MAX   86400

static const struct docker_kind kind_network = {"network", "/networks"};
static const struct docker_kind kind_volume = {"volume", "/volumes"};

static const char *describe(struct arena *arena, const char *verb, const char *noun)
{
    return arena_printf(arena, "%s %s", verb, noun);
}

static int first_of_replica(struct driver_call *call, enum docker_phase phase, const char *verb)
{
    const struct action *action = call->action;
    struct docker *d = call->state;

    d->name =
        arena_printf(call->arena, "%s-%s-%u", action->app, action->service, action->number);
    d->what = describe(call->arena, verb, d->name);
    if (phase == PHASE_CREATE && call->service->network_count)
        d->is_in = arena_array(call->arena, call->service->network_count, sizeof(*d->is_in));
    d->phase = phase;
    return 0;
}

static int first_of_object(struct driver_call *call, const struct docker_kind *kind,
                           struct err *err)
{
    const char *target = call->action->target;
    struct docker *d = call->state;
    bool is_external = false;

    d->kind = kind;
    d->what = arena_printf(call->arena, "create %s %s", kind->word, target);
    if (kind == &kind_network) {
        d->network = app_find_network(call->app, target);
        if (d->network) {
            d->object = d->network->name;
            is_external = d->network->external;
        }
    } else {
        d->volume = app_find_volume(call->app, target);
        if (d->volume) {
            d->object = d->volume->name;
            is_external = d->volume->external;
        }
    }
    if (!d->object)
        return docker_fail(call, -EINVAL, err, "app %s has no such %s", call->app->name,
                           kind->word);
    d->what = arena_printf(call->arena, "%s %s %s", is_external ? "find" : "create", kind->word,
                           d->object);
    d->phase = is_external ? PHASE_OBJECT_FIND : PHASE_OBJECT_CREATE;
    return 0;
}

static int first_of_removal(struct driver_call *call, const struct docker_kind *kind)
{
    struct docker *d = call->state;

    d->kind = kind;
    d->object = call->action->target;
    d->what = arena_printf(call->arena, "remove %s %s", kind->word, d->object);
    d->phase = PHASE_OBJECT_INSPECT;
    return 0;
}

int docker_apply_first(struct driver_call *call, struct err *err)
{
    switch (call->action->kind) {
    case ACTION_NETWORK_ENSURE:
        return first_of_object(call, &kind_network, err);
    case ACTION_VOLUME_ENSURE:
        return first_of_object(call, &kind_volume, err);
    case ACTION_REPLICA_START:
        return first_of_replica(call, PHASE_CREATE, "create");
    case ACTION_REPLICA_RESTART:
        return first_of_replica(call, PHASE_INSPECT, "restart");
    case ACTION_REPLICA_REMOVE:
        return first_of_replica(call, PHASE_INSPECT, "remove");
    case ACTION_NETWORK_REMOVE:
        return first_of_removal(call, &kind_network);
    case ACTION_VOLUME_REMOVE:
        return first_of_removal(call, &kind_volume);
    case ACTION_SPACE_ENSURE:
    case ACTION_SERVICE_APPLY:
    case ACTION_SERVICE_REMOVE:
    case ACTION_SPACE_REMOVE:
        break; /* for orchestrators that keep services by themselves */
    }
    return docker_fail(call, -EINVAL, err, "no such action");
}

static void post(struct http_request *out, const char *path, const char *body)
{
    out->method = "POST";
    out->path = path;
    out->timeout_ms = WORK_TIMEOUT_MS;
    out->body_size_max = DOCKER_REPLY_SIZE_MAX;
    if (body) {
        out->headers[out->header_count++] =
            (struct http_header){"Content-Type", "application/json"};
        out->body = body;
        out->body_len = strlen(body);
    }
}

static void get(struct http_request *out, const char *path)
{
    out->method = "GET";
    out->path = path;
    out->timeout_ms = CALL_TIMEOUT_MS;
    out->body_size_max = DOCKER_REPLY_SIZE_MAX;
}

static void delete (struct http_request *out, const char *path)
{
    out->method = "DELETE";
    out->path = path;
    out->timeout_ms = WORK_TIMEOUT_MS;
    out->body_size_max = DOCKER_REPLY_SIZE_MAX;
}

/* The container of a restart or removal: by its id, which control has seen, else by name. */
static const char *container_path(const struct driver_call *call, const char *rest)
{
    const struct docker *d = call->state;
    const char *id = call->action->id && call->action->kind != ACTION_REPLICA_START
                         ? call->action->id
                         : d->name;

    return docker_path(call, "/containers/%s%s", url_escape(call->arena, id), rest);
}

static void request_pull(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;
    struct docker_image image;

    docker_image_split(call->arena, call->service->image, &image);
    post(out,
         docker_path(call, "/images/create?fromImage=%s&tag=%s",
                     url_escape(call->arena, image.repository),
                     url_escape(call->arena, image.tag)),
         NULL);
    if (call->registry_auth)
        out->headers[out->header_count++] =
            (struct http_header){"X-Registry-Auth", call->registry_auth};
    out->stream = true;
    out->timeout_ms = PULL_TIMEOUT_MS;
    out->idle_timeout_ms = PULL_IDLE_TIMEOUT_MS;
    d->what = describe(call->arena, "pull", call->service->image);
    d->lines = lines_new(call->arena, DOCKER_JSON_LINE_MAX, docker_pull_line, call);
}

static const char *network_name(const struct driver_call *call, size_t network)
{
    return app_find_network(call->app, call->service->networks[network].network)->name;
}

static const char *object_path(const struct driver_call *call)
{
    const struct docker *d = call->state;

    return docker_path(call, "%s/%s", d->kind->path, url_escape(call->arena, d->object));
}

static void request_create(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;

    d->what = describe(call->arena, "create", d->name);
    post(out, docker_path(call, "/containers/create?name=%s", url_escape(call->arena, d->name)),
         docker_container_body(call));
}

static void request_join(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;
    const char *network = network_name(call, d->joined);

    d->what = arena_printf(call->arena, "connect %s to network %s", d->name, network);
    post(out, docker_path(call, "/networks/%s/connect", url_escape(call->arena, network)),
         docker_join_body(call, d->joined));
}

static void request_stop(struct driver_call *call, struct http_request *out)
{
    const struct docker *d = call->state;
    const char *verb = call->action->kind == ACTION_REPLICA_RESTART ? "restart" : "stop";

    /* Podman kills at once what was made through this API, unless it is told the time. */
    post(out,
         container_path(call, arena_printf(call->arena, "/%s?t=%u", verb, d->stop_timeout_s)),
         NULL);
    out->timeout_ms += d->stop_timeout_s * 1000;
}

static void request_object_create(struct driver_call *call, struct http_request *out)
{
    const struct docker *d = call->state;

    post(out, docker_path(call, "%s/create", d->kind->path),
         d->network ? docker_network_body(call) : docker_volume_body(call));
}

int docker_apply_request(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;

    if (d->phase == PHASE_CREATE)
        request_create(call, out);
    else if (d->phase == PHASE_PULL)
        request_pull(call, out);
    else if (d->phase == PHASE_FIND || d->phase == PHASE_INSPECT)
        get(out, container_path(call, "/json"));
    else if (d->phase == PHASE_JOIN)
        request_join(call, out);
    else if (d->phase == PHASE_START)
        post(out, container_path(call, "/start"), NULL);
    else if (d->phase == PHASE_RESTART || d->phase == PHASE_STOP)
        request_stop(call, out);
    else if (d->phase == PHASE_UNDO || d->phase == PHASE_REMOVE)
        delete (out, container_path(call, "?v=1&force=1"));
    else if (d->phase == PHASE_OBJECT_CREATE)
        request_object_create(call, out);
    else if (d->phase == PHASE_OBJECT_REMOVE)
        delete (out, object_path(call));
    else
        get(out, object_path(call));
    return 0;
}

/* The next network that it is not in, else the start. */
static enum docker_phase next_join(struct driver_call *call)
{
    struct docker *d = call->state;

    while (d->joined < call->service->network_count && d->is_in[d->joined])
        d->joined++;
    return d->joined < call->service->network_count ? PHASE_JOIN : PHASE_START;
}

/* The networks that the Engine put it in when it was created. */
static void mark_created_in(struct driver_call *call)
{
    struct docker *d = call->state;

    for (size_t i = 0; i < call->service->network_count; i++)
        d->is_in[i] = i == 0 || call->api_minor >= 44;
}

static bool says(const struct driver_call *call, const struct http_reply *in, const char *text)
{
    return strcasestr(docker_message(call->arena, in), text) != NULL;
}

static int reply_create(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status == 201) {
        d->is_created = true;
        mark_created_in(call);
        return (int)next_join(call);
    }
    if (in->status == 404 && !d->is_pulled && says(call, in, "image"))
        return PHASE_PULL;
    /* Podman says 500. */
    if (in->status >= 400 && says(call, in, "already in use"))
        return PHASE_FIND;
    return docker_fail_reply(call, in->status == 404 ? -ENOENT : -EIO, in, err);
}

int docker_pull_line(void *ctx, const char *line, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    struct docker *d = call->state;
    SCOPED(docker_json_freep) json_t *json = json_loadb(line, len, 0, NULL);
    const char *error = docker_text(json, "error");
    const char *status = docker_text(json, "status");
    const char *id = docker_text(json, "id");
    char text[200];

    if (!json_is_object(json))
        return docker_fail(call, -EPROTO, err, "a line of the reply is no JSON object");
    if (!error)
        error = docker_text(json_object_get(json, "errorDetail"), "message");
    /* The first reason is the one; the stream is read to its end nevertheless. */
    if (error && !d->failure.code)
        (void)docker_fail(call, -EIO, &d->failure, "%.300s", error);
    /* Bytes of a layer come many times a second: say when a layer changes state only. */
    if (status && call->on_progress &&
        !json_object_size(json_object_get(json, "progressDetail"))) {
        (void)snprintf(text, sizeof(text), "pulling %.80s: %.20s%s%.80s", call->service->image,
                       id ? id : "", id ? ": " : "", status);
        call->on_progress(call->ctx, text);
    }
    return 0;
}

static int reply_pull(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status >= 400)
        return docker_fail_reply(call, in->status == 404 ? -ENOENT : -EIO, in, err);
    if (lines_end(d->lines, err) < 0)
        return err->code;
    if (d->failure.code) {
        *err = d->failure;
        return err->code;
    }
    d->is_pulled = true;
    return PHASE_CREATE;
}

/* What GET /containers/ID/json says about labels; NULL unless the reply makes sense. */
static const json_t *config_labels(const json_t *json)
{
    return json_object_get(json_object_get(json, "Config"), "Labels");
}

static bool is_this_replica(const struct driver_call *call, const json_t *labels)
{
    const char *service = docker_text(labels, LABEL_SERVICE);

    return docker_is_ours(call, labels) && service &&
           strcmp(service, call->action->service) == 0;
}

static int reply_find(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    /* It was there a moment ago and is being removed: the name will be free. */
    if (in->status == 404)
        return docker_fail(call, -EAGAIN, err, "its name was taken and is free again");
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);
    if (!json)
        return err->code;
    const json_t *labels = config_labels(json);
    const char *digest = docker_text(labels, LABEL_DIGEST);
    if (!is_this_replica(call, labels))
        return docker_fail(call, -EPERM, err,
                           "a container of that name is not ours and is left alone: remove or "
                           "rename it");
    if (!digest || strcmp(digest, call->action->digest) != 0)
        return docker_fail(call, -EEXIST, err,
                           "a container of that name was made from another revision");

    const json_t *networks =
        json_object_get(json_object_get(json, "NetworkSettings"), "Networks");
    for (size_t i = 0; i < call->service->network_count; i++)
        d->is_in[i] = json_object_get(networks, network_name(call, i)) != NULL;
    return (int)next_join(call);
}

static int fail_and_undo(struct driver_call *call, int code, const struct http_reply *in,
                         struct err *err)
{
    struct docker *d = call->state;

    (void)docker_fail_reply(call, code, in, &d->failure);
    if (d->is_created)
        return PHASE_UNDO;
    *err = d->failure;
    return err->code;
}

static int reply_join(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status >= 400 && !says(call, in, "already exists"))
        return fail_and_undo(call, in->status == 404 ? -ENOENT : -EIO, in, err);
    d->is_in[d->joined] = true;
    return (int)next_join(call);
}

static int reply_start(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status == 204 || in->status == 304)
        return PHASE_DONE;
    d->what = describe(call->arena, "start", d->name);
    bool is_port_taken = says(call, in, "port is already allocated") ||
                         says(call, in, "all ports are allocated") ||
                         says(call, in, "address already in use");
    return fail_and_undo(call, is_port_taken ? -EADDRINUSE : -EIO, in, err);
}

static int reply_undo(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;
    bool is_gone = in->status < 300 || in->status == 404;

    d->is_created = false;
    /* Podman takes no ranges: try the next port of them. */
    if (is_gone && d->failure.code == -EADDRINUSE && call->dialect == DOCKER_PODMAN &&
        ++d->port_offset < docker_port_choices(call->service) &&
        call->step + 4 < DRIVER_STEPS_MAX) {
        d->failure = (struct err){0};
        d->joined = 0;
        return PHASE_CREATE;
    }
    *err = d->failure;
    return err->code;
}

/* Before a restart or removal: is it ours? */
static int reply_inspect(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;
    bool is_removal = call->action->kind == ACTION_REPLICA_REMOVE;

    if (in->status == 404)
        return is_removal ? PHASE_DONE : docker_fail_reply(call, -ENOENT, in, err);
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);
    if (!json)
        return err->code;
    if (!is_this_replica(call, config_labels(json)))
        return docker_fail(call, -EPERM, err, "the container is not ours and is left alone");

    json_int_t timeout_s =
        json_integer_value(json_object_get(json_object_get(json, "Config"), "StopTimeout"));
    d->stop_timeout_s =
        timeout_s > 0 && timeout_s <= STOP_TIMEOUT_S_MAX ? (unsigned)timeout_s : STOP_TIMEOUT_S;
    return is_removal ? PHASE_STOP : PHASE_RESTART;
}

static int reply_restart(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    return in->status == 204 ? PHASE_DONE : docker_fail_reply(call, -EIO, in, err);
}

/* What does not stop (paused, dead) is removed by force: that was decided. */
static int reply_stop(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    (void)call;
    (void)err;
    return in->status == 404 ? PHASE_DONE : PHASE_REMOVE;
}

static int reply_remove(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    if (in->status < 300 || in->status == 404)
        return PHASE_DONE;
    if (in->status == 409 && says(call, in, "already in progress"))
        return PHASE_DONE;
    return docker_fail_reply(call, -EIO, in, err);
}

static int fail_foreign(const struct driver_call *call, struct err *err)
{
    const struct docker *d = call->state;

    return docker_fail(call, -EPERM, err, "a %s of that name is not ours and is left alone",
                       d->kind->word);
}

static int reply_object_create(struct driver_call *call, const struct http_reply *in,
                               struct err *err)
{
    struct docker *d = call->state;

    if (in->status < 300 && d->network)
        return PHASE_DONE;
    if (in->status >= 400) {
        /* There may be one already: 409, or 500 from Podman. */
        (void)docker_fail_reply(call, -EIO, in, &d->failure);
        return PHASE_OBJECT_INSPECT;
    }
    /* A volume that was there is answered with 201 too, and with its own labels. */
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);
    if (!json)
        return err->code;
    return docker_is_ours(call, json_object_get(json, "Labels")) ? PHASE_DONE
                                                                 : fail_foreign(call, err);
}

static int reply_object_find(struct driver_call *call, const struct http_reply *in,
                             struct err *err)
{
    const struct docker *d = call->state;

    if (in->status == 404)
        return docker_fail(call, -ENOENT, err, "this external %s does not exist",
                           d->kind->word);
    return in->status < 300 ? PHASE_DONE : docker_fail_reply(call, -EIO, in, err);
}

static int reply_object_inspect(struct driver_call *call, const struct http_reply *in,
                                struct err *err)
{
    struct docker *d = call->state;
    bool is_removal = call->action->kind == ACTION_NETWORK_REMOVE ||
                      call->action->kind == ACTION_VOLUME_REMOVE;

    if (in->status == 404 && is_removal)
        return PHASE_DONE;
    if (in->status == 404) {
        *err = d->failure;
        return err->code;
    }
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);
    if (!json)
        return err->code;
    if (!docker_is_ours(call, json_object_get(json, "Labels")))
        return fail_foreign(call, err);
    return is_removal ? PHASE_OBJECT_REMOVE : PHASE_DONE;
}

static int reply_object_remove(struct driver_call *call, const struct http_reply *in,
                               struct err *err)
{
    if (in->status < 300 || in->status == 404)
        return PHASE_DONE;
    bool is_used =
        in->status == 409 || says(call, in, "active endpoints") || says(call, in, "being used");
    return docker_fail_reply(call, is_used ? -EBUSY : -EIO, in, err);
}

int docker_apply_reply(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    typedef int reply_function(struct driver_call *, const struct http_reply *, struct err *);
    static reply_function *const replies[] = {
        [PHASE_CREATE] = reply_create,
        [PHASE_PULL] = reply_pull,
        [PHASE_FIND] = reply_find,
        [PHASE_JOIN] = reply_join,
        [PHASE_START] = reply_start,
        [PHASE_UNDO] = reply_undo,
        [PHASE_INSPECT] = reply_inspect,
        [PHASE_RESTART] = reply_restart,
        [PHASE_STOP] = reply_stop,
        [PHASE_REMOVE] = reply_remove,
        [PHASE_OBJECT_CREATE] = reply_object_create,
        [PHASE_OBJECT_FIND] = reply_object_find,
        [PHASE_OBJECT_INSPECT] = reply_object_inspect,
        [PHASE_OBJECT_REMOVE] = reply_object_remove,
    };
    const struct docker *d = call->state;

    return replies[d->phase](call, in, err);
}
