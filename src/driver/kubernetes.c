/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes 1.25 and later: version, lists and watches, logs.
 *
 * A list of a kind (in pages) and a watch that goes on from it keep the mirror; the watch tells
 * of what changed. One that was left behind (410) begins anew with a list.
 *
 *   LIST: VERSION*    CONNECT: VERSION    WATCH: [LIST*] --> WATCH --410--> LIST* --> WATCH
 *         LIST* of every kind that is not complete, else CHECK
 */
#include "base/number.h"
#include "driver/keys.h"
#include "driver/kubernetes_internal.h"
#include "driver/url.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Declared by driver_list.h for driver.c; repeated so that the definition is checked. */
extern const struct driver driver_kubernetes;

/* Below it there is nothing that is still kept up by anybody. */
#define API_MINOR_MIN 25

#define CHECK_TIMEOUT_MS 5000
#define LIST_TIMEOUT_MS  60000
/* 500 pods are 3 MB: enough that pages cost little, few enough that no page is large. */
#define PAGE_ITEMS 500

/*
 * The server ends a watch after so long; we go on from where it was. What is silent for longer
 * than that is dead.
 */
#define WATCH_S               240
#define WATCH_IDLE_TIMEOUT_MS 270000

/* etcd takes objects of 1.5 MiB, which JSON makes somewhat larger. */
#define EVENT_SIZE_MAX ((size_t)4 << 20)

#define MESSAGE_MAX 400

int kubernetes_fail(const struct driver_call *call, int code, struct err *err, const char *fmt,
                    ...)
{
    const struct kubernetes *k = call->state;
    char text[500];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(err, code, "kubernetes at %s: %s: %s", call->cluster->name, k->what, text);
}

void kubernetes_json_freep(json_t **json)
{
    json_decref(*json);
}

/* One line that any terminal can show. */
static const char *readable(struct arena *arena, const char *text)
{
    size_t len = strnlen(text, MESSAGE_MAX);
    char *out = arena_strndup(arena, text, len);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = ' ';
    while (len && out[len - 1] == ' ')
        out[--len] = '\0';
    return out;
}

static int code_of(int status)
{
    switch (status) {
    case 401:
        return -EKEYEXPIRED;
    case 403:
        return -EACCES;
    case 404:
        return -ENOENT;
    case 409:
        return -EBUSY;
    case 429:
    case 503:
    case 504:
        return -EAGAIN;
    default:
        return -EIO;
    }
}

int kubernetes_fail_reply(const struct driver_call *call, const struct http_reply *in,
                          struct err *err)
{
    SCOPED(kubernetes_json_freep) json_t *json = json_loadb(in->body, in->body_len, 0, NULL);
    const char *message = json_string_value(json_object_get(json, "message"));

    if (!message)
        message = in->body_len ? in->body : "no reason given";
    return kubernetes_fail(call, code_of(in->status), err, "%d: %s", in->status,
                           readable(call->arena, message));
}

json_t *kubernetes_json(const struct driver_call *call, const struct http_reply *in,
                        struct err *err)
{
    json_error_t why;

    if (in->status < 200 || in->status > 299) {
        (void)kubernetes_fail_reply(call, in, err);
        return NULL;
    }
    json_t *json = json_loadb(in->body, in->body_len, 0, &why);
    if (!json_is_object(json)) {
        (void)kubernetes_fail(call, -EPROTO, err, "the reply is no JSON object: %s",
                              json ? "it is something else" : readable(call->arena, why.text));
        json_decref(json);
        return NULL;
    }
    return json;
}

static void get(struct http_request *out, const char *path, unsigned timeout_ms)
{
    out->method = "GET";
    out->path = path;
    out->timeout_ms = timeout_ms;
}

/* Connecting. */

