/* SPDX-License-Identifier: Apache-2.0 */
#include "server/steering.h"

#include "api/feed.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/child.h"
#include "server/verdicts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A nameserver that has just been started is there within a few hundredths of a second. */
#define CONNECT_RETRY_MS 100

/* One that is not there for longer is somebody else's to start. */
#define CONNECT_RETRY_MS_MAX 1000

/* What it could not do (its disk is full, a port is taken) may work a little later. */
#define PUT_RETRY_MS 1000

#define EVENT_LINE_MAX ((size_t)1 << 20)
struct steering {
    uv_loop_t *loop;
    struct http_client *client;
    struct http_target target;
    char *socket;
    struct child *child; /* NULL: somebody else runs the nameserver */
    struct feed *events;
    void (*on_verdicts)(void *ctx);
    void *ctx;

    char **listen;     /* NULL-terminated; NULL: no DNS */
    unsigned retry_ms; /* until the next try to connect */
    char *intent;      /* the latest, as JSON */

    bool is_connected; /* the event stream is open */
    bool is_owned;     /* by a server, us or the one before us: ours to direct and to end */
    int pid;
    struct http_call *stream, *put, *table, *stats;
    bool intent_is_dirty, table_is_dirty, listen_is_dirty;
    bool intent_has_failed, listen_has_failed; /* dirty again when the timer says so */
    struct buf line;                           /* the event that is being read */
    struct verdicts verdicts;
    uv_timer_t timer; /* connect again, or try again what failed */
};

static void sync_start(struct steering *steering);
static void on_retry(uv_timer_t *timer);

/* One that a server before us, which was killed, has left to us; our own ends with `child`. */
static void stop_adopted(const struct steering *steering)
{
    if (steering->child && !child_is_running(steering->child) && steering->is_connected &&
        steering->is_owned)
        (void)uv_kill(steering->pid, SIGTERM); /* it answers, so the pid is its own */
}

/* The connection. */

static struct http_call *ask(struct steering *steering, const struct http_request *request,
                             void (*on_done)(void *, const struct http_reply *,
                                             const struct err *),
                             void *ctx)
{
    struct http_handlers handlers = {.on_done = on_done};
    struct err err = {0};
    struct http_call *call =
        http_call_start(steering->client, &steering->target, request, &handlers, ctx, &err);

    if (!call)
        log_error("nameserver=not-asked error=%s", err.text);
    return call;
}

static void retry(struct steering *steering, unsigned wait_ms)
{
    (void)uv_timer_start(&steering->timer, on_retry, wait_ms, 0);
}

static void on_child_exit(void *ctx)
{
    struct steering *steering = ctx;

    if (!steering->is_connected)
        retry(steering, 0);
}

static void disconnect(struct steering *steering, const char *why)
{
    bool was_connected = steering->is_connected;

    steering->is_connected = steering->is_owned = false;
    steering->stream = NULL;
    verdicts_clear(&steering->verdicts);
    if (was_connected) {
        log_warn("nameserver=lost error=%s", why);
        steering->on_verdicts(steering->ctx);
    }
    if (was_connected)
        steering->retry_ms = CONNECT_RETRY_MS;
    if (steering->child && steering->listen && child_start(steering->child, steering->listen))
        steering->retry_ms = CONNECT_RETRY_MS;
    retry(steering, steering->retry_ms);
    if (steering->retry_ms * 2 <= CONNECT_RETRY_MS_MAX)
        steering->retry_ms *= 2;
}

static void on_stream_end(void *ctx, const struct http_reply *reply, const struct err *err)
{
    char text[32] = "the stream ended";

    if (reply && reply->status >= 400)
        (void)snprintf(text, sizeof(text), "HTTP %d", reply->status);
    disconnect(ctx, err && err->code ? err->text : text);
}

static void publish_news(struct steering *steering, const char *kind, json_t *line)
{
    const char *cluster = json_string_value(json_object_get(line, "cluster"));
    const char *reason = json_string_value(json_object_get(line, "reason"));
    json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "kind", kind, "app", "",
                              "service", "", "cluster", cluster ? cluster : "", "message",
                              reason ? reason : "", "steering", line);

    if (event)
        feed_publish(steering->events, event);
}

