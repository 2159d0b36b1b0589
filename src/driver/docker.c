/* SPDX-License-Identifier: Apache-2.0 */
/* Docker Engine and Podman over the Docker Engine API: versions, lists, events, logs. */
#include "base/number.h"
#include "driver/docker_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Declared by driver_list.h for driver.c; repeated so that the definition is checked. */
extern const struct driver driver_docker;

/*
 * We speak 1.40 to 1.51. 1.40 (Engine 19.03) is the oldest that current Engines accept
 * themselves, so below it there is nothing that our tests could run against; everything that
 * we use is in it. 1.51 is the newest that we know.
 */
#define API_MINOR_MIN 40
#define API_MINOR_MAX 51

#define PING_TIMEOUT_MS 5000
#define CALL_TIMEOUT_MS 20000
/* A list of 100,000 containers takes a loaded Engine this long. */
#define LIST_TIMEOUT_MS 60000

/* Only what changes an observation. Docker and Podman have different words for some. */
#define EVENT_FILTERS                                                                        \
    "\"type\":[\"container\"],\"event\":[\"create\",\"start\",\"die\",\"died\",\"destroy\"," \
    "\"remove\",\"rename\",\"pause\",\"unpause\",\"health_status\"]"

/* Some hundreds of events a second: a busy Engine has fewer, and one that is broken or hostile
 * must not keep us from the others. */
#define EVENTS_SPEED_MAX (512 << 10)
#define EVENT_TEXT_MAX   255

/* A container with its labels; and 100,000 of them. */
#define LIST_ITEM_SIZE_MAX ((size_t)1 << 20)
#define LIST_SIZE_MAX      ((size_t)128 << 20)

const char *docker_path(const struct driver_call *call, const char *fmt, ...)
{
    char rest[1500];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(rest, sizeof(rest), fmt, args);
    va_end(args);
    return arena_printf(call->arena, "/v1.%u%s", call->api_minor, rest);
}

static void get(struct http_request *out, const char *path, unsigned timeout_ms)
{
    out->method = "GET";
    out->path = path;
    out->timeout_ms = timeout_ms;
    out->body_size_max = DOCKER_REPLY_SIZE_MAX;
}

static const char *filters(const struct driver_call *call, const char *json)
{
    return url_escape(call->arena, json);
}

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    struct docker *d = call->state;
    int r = d->read_item(ctx, text, len, err);

    d->item_is_wrong = r < 0;
    return r;
}

static void get_list(struct driver_call *call, struct http_request *out, const char *path,
                     unsigned depth, items_on_item *read_item)
{
    struct docker *d = call->state;
    struct items_limits limits = {.item_size_max = LIST_ITEM_SIZE_MAX,
                                  .size_max = LIST_SIZE_MAX,
                                  .count_max = OBSERVED_REPLICAS_MAX};

    get(out, path, LIST_TIMEOUT_MS);
    out->stream = true;
    d->items = items_new(call->arena, depth, limits, on_item, call);
    d->read_item = read_item;
    d->capacity = 0;
}

static void request_list(struct driver_call *call, struct http_request *out)
{
    const struct docker *d = call->state;
    const char *ours = filters(call, "{\"label\":[\"" LABEL_APP "\"]}");

    if (d->phase == PHASE_LIST_NETWORKS) {
        get_list(call, out, docker_path(call, "/networks?filters=%s", ours), 1,
                 docker_read_network);
    } else if (d->phase == PHASE_LIST_VOLUMES) {
        get_list(call, out, docker_path(call, "/volumes?filters=%s", ours), 2,
                 docker_read_volume);
    } else if (d->phase == PHASE_LIST_HEALTH) {
        ours = filters(call, arena_printf(call->arena,
                                          "{\"label\":[\"" LABEL_APP "\"],\"health\":[\"%s\"]}",
                                          docker_health_name(d)));
        get_list(call, out, docker_path(call, "/containers/json?all=1&filters=%s", ours), 1,
                 docker_read_health);
    } else {
        struct arena *arena = arena_new();

        call->observation = arena_new_in(arena, struct observation);
        call->observation->arena = arena;
        get_list(call, out, docker_path(call, "/containers/json?all=1&filters=%s", ours), 1,
                 docker_read_container);
    }
}