static int reply_version(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    SCOPED(kubernetes_json_freep) json_t *json = kubernetes_json(call, in, err);

    if (!json)
        return err->code;
    const char *major = json_string_value(json_object_get(json, "major"));
    const char *minor = json_string_value(json_object_get(json, "minor"));
    const char *version = json_string_value(json_object_get(json, "gitVersion"));
    uint64_t number;

    /* "28+" is how some clouds mark their own builds. */
    if (!major || strcmp(major, "1") != 0 || !minor || !version || strlen(version) > 100 ||
        number_read(minor, strspn(minor, "0123456789"), 0, 9999, &number) < 0)
        return kubernetes_fail(call, -EPROTO, err,
                               "the reply has no major 1, minor and gitVersion; is this a "
                               "Kubernetes API server?");
    if (number < API_MINOR_MIN)
        return kubernetes_fail(call, -ENOTSUP, err,
                               "the cluster is too old: it is 1.%u, 1.%d is needed",
                               (unsigned)number, API_MINOR_MIN);
    call->api_minor = call->info.api_minor = (unsigned)number;
    call->info.engine = arena_printf(call->arena, "kubernetes %s", version + (*version == 'v'));
    return PHASE_DONE;
}

/* Lists. */

static const char *selector(unsigned kind)
{
    return kubernetes_kinds[kind].is_ours ? "labelSelector="
                                            "app.kubernetes.io%2Fmanaged-by%3D" FIELD_MANAGER
                                            "&"
                                          : "";
}

static void request_list(struct driver_call *call, struct http_request *out)
{
    struct kubernetes *k = call->state;
    const struct kubernetes_kind_info *kind = &kubernetes_kinds[k->kind];

    k->what = arena_printf(call->arena, "list %s", kind->plural);
    if (!k->next_page)
        kubernetes_mirror_begin(call->mirror, k->kind);
    get(out,
        arena_printf(call->arena, "%s?%slimit=%d%s%s", kind->path, selector(k->kind),
                     PAGE_ITEMS, k->next_page ? "&continue=" : "",
                     k->next_page ? url_escape(call->arena, k->next_page) : ""),
        LIST_TIMEOUT_MS);
}

/* The next kind whose list is not complete; KUBERNETES_KINDS: none. */
static unsigned next_incomplete(const struct kubernetes_mirror *mirror)
{
    unsigned kind = 0;

    while (kind < KUBERNETES_KINDS && mirror->is_complete[kind])
        kind++;
    return kind;
}

static int observe(struct driver_call *call)
{
    call->observation = kubernetes_mirror_observe(call->mirror, call->cluster);
    return PHASE_DONE;
}

/* All pages of a kind are there. */
static int end_list(struct driver_call *call, const json_t *metadata, struct err *err)
{
    struct kubernetes *k = call->state;
    struct kubernetes_mirror *mirror = call->mirror;
    const char *version = json_string_value(json_object_get(metadata, "resourceVersion"));

    if (!version || !*version || !kubernetes_mirror_set_version(mirror, k->kind, version))
        return kubernetes_fail(call, -EPROTO, err, "the list has no resourceVersion");
    kubernetes_mirror_end(mirror, k->kind);
    k->next_page = NULL;
    if (call->op == DRIVER_WATCH) {
        struct driver_change change = {
            .id = "",
            .app = "",
            .service = "",
            .what = arena_printf(call->arena, "listed %s", kubernetes_kinds[k->kind].plural),
            .matters = true};

        call->on_change(call->ctx, &change);
        return PHASE_WATCH;
    }
    k->kind = next_incomplete(mirror);
    return k->kind < KUBERNETES_KINDS ? PHASE_LIST : observe(call);
}

static int reply_list(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct kubernetes *k = call->state;

    /* The token of a page is too old: from the beginning, with what is there now. */
    if (in->status == 410 && k->next_page) {
        k->next_page = NULL;
        return PHASE_LIST;
    }
    SCOPED(kubernetes_json_freep) json_t *json = kubernetes_json(call, in, err);
    if (!json)
        return err->code;
    const json_t *items = json_object_get(json, "items");
    const json_t *metadata = json_object_get(json, "metadata");
    const char *next = json_string_value(json_object_get(metadata, "continue"));

    for (size_t i = 0; i < json_array_size(items); i++) {
        struct kubernetes_change change;
        struct err why = {0};
        int r = kubernetes_mirror_put(call->mirror, k->kind, json_array_get(items, i), &change,
                                      &why);

        if (r < 0)
            return kubernetes_fail(call, r, err, "%s", why.text);
    }
    if (next && *next) {
        k->next_page = arena_strdup(call->arena, next);
        return PHASE_LIST;
    }
    return end_list(call, metadata, err);
}