/* Returns true when a verdict changed. */
static bool on_event(struct steering *steering, const char *text, size_t len)
{
    json_error_t error;
    json_t *line = json_loadb(text, len, 0, &error);
    const char *kind = json_string_value(json_object_get(line, "kind"));
    bool is_verdict = kind && strcmp(kind, "verdict") == 0;

    if (is_verdict) {
        verdicts_read_event(&steering->verdicts, line);
        /* A table that is on its way may be older than this. */
        steering->table_is_dirty |= steering->table != NULL;
    }
    if (is_verdict || (kind && strcmp(kind, "answers") == 0))
        publish_news(steering, kind, line);
    else
        steering->table_is_dirty = true; /* the stream begins, other endpoints, who knows */
    json_decref(line);
    return is_verdict;
}

static void on_stream_data(void *ctx, const char *data, size_t len)
{
    struct steering *steering = ctx;
    bool has_changed = false;
    char *end;

    if (buf_add(&steering->line, data, len) < 0) {
        buf_clear(&steering->line); /* not one of our lines; the table has all of it */
        steering->table_is_dirty = true;
    }
    while (steering->line.len &&
           (end = memchr(steering->line.data, '\n', steering->line.len))) {
        size_t line_len = (size_t)(end - steering->line.data);

        has_changed |= on_event(steering, steering->line.data, line_len);
        buf_consume(&steering->line, line_len + 1);
    }
    if (has_changed)
        steering->on_verdicts(steering->ctx);
    sync_start(steering);
}

/* Only what happens from now on: what happened before is in the table. */
static void stream_start(struct steering *steering)
{
    static const struct http_handlers handlers = {.on_data = on_stream_data,
                                                  .on_done = on_stream_end};
    struct http_request request = {
        .method = "GET", .path = "/v1/events?follow=1&replay=0", .stream = true};
    struct err err = {0};

    buf_clear(&steering->line);
    steering->stream = http_call_start(steering->client, &steering->target, &request, &handlers,
                                       steering, &err);
    if (!steering->stream)
        disconnect(steering, err.text);
}

/* Where it listens, the intent and the table. */

/* Whether it makes sense to put the same again; a port that is taken (409) may become free. */
static bool put_has_failed(const char *what, const struct http_reply *reply,
                           const struct err *err)
{
    if (!reply)
        log_warn("nameserver=%s-not-sent error=%s", what, err->text);
    else if (reply->status >= 400)
        log_error("nameserver=%s-refused status=%d reply=%.300s", what, reply->status,
                  reply->body);
    return !reply || reply->status >= 500 || reply->status == 409;
}

/* Without a connection there is nothing to put: everything is put after the next connect. */
static void on_put(struct steering *steering, bool has_failed)
{
    steering->put = NULL;
    if (has_failed && steering->is_connected)
        retry(steering, PUT_RETRY_MS);
    sync_start(steering);
}

static void on_intent_put(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct steering *steering = ctx;

    /* A generation that is too old stays too old. */
    steering->intent_has_failed =
        put_has_failed("intent", reply, err) && !(reply && reply->status == 409);
    steering->table_is_dirty = true;
    on_put(steering, steering->intent_has_failed);
}

static void on_listen_put(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct steering *steering = ctx;

    steering->listen_has_failed = put_has_failed("listen", reply, err);
    on_put(steering, steering->listen_has_failed);
}

static void read_table(struct steering *steering, const char *text, size_t len)
{
    json_error_t error;
    json_t *table = json_loadb(text, len, 0, &error);

    verdicts_read_table(&steering->verdicts, table);
    json_decref(table);
}