static int on_event(void *ctx, const char *line, size_t len, struct err *err);
static void on_log(void *ctx, const struct docker_log *log);

static void request_events(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;
    /* Podman wants label=value; what is not ours is passed over in on_event. */
    const char *json = call->dialect == DOCKER_PODMAN ? "{" EVENT_FILTERS "}"
                                                      : "{" EVENT_FILTERS
                                                        ",\"label\":[\"" LABEL_APP "\"]}";
    const char *since = "";

    if (call->since_ns > 0)
        since = arena_printf(call->arena, "since=%" PRId64 ".%09" PRId64 "&",
                             call->since_ns / 1000000000, call->since_ns % 1000000000);
    get(out, docker_path(call, "/events?%sfilters=%s", since, filters(call, json)), 0);
    out->stream = true;
    out->speed_max = EVENTS_SPEED_MAX;
    d->lines = lines_new(call->arena, DOCKER_JSON_LINE_MAX, on_event, call);
}

static void request_logs(struct driver_call *call, struct http_request *out)
{
    struct docker *d = call->state;
    const char *tail = call->tail < 0 ? "all" : arena_printf(call->arena, "%d", call->tail);
    const char *since = call->log_since_s > 0
                            ? arena_printf(call->arena, "&since=%" PRId64, call->log_since_s)
                            : "";

    get(out,
        docker_path(call,
                    "/containers/%s/logs?stdout=1&stderr=1&follow=%d&timestamps=%d&tail=%s%s",
                    url_escape(call->arena, call->replica_id), call->follow, call->timestamps,
                    tail, since),
        0);
    out->stream = true;
    if (!call->follow)
        out->idle_timeout_ms = CALL_TIMEOUT_MS;
    d->frames = docker_frames_new(call->arena, call->timestamps, on_log, call);
}

static int begin(struct driver_call *call, struct err *err)
{
    struct docker *d = arena_new_in(call->arena, struct docker);

    call->state = d;
    if (call->op != DRIVER_CONNECT && call->api_minor == 0) {
        d->what = "call";
        return docker_fail(call, -ENOTCONN, err, "no API version was agreed on yet");
    }
    switch (call->op) {
    case DRIVER_CONNECT:
        d->what = "connect";
        d->phase = PHASE_PING;
        return 0;
    case DRIVER_LIST:
        d->what = "list containers";
        d->phase = PHASE_LIST_CONTAINERS;
        return 0;
    case DRIVER_WATCH:
        d->what = "watch events";
        d->phase = PHASE_EVENTS;
        return 0;
    case DRIVER_LOGS:
        d->what = arena_printf(call->arena, "logs of %.64s", call->replica_id);
        d->phase = PHASE_LOGS;
        return 0;
    case DRIVER_APPLY:
        return docker_apply_first(call, err);
    }
    return -EINVAL;
}

static bool is_list(enum docker_phase phase)
{
    return phase == PHASE_LIST_CONTAINERS || phase == PHASE_LIST_HEALTH ||
           phase == PHASE_LIST_NETWORKS || phase == PHASE_LIST_VOLUMES;
}

static int docker_request(struct driver_call *call, struct http_request *out, struct err *err)
{
    *out = (struct http_request){0};
    if (call->step == 0 && begin(call, err) < 0)
        return err->code;

    struct docker *d = call->state;
    if (d->phase == PHASE_PING)
        get(out, "/_ping", PING_TIMEOUT_MS);
    else if (d->phase == PHASE_VERSION)
        get(out, docker_path(call, "/version"), CALL_TIMEOUT_MS);
    else if (d->phase == PHASE_INFO)
        get(out, docker_path(call, "/info"), CALL_TIMEOUT_MS);
    else if (is_list(d->phase))
        request_list(call, out);
    else if (d->phase == PHASE_EVENTS)
        request_events(call, out);
    else if (d->phase == PHASE_LOGS)
        request_logs(call, out);
    else
        return docker_apply_request(call, out);
    return 0;
}