/* The mirror is complete and its streams keep it; is there anybody? */
static int reply_check(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    SCOPED(kubernetes_json_freep) json_t *json = kubernetes_json(call, in, err);

    return json ? observe(call) : err->code;
}

/* Watches. */

static int on_event(void *ctx, const char *line, size_t len, struct err *err);

static void request_watch(struct driver_call *call, struct http_request *out)
{
    struct kubernetes *k = call->state;
    const struct kubernetes_mirror *mirror = call->mirror;

    k->what = arena_printf(call->arena, "watch %s", kubernetes_kinds[k->kind].plural);
    get(out,
        arena_printf(call->arena,
                     "%s?%swatch=1&allowWatchBookmarks=true&timeoutSeconds=%d"
                     "&resourceVersion=%s",
                     kubernetes_kinds[k->kind].path, selector(k->kind), WATCH_S,
                     url_escape(call->arena, mirror->version[k->kind])),
        0);
    out->stream = true;
    out->idle_timeout_ms = WATCH_IDLE_TIMEOUT_MS;
    k->is_gone = false;
    k->lines = lines_new(call->arena, EVENT_SIZE_MAX, on_event, call);
}

static int event_error(struct driver_call *call, const json_t *object, struct err *err)
{
    struct kubernetes *k = call->state;
    const char *message = json_string_value(json_object_get(object, "message"));
    int status = (int)json_integer_value(json_object_get(object, "code"));

    if (status == 410) {
        k->is_gone = true;
        return 0;
    }
    return kubernetes_fail(call, code_of(status), err, "%d: %s", status,
                           readable(call->arena, message ? message : "no reason given"));
}

static void tell(struct driver_call *call, const struct kubernetes_item *item, const char *what)
{
    struct driver_change change = {
        .id = item ? item->text[TEXT_UID] : "",
        .app = item ? item->text[TEXT_APP] : "",
        .service = item ? item->text[TEXT_SERVICE] : "",
        .what = what,
        .matters = true,
    };

    call->on_change(call->ctx, &change);
}

static void tell_put(struct driver_call *call, const struct kubernetes_item *item)
{
    const struct kubernetes *k = call->state;
    char what[400];

    (void)snprintf(what, sizeof(what), "%s/%.100s%s%.250s", kubernetes_kinds[k->kind].plural,
                   item->text[TEXT_NAME], item->text[TEXT_STATUS][0] ? ": " : "",
                   item->is_leaving ? "is being deleted" : item->text[TEXT_STATUS]);
    tell(call, item, what);
}

static int event_object(struct driver_call *call, const char *type, const json_t *object,
                        struct err *err)
{
    const struct kubernetes *k = call->state;
    struct kubernetes_change change = {0};
    struct err why = {0};

    if (strcmp(type, "DELETED") == 0) {
        if (kubernetes_mirror_remove(call->mirror, k->kind, object))
            tell(call, NULL, "deleted");
        return 0;
    }
    int r = kubernetes_mirror_put(call->mirror, k->kind, object, &change, &why);
    if (r < 0)
        return kubernetes_fail(call, r, err, "%s", why.text);
    if (change.matters && change.item)
        tell_put(call, change.item);
    else if (change.matters)
        tell(call, NULL, "is no longer ours");
    return 0;
}