/* Who it is: one that we, or a server before us, started takes our word on where to listen. */
static void on_stats(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct steering *steering = ctx;
    json_error_t error;

    steering->stats = NULL;
    if (!reply || reply->status != 200) {
        log_warn("nameserver=unknown error=%s", reply ? "not what was expected" : err->text);
        return;
    }
    json_t *stats = json_loadb(reply->body, reply->body_len, 0, &error);
    steering->pid = (int)json_integer_value(json_object_get(stats, "pid"));
    steering->is_owned = steering->pid > 1 && json_is_true(json_object_get(stats, "owned"));
    steering->listen_is_dirty = steering->child && steering->listen;
    json_decref(stats);
    sync_start(steering);
}

static void stats_start(struct steering *steering)
{
    struct http_request request = {.method = "GET", .path = "/v1/stats", .timeout_ms = 10000};

    if (!steering->stats)
        steering->stats = ask(steering, &request, on_stats, steering);
}

static void on_table(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct steering *steering = ctx;

    steering->table = NULL;
    if (!reply || reply->status != 200) {
        if (!steering->is_connected)
            disconnect(steering, reply ? "not what was expected" : err->text);
        return;
    }
    read_table(steering, reply->body, reply->body_len);
    if (!steering->is_connected) {
        log_info("nameserver=connected");
        steering->is_connected = true;
        steering->intent_is_dirty = steering->intent != NULL;
        stats_start(steering);
        stream_start(steering);
    }
    steering->on_verdicts(steering->ctx);
    sync_start(steering);
}

static void table_start(struct steering *steering)
{
    struct http_request request = {.method = "GET", .path = "/v1/table", .timeout_ms = 10000};

    steering->table_is_dirty = false;
    steering->table = ask(steering, &request, on_table, steering);
}

static void put_start(struct steering *steering, const char *path, const char *body,
                      void (*on_done)(void *, const struct http_reply *, const struct err *))
{
    struct http_request request = {.method = "PUT",
                                   .path = path,
                                   .body = body,
                                   .body_len = strlen(body),
                                   .timeout_ms = 10000};

    steering->put = ask(steering, &request, on_done, steering);
}

static void listen_put_start(struct steering *steering)
{
    json_t *listen = json_array();
    json_t *body = json_pack("{s:o}", "listen", listen);

    for (size_t i = 0; steering->listen[i]; i++)
        (void)json_array_append_new(listen, json_string(steering->listen[i]));
    char *text = json_dumps(body, JSON_COMPACT);
    if (!text)
        abort(); /* only when out of memory */
    steering->listen_is_dirty = false;
    put_start(steering, "/v1/listen", text, on_listen_put);
    free(text);
    json_decref(body);
}

/* One call of each kind at a time; what changed meanwhile is in the next one. */
static void sync_start(struct steering *steering)
{
    if (!steering->is_connected)
        return;
    if (steering->listen_is_dirty && steering->is_owned && !steering->put)
        listen_put_start(steering);
    if (steering->intent_is_dirty && !steering->put) {
        steering->intent_is_dirty = false;
        put_start(steering, "/v1/intent", steering->intent, on_intent_put);
    }
    if (steering->table_is_dirty && !steering->table && !steering->put)
        table_start(steering);
}

/* The table comes first: it also tells whether a nameserver answers at all. */
static void on_retry(uv_timer_t *timer)
{
    struct steering *steering = timer->data;

    steering->listen_is_dirty |= steering->listen_has_failed;
    steering->intent_is_dirty |= steering->intent_has_failed;
    steering->listen_has_failed = steering->intent_has_failed = false;
    if (steering->is_connected)
        sync_start(steering);
    else if (!steering->table)
        table_start(steering);
}

void steering_set_intent(struct steering *steering, const char *intent)
{
    free(steering->intent);
    steering->intent = mem_strdup(intent);
    steering->intent_is_dirty = true;
    sync_start(steering);
}

enum replica_endpoint steering_verdict(const struct steering *steering, const char *address,
                                       unsigned port)
{
    if (!steering->is_connected)
        return REPLICA_ENDPOINT_NONE;
    return verdicts_find(&steering->verdicts, address, port);
}

/* The table for the API. */