static int reply_ping(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    uint64_t minor;

    if (in->status != 200)
        return docker_fail_reply(call, -EIO, in, err);
    if (strncmp(in->api_version, "1.", 2) != 0 ||
        number_read(in->api_version + 2, strlen(in->api_version + 2), 0, 9999, &minor) < 0)
        return docker_fail(
            call, -EPROTO, err,
            "the reply has no header Api-Version: 1.x; is this a Docker Engine?");
    if (minor < API_MINOR_MIN)
        return docker_fail(call, -ENOTSUP, err,
                           "the Engine is too old: it speaks API 1.%u at most, 1.%d (Engine "
                           "19.03) is needed",
                           (unsigned)minor, API_MINOR_MIN);
    call->api_minor = minor < API_MINOR_MAX ? (unsigned)minor : API_MINOR_MAX;
    call->info.api_minor = call->api_minor;
    return PHASE_VERSION;
}

static bool is_podman(const json_t *version)
{
    const json_t *components = json_object_get(version, "Components");

    for (size_t i = 0; i < json_array_size(components); i++) {
        const char *name = docker_text(json_array_get(components, i), "Name");
        if (name && strcmp(name, "Podman Engine") == 0)
            return true;
    }
    return false;
}

static int reply_version(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    ((struct docker *)call->state)->what = "read its version";
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);

    if (!json)
        return err->code;
    const char *version = docker_text(json, "Version");
    if (!version || strlen(version) > 100)
        return docker_fail(call, -EPROTO, err, "the reply has no text Version");
    call->info.dialect = call->dialect = is_podman(json) ? DOCKER_PODMAN : DOCKER_ENGINE;
    /* "20.10.24+dfsg1": what a distribution adds tells nobody anything. */
    call->info.engine =
        arena_printf(call->arena, "%s%.*s", call->dialect == DOCKER_PODMAN ? "podman " : "",
                     (int)strcspn(version, "+"), version);
    return PHASE_INFO;
}

static int reply_info(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    ((struct docker *)call->state)->what = "read its size";
    SCOPED(docker_json_freep) json_t *json = docker_json(call, in, JSON_OBJECT, err);

    if (!json)
        return err->code;
    json_int_t cpus = json_integer_value(json_object_get(json, "NCPU"));
    json_int_t memory = json_integer_value(json_object_get(json, "MemTotal"));
    if (cpus < 1 || cpus > 1000000 || memory < 1)
        return docker_fail(call, -EPROTO, err, "the reply has no numbers NCPU and MemTotal");
    call->info.cpus_nano = (uint64_t)cpus * 1000000000;
    call->info.memory_bytes = (uint64_t)memory;
    return PHASE_DONE;
}

static int after_list(struct driver_call *call)
{
    struct docker *d = call->state;

    if (d->phase == PHASE_LIST_CONTAINERS && call->dialect == DOCKER_PODMAN &&
        call->observation->replica_count) {
        docker_health_begin(call);
        d->what = "list health";
        return PHASE_LIST_HEALTH;
    }
    if (d->phase == PHASE_LIST_HEALTH) {
        d->health_asked++;
        if (docker_health_name(d))
            return PHASE_LIST_HEALTH;
    }
    if (d->phase == PHASE_LIST_NETWORKS) {
        d->what = "list volumes";
        return PHASE_LIST_VOLUMES;
    }
    d->what = "list networks";
    return d->phase == PHASE_LIST_VOLUMES ? PHASE_DONE : PHASE_LIST_NETWORKS;
}

static int reply_list(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    const struct docker *d = call->state;
    struct err why;

    if (in->status < 200 || in->status > 299)
        return docker_fail_reply(call, -EIO, in, err);
    int r = items_end(d->items, &why);
    return r < 0 ? docker_fail(call, r, err, "%s", why.text) : after_list(call);
}

static int reply_events(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status >= 400)
        return docker_fail_reply(call, -EIO, in, err);
    return lines_end(d->lines, err) < 0 ? err->code : PHASE_DONE;
}

static int reply_logs(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;

    if (in->status >= 400)
        return docker_fail_reply(call, in->status == 404 ? -ENOENT : -EIO, in, err);
    docker_frames_end(d->frames);
    return PHASE_DONE;
}