static int on_event(void *ctx, const char *line, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    const struct kubernetes *k = call->state;
    SCOPED(kubernetes_json_freep) json_t *json = json_loadb(line, len, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    const json_t *object = json_object_get(json, "object");
    const char *version = json_string_value(
        json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

    if (!type || !json_is_object(object))
        return kubernetes_fail(call, -EPROTO, err,
                               "a line of the reply is no JSON object with type and object");
    if (strcmp(type, "ERROR") == 0)
        return event_error(call, object, err);
    if (!version || !kubernetes_mirror_set_version(call->mirror, k->kind, version))
        return kubernetes_fail(call, -EPROTO, err, "an event has no resourceVersion");
    if (strcmp(type, "BOOKMARK") == 0)
        return 0;
    return event_object(call, type, object, err);
}

/* A line that was cut off is not lost: the next watch goes on from the last whole one. */
static int reply_watch(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct kubernetes *k = call->state;

    if (in->status == 410 || k->is_gone) {
        k->next_page = NULL;
        return PHASE_LIST;
    }
    return in->status >= 400 ? kubernetes_fail_reply(call, in, err) : PHASE_DONE;
}

/* Logs. */

static void on_log(void *ctx, const struct docker_log *log)
{
    struct driver_call *call = ctx;
    struct driver_log_line line = {.text = log->text, .len = log->len, .at = log->at};

    call->on_log(call->ctx, &line);
}

static const char *log_since(const struct driver_call *call)
{
    time_t at = (time_t)call->log_since_s;
    struct tm tm;
    char text[40];

    if (call->log_since_s <= 0 || !gmtime_r(&at, &tm) ||
        !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return "";
    return arena_printf(call->arena, "&sinceTime=%s", url_escape(call->arena, text));
}

/* The id of a copy is "namespace/name/uid". */
static int first_of_logs(struct driver_call *call, struct err *err)
{
    struct kubernetes *k = call->state;
    const char *space = call->replica_id;
    const char *name = strchr(space, '/');
    const char *end = name ? strchr(name + 1, '/') : NULL;

    k->what = arena_printf(call->arena, "logs of %.100s", space);
    k->phase = PHASE_LOGS;
    if (!end)
        return kubernetes_fail(call, -EINVAL, err, "this is not the id of a copy");
    k->space = arena_printf(
        call->arena, "/api/v1/namespaces/%s/pods/%s/log",
        url_escape(call->arena, arena_strndup(call->arena, space, (size_t)(name - space))),
        url_escape(call->arena,
                   arena_strndup(call->arena, name + 1, (size_t)(end - name - 1))));
    return 0;
}

static void request_logs(struct driver_call *call, struct http_request *out)
{
    struct kubernetes *k = call->state;
    const char *tail =
        call->tail < 0 ? "" : arena_printf(call->arena, "&tailLines=%d", call->tail);

    get(out,
        arena_printf(call->arena, "%s?follow=%s&timestamps=%s%s%s", k->space,
                     call->follow ? "true" : "false", call->timestamps ? "true" : "false", tail,
                     log_since(call)),
        0);
    out->stream = true;
    if (!call->follow)
        out->idle_timeout_ms = CALL_TIMEOUT_MS;
    k->log = docker_frames_new(call->arena, call->timestamps, on_log, call);
}

static int reply_logs(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    struct kubernetes *k = call->state;

    if (in->status >= 400)
        return kubernetes_fail_reply(call, in, err);
    docker_frames_end(k->log);
    return PHASE_DONE;
}

/* Calls. */

static int begin_list(struct driver_call *call)
{
    struct kubernetes *k = call->state;

    k->what = "list";
    k->kind = next_incomplete(call->mirror);
    k->phase = k->kind < KUBERNETES_KINDS ? PHASE_LIST : PHASE_CHECK;
    return 0;
}

static int begin(struct driver_call *call, struct err *err)
{
    struct kubernetes *k = arena_new_in(call->arena, struct kubernetes);

    call->state = k;
    if (call->op != DRIVER_CONNECT && call->api_minor == 0) {
        k->what = "call";
        return kubernetes_fail(call, -ENOTCONN, err, "the version is not known yet");
    }
    switch (call->op) {
    case DRIVER_CONNECT:
        k->what = "connect";
        k->phase = PHASE_VERSION;
        return 0;
    case DRIVER_LIST:
        return begin_list(call);
    case DRIVER_WATCH:
        k->kind = call->stream;
        k->phase = ((struct kubernetes_mirror *)call->mirror)->is_complete[k->kind]
                       ? PHASE_WATCH
                       : PHASE_LIST;
        return 0;
    case DRIVER_LOGS:
        return first_of_logs(call, err);
    case DRIVER_APPLY:
        return kubernetes_apply_first(call, err);
    }
    return -EINVAL;
}

static int kubernetes_request(struct driver_call *call, struct http_request *out,
                              struct err *err)
{
    *out = (struct http_request){0};
    if (call->step == 0 && begin(call, err) < 0)
        return err->code;

    const struct kubernetes *k = call->state;
    if (k->phase == PHASE_VERSION)
        get(out, "/version", CALL_TIMEOUT_MS);
    else if (k->phase == PHASE_CHECK)
        get(out, "/version", CHECK_TIMEOUT_MS);
    else if (k->phase == PHASE_LIST)
        request_list(call, out);
    else if (k->phase == PHASE_WATCH)
        request_watch(call, out);
    else if (k->phase == PHASE_LOGS)
        request_logs(call, out);
    else
        return kubernetes_apply_request(call, out);
    return 0;
}

static int reply_phase(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    const struct kubernetes *k = call->state;

    if (k->phase == PHASE_VERSION)
        return reply_version(call, in, err);
    if (k->phase == PHASE_CHECK)
        return reply_check(call, in, err);
    if (k->phase == PHASE_LIST)
        return reply_list(call, in, err);
    if (k->phase == PHASE_WATCH)
        return reply_watch(call, in, err);
    if (k->phase == PHASE_LOGS)
        return reply_logs(call, in, err);
    return kubernetes_apply_reply(call, in, err);
}

static int kubernetes_reply(struct driver_call *call, const struct http_reply *in,
                            struct err *err)
{
    struct kubernetes *k = call->state;
    int next = reply_phase(call, in, err);

    if (next < 0)
        return next;
    k->phase = (enum kubernetes_phase)next;
    return next == PHASE_DONE ? DRIVER_DONE : DRIVER_AGAIN;
}

static int kubernetes_chunk(struct driver_call *call, const char *data, size_t len,
                            struct err *err)
{
    struct kubernetes *k = call->state;

    if (k->phase == PHASE_LOGS) {
        docker_frames_feed(k->log, data, len);
        return 0;
    }
    int r = lines_feed(k->lines, data, len, err);
    if (r == -EMSGSIZE)
        return kubernetes_fail(call, r, err, "the reply has a line of more than %zu bytes",
                               EVENT_SIZE_MAX);
    return r;
}

/* What it does not honour. */

static bool uses_on_failure(const struct service *service)
{
    return service->restart == RESTART_ON_FAILURE;
}

static bool uses_host_ip(const struct service *service)
{
    for (size_t i = 0; i < service->port_count; i++)
        if (service->ports[i].host_ip)
            return true;
    return false;
}

static bool uses_binds(const struct service *service)
{
    for (size_t i = 0; i < service->mount_count; i++)
        if (service->mounts[i].kind == MOUNT_BIND)
            return true;
    return false;
}

static bool uses_networks(const struct service *service)
{
    return service->network_count > 1;
}

static const struct driver_gap kubernetes_gaps[] = {
    {"restart",
     "a copy that ended is started again whatever its exit code, unless another "
     "service waits for its end",
     uses_on_failure},
    {"ports.host_ip", "ports are published at the nodes or a balancer", uses_host_ip},
    {"volumes.bind", "it is the folder of whatever node a copy is on", uses_binds},
    {"networks", "all services of the app reach each other", uses_networks},
    {NULL, NULL, NULL},
};

static void *mirror_new(void)
{
    return kubernetes_mirror_new();
}

static void *mirror_free(void *mirror)
{
    return kubernetes_mirror_free(mirror);
}

const struct driver driver_kubernetes = {
    .name = "kubernetes",
    .ops = 1u << DRIVER_CONNECT | 1u << DRIVER_LIST | 1u << DRIVER_WATCH | 1u << DRIVER_APPLY |
           1u << DRIVER_LOGS,
    .gaps = kubernetes_gaps,
    .keeps_services = true,
    .mirror_new = mirror_new,
    .mirror_free = mirror_free,
    .streams = KUBERNETES_KINDS,
    .request = kubernetes_request,
    .reply = kubernetes_reply,
    .chunk = kubernetes_chunk,
};
