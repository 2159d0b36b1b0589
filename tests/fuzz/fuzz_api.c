/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes of the API with what a client may send: the first line is "METHOD
 * /path?key=value", the rest is the body. The exchange and the backend are stand-ins here. Each
 * request gets exactly one answer, in JSON, and no command keeps the next one waiting.
 */
#include "api/api.h"
#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUERIES_MAX 8

struct http_exchange {
    const char *method, *path, *body;
    size_t body_len;
    char *keys[QUERIES_MAX], *values[QUERIES_MAX];
    size_t query_count;
    unsigned answers;
    bool is_ended;
    void (*on_close)(void *ctx);
    void *ctx;
};

/* The exchange. */

const char *http_exchange_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

const char *http_exchange_query(struct http_exchange *exchange, const char *key)
{
    for (size_t i = 0; i < exchange->query_count; i++)
        if (strcmp(exchange->keys[i], key) == 0)
            return exchange->values[i];
    return NULL;
}

void http_exchange_queries(struct http_exchange *exchange,
                           void (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
    for (size_t i = 0; i < exchange->query_count; i++)
        fn(ctx, exchange->keys[i], exchange->values[i]);
}

const char *http_exchange_body(const struct http_exchange *exchange, size_t *len)
{
    *len = exchange->body_len;
    return exchange->body;
}

static void check_json(const void *data, size_t len)
{
    json_t *json = json_loadb(data, len, 0, NULL);

    assert(json_is_object(json));
    json_decref(json);
}

void http_exchange_reply(struct http_exchange *exchange, int status, const char *content_type,
                         const void *data, size_t len)
{
    assert(status >= 200 && status <= 599);
    assert(strcmp(content_type, "application/json") == 0);
    check_json(data, len);
    exchange->answers++;
}

void http_exchange_stream(struct http_exchange *exchange, int status, const char *content_type,
                          void (*on_close)(void *ctx), void *ctx)
{
    assert(status == 200);
    assert(strcmp(content_type, "application/x-ndjson") == 0);
    exchange->answers++;
    exchange->on_close = on_close;
    exchange->ctx = ctx;
}

int http_exchange_write(struct http_exchange *exchange, const void *data, size_t len)
{
    assert(!exchange->is_ended);
    assert(((const char *)data)[len - 1] == '\n');
    check_json(data, len - 1);
    return 0;
}

void http_exchange_end(struct http_exchange *exchange)
{
    exchange->is_ended = true;
}

/* The backend: does nothing, and says so. */

static json_t *answer(void *ctx)
{
    (void)ctx;
    return json_pack("{s:s}", "a", "b");
}

static json_t *answer_app(void *ctx, const char *name, struct err *err)
{
    if (strcmp(name, "shop") == 0)
        return answer(ctx);
    (void)err_set(err, -ENOENT, "there is no app '%s'", name);
    return NULL;
}

static void finish(struct backend_done done)
{
    done.fn(done.ctx, BACKEND_OK, json_object(), NULL);
}

static int plan(void *ctx, struct app *app, json_t **out, struct err *err)
{
    (void)err;
    (void)app_free(app);
    *out = answer(ctx);
    return 0;
}

static void fleet_apply(void *ctx, struct fleet *fleet, struct backend_done done)
{
    (void)ctx;
    (void)fleet_free(fleet);
    finish(done);
}

static void cluster_change(void *ctx, const char *name, bool flag, struct backend_done done)
{
    (void)ctx;
    (void)flag;
    assert(*name);
    finish(done);
}

static void app_up(void *ctx, struct app *app, struct backend_done done)
{
    (void)ctx;
    (void)app_free(app);
    finish(done);
}

static void app_scale(void *ctx, const char *name, const struct backend_scale *scales,
                      size_t count, struct backend_done done)
{
    struct err err = {0};

    (void)ctx;
    assert(*name);
    for (size_t i = 0; i < count; i++)
        assert(scales[i].replicas <= APP_REPLICAS_MAX);
    (void)err_set(&err, -ENOENT, "there is no service '%.60s'", scales[0].service);
    done.fn(done.ctx, err.code, NULL, &err);
}

struct backend_stream {
    int unused;
};

static struct backend_stream *open_stream(struct backend_sink sink)
{
    static struct backend_stream stream;
    json_t *line = answer(NULL);

    sink.on_line(sink.ctx, line);
    json_decref(line);
    sink.on_end(sink.ctx);
    return &stream;
}

static struct backend_stream *progress(void *ctx, const char *app, struct backend_sink sink,
                                       struct err *err)
{
    if (strcmp(app, "shop") == 0)
        return open_stream(sink);
    json_decref(answer_app(ctx, app, err));
    return NULL;
}

static struct backend_stream *events(void *ctx, const struct backend_events *wanted,
                                     struct backend_sink sink, struct err *err)
{
    (void)ctx;
    (void)wanted;
    (void)err;
    return open_stream(sink);
}

static struct backend_stream *logs(void *ctx, const struct backend_logs *wanted,
                                   struct backend_sink sink, struct err *err)
{
    (void)ctx;
    (void)err;
    assert(wanted->tail >= -1 && wanted->since_s >= 0);
    return open_stream(sink);
}

static void stream_close(void *ctx, struct backend_stream *stream)
{
    (void)ctx;
    assert(stream);
}

static void dns(void *ctx, struct backend_done done)
{
    (void)ctx;
    finish(done);
}

static const struct backend backend = {
    .version = answer,
    .fleet = answer,
    .apps = answer,
    .app = answer_app,
    .plan = plan,
    .fleet_apply = fleet_apply,
    .cluster_remove = cluster_change,
    .cluster_drain = cluster_change,
    .app_up = app_up,
    .app_down = cluster_change,
    .app_scale = app_scale,
    .progress = progress,
    .events = events,
    .logs = logs,
    .stream_close = stream_close,
    .dns = dns,
};

/* Cuts the text at the first `c`. Returns what is behind it, or the end. */
static char *cut(char *text, char c)
{
    char *at = strchr(text, c);

    if (!at)
        return text + strlen(text);
    *at = '\0';
    return at + 1;
}

static void read_queries(struct http_exchange *exchange, char *text)
{
    while (*text && exchange->query_count < QUERIES_MAX) {
        char *next = cut(text, '&');

        exchange->values[exchange->query_count] = cut(text, '=');
        exchange->keys[exchange->query_count++] = text;
        text = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t len = end ? (size_t)(end - data) : size;
    struct arena *arena = arena_new();
    char *method = arena_strndup(arena, (const char *)data, len);
    char *path = cut(method, ' ');
    struct http_exchange exchange = {
        .method = method,
        .path = path,
        .body = end ? arena_strndup(arena, (const char *)end + 1, size - len - 1) : "",
        .body_len = end ? size - len - 1 : 0,
    };
    struct api api = {.backend = &backend};

    read_queries(&exchange, cut(path, '?'));
    api_handle(&api, &exchange);
    assert(exchange.answers == 1);
    assert(!api.turn && !api.waiting);
    if (exchange.on_close)
        exchange.on_close(exchange.ctx);
    api_fini(&api);
    (void)arena_free(arena);
    return 0;
}