static void on_asked_table(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct backend_done *done = ctx;
    struct err failed = {0};
    json_error_t error;
    json_t *table = NULL;

    if (reply && reply->status == 200)
        table = json_loadb(reply->body, reply->body_len, 0, &error);
    if (!table)
        (void)err_set(&failed, -ENOTCONN, "the nameserver does not answer: %s",
                      reply ? "not what was expected" : err->text);
    done->fn(done->ctx, failed.code, table, &failed);
    free(done);
}

void steering_table(struct steering *steering, struct backend_done done)
{
    struct http_request request = {.method = "GET", .path = "/v1/table", .timeout_ms = 5000};
    struct backend_done *copy = mem_new(struct backend_done);
    struct err err = {0};

    *copy = done;
    if (steering->is_connected && ask(steering, &request, on_asked_table, copy))
        return;
    free(copy);
    (void)err_set(&err, -ENOTCONN,
                  steering->listen || !steering->child
                      ? "no nameserver answers on '%s'"
                      : "the fleet has no 'dns' section, so there is none "
                        "to ask on '%s'",
                  steering->socket);
    done.fn(done.ctx, err.code, NULL, &err);
}

/* Opening and closing. */

static bool listen_is_equal(char **old, const struct strings *listen)
{
    size_t i = 0;

    for (; old && old[i]; i++)
        if (i >= listen->count || strcmp(old[i], listen->items[i]) != 0)
            return false;
    return old && i == listen->count;
}

static void listen_free(struct steering *steering)
{
    for (size_t i = 0; steering->listen && steering->listen[i]; i++)
        free(steering->listen[i]);
    free(steering->listen);
    steering->listen = NULL;
}

void steering_listen(struct steering *steering, const struct strings *listen)
{
    bool is_first = !steering->listen;

    if (listen_is_equal(steering->listen, listen))
        return;
    listen_free(steering);
    steering->listen = mem_array(listen->count + 1, sizeof(char *));
    for (size_t i = 0; i < listen->count; i++)
        steering->listen[i] = mem_strdup(listen->items[i]);
    steering->listen_is_dirty = steering->child != NULL;
    if (is_first)
        retry(steering, 0);
    else
        sync_start(steering);
}

struct steering *steering_new(uv_loop_t *loop, struct http_client *client,
                              const struct steering_options *options, struct feed *events,
                              void (*on_verdicts)(void *ctx), void *ctx)
{
    struct steering *steering = mem_new(struct steering);

    steering->loop = loop;
    steering->client = client;
    steering->socket = mem_strdup(options->socket);
    steering->target = (struct http_target){.unix_socket = steering->socket,
                                            .origin = "http://localhost",
                                            .connect_timeout_ms = 1000};
    steering->events = events;
    steering->on_verdicts = on_verdicts;
    steering->ctx = ctx;
    buf_init(&steering->line, EVENT_LINE_MAX);
    verdicts_init(&steering->verdicts);
    (void)uv_timer_init(loop, &steering->timer);
    steering->timer.data = steering;
    steering->retry_ms = CONNECT_RETRY_MS;
    /* One that somebody else runs needs no word of the fleet on where to listen. */
    if (!options->spawn)
        retry(steering, 0);
    else
        steering->child = child_new(loop,
                                    &(struct child_options){.program = options->program,
                                                            .socket = options->socket,
                                                            .state_path = options->state_path},
                                    on_child_exit, steering);
    return steering;
}

static void on_closed(uv_handle_t *handle)
{
    struct steering *steering = handle->data;

    verdicts_fini(&steering->verdicts);
    buf_fini(&steering->line);
    listen_free(steering);
    free(steering->intent);
    free(steering->socket);
    free(steering);
}

struct steering *steering_free(struct steering *steering)
{
    if (!steering)
        return NULL;
    stop_adopted(steering);
    steering->child = child_free(steering->child);
    if (steering->stream)
        http_call_cancel(steering->stream);
    if (steering->put)
        http_call_cancel(steering->put);
    if (steering->table)
        http_call_cancel(steering->table);
    if (steering->stats)
        http_call_cancel(steering->stats);
    uv_close((uv_handle_t *)&steering->timer, on_closed);
    return NULL;
}