static int reply_phase(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    const struct docker *d = call->state;

    if (d->phase == PHASE_PING)
        return reply_ping(call, in, err);
    if (d->phase == PHASE_VERSION)
        return reply_version(call, in, err);
    if (d->phase == PHASE_INFO)
        return reply_info(call, in, err);
    if (is_list(d->phase))
        return reply_list(call, in, err);
    if (d->phase == PHASE_EVENTS)
        return reply_events(call, in, err);
    if (d->phase == PHASE_LOGS)
        return reply_logs(call, in, err);
    return docker_apply_reply(call, in, err);
}

static int docker_reply(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct docker *d = call->state;
    int next = reply_phase(call, in, err);

    if (next < 0)
        return next;
    d->phase = (enum docker_phase)next;
    return next == PHASE_DONE ? DRIVER_DONE : DRIVER_AGAIN;
}

static int docker_chunk(struct driver_call *call, const char *data, size_t len, struct err *err)
{
    struct docker *d = call->state;

    if (d->phase == PHASE_LOGS) {
        docker_frames_feed(d->frames, data, len);
        return 0;
    }
    if (is_list(d->phase)) {
        struct err why;
        int r = items_feed(d->items, data, len, &why);

        if (r < 0 && d->item_is_wrong)
            *err = why;
        else if (r < 0)
            (void)docker_fail(call, r, err, "%s", why.text);
        return r;
    }
    int r = lines_feed(d->lines, data, len, err);
    if (r == -EMSGSIZE)
        return docker_fail(call, r, err, "the reply has a line of more than %zu bytes",
                           DOCKER_JSON_LINE_MAX);
    return r;
}

static bool event_matters(const char *what)
{
    static const char *const names[] = {"create", "start",  "die",   "died",   "destroy",
                                        "remove", "rename", "pause", "unpause"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], what) == 0)
            return true;
    return strncmp(what, "health_status", 13) == 0;
}

static int on_event(void *ctx, const char *line, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    SCOPED(docker_json_freep) json_t *json = json_loadb(line, len, 0, NULL);

    if (!json_is_object(json))
        return docker_fail(call, -EPROTO, err, "a line of the reply is no JSON object");
    const json_t *actor = json_object_get(json, "Actor");
    const json_t *attributes = json_object_get(actor, "Attributes");
    const char *id = docker_text(actor, "ID");
    const char *app = docker_text(attributes, LABEL_APP);
    const char *service = docker_text(attributes, LABEL_SERVICE);
    const char *what = docker_text(json, "Action");
    json_int_t at_ns = json_integer_value(json_object_get(json, "timeNano"));

    if (!what || strlen(what) > EVENT_TEXT_MAX)
        return docker_fail(call, -EPROTO, err,
                           "an event has no text Action of at most %d bytes", EVENT_TEXT_MAX);
    /* Events are kept: what cannot be ours, or is too long for that, is not ours. */
    if (!app || strlen(app) > EVENT_TEXT_MAX || (service && strlen(service) > EVENT_TEXT_MAX))
        app = service = NULL;
    struct driver_change change = {
        .at_ns = at_ns,
        .id = id ? id : "",
        .app = app ? app : "",
        .service = service ? service : "",
        .what = what,
        .matters = app && event_matters(what),
    };
    call->on_change(call->ctx, &change);
    return 0;
}

static void on_log(void *ctx, const struct docker_log *log)
{
    struct driver_call *call = ctx;
    struct driver_log_line line = {
        .is_stderr = log->is_stderr, .text = log->text, .len = log->len, .at = log->at};

    call->on_log(call->ctx, &line);
}

const struct driver driver_docker = {
    .name = "docker",
    .settings = UINT64_MAX,
    .ops = 1u << DRIVER_CONNECT | 1u << DRIVER_LIST | 1u << DRIVER_WATCH | 1u << DRIVER_APPLY |
           1u << DRIVER_LOGS,
    .request = docker_request,
    .reply = docker_reply,
    .chunk = docker_chunk,
};
