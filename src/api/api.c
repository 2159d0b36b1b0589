/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/route.h"
#include "base/buf.h"
#include "base/mem.h"
#include "model/json_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deep enough for any plan, and an end for what is not one. */
#define ERROR_TEXT_MAX 600

static void reply_json(struct http_exchange *exchange, int status, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort(); /* only when out of memory */
    http_exchange_reply(exchange, status, "application/json", text, strlen(text));
    free(text);
}

json_t *error_json(const char *code, const char *message)
{
    /* Text from outside may not be UTF-8, which JSON must be. */
    json_t *text = json_string(message);

    if (!text)
        text = json_string("the message is not UTF-8");
    return json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", text);
}

/* Turns. */

static void turns_run(struct api *api)
{
    if (api->is_turning)
        return;
    api->is_turning = true;
    while (!api->turn && api->waiting) {
        api->turn = api->waiting;
        api->waiting = api->turn->next;
        api->turn->route->handle(api->turn);
    }
    api->is_turning = false;
}

static void turn_take(struct request *request)
{
    struct api *api = request->api;

    if (api->waiting)
        api->waiting_last->next = request;
    else
        api->waiting = request;
    api->waiting_last = request;
    turns_run(api);
}

/* The request is accepted or refused: the next one may. */
static void turn_end(const struct request *request)
{
    struct api *api = request->api;

    if (api->turn != request)
        return;
    api->turn = NULL;
    turns_run(api);
}

void api_fini(struct api *api)
{
    while (api->waiting) {
        struct request *request = api->waiting;

        api->waiting = request->next;
        free(request);
    }
}

/* Answers. */

void request_reply(struct request *request, int status, json_t *body)
{
    reply_json(request->exchange, status, body);
    json_decref(body);
    turn_end(request);
    free(request);
}

void request_fail(struct request *request, const struct err *err)
{
    static const struct {
        int code, status;
        const char *name;
    } kinds[] = {
        {-EINVAL, 400, "invalid"},     {-ENOENT, 404, "not-found"},
        {-EBUSY, 409, "conflict"},     {-EEXIST, 409, "conflict"},
        {-EOPNOTSUPP, 400, "invalid"}, {-ENOTCONN, 503, "unavailable"},
        {-EMSGSIZE, 400, "invalid"},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (kinds[i].code == err->code) {
            request_reply(request, kinds[i].status, error_json(kinds[i].name, err->text));
            return;
        }
    request_reply(request, 500, error_json("failed", err->text));
}

json_t *request_body(struct request *request, const char *const *keys)
{
    size_t len;
    const char *text = http_exchange_body(request->exchange, &len);
    json_error_t error;
    json_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    struct err err = {0};

    if (body && json_is_object(body) && (!keys || json_read_keys(body, "", keys, &err) == 0))
        return body;
    if (body && !json_is_object(body))
        (void)err_set(&err, -EINVAL, "the body must be a JSON object");
    else if (!body)
        (void)err_set(&err, -EINVAL, "the body is not JSON: line %d, column %d: %s", error.line,
                      error.column, error.text);
    json_decref(body);
    request_fail(request, &err);
    return NULL;
}

int request_body_flag(const json_t *body, const char *key, bool *out, struct err *err)
{
    *out = false;
    return json_object_get(body, key) ? json_read_bool(body, "", key, out, err) : 0;
}

void request_on_done(void *ctx, int result, json_t *reply, const struct err *err)
{
    struct request *request = ctx;

    if (result < 0) {
        json_decref(reply);
        request_fail(request, err);
        return;
    }
    request_reply(request, result == BACKEND_REFUSED ? 422 : 200,
                  reply ? reply : json_object());
}

/* Queries. */

struct query_check {
    const struct route *route;
    struct err *err;
};

/* What kind of value the key takes: ' ' any, '#', '?'; 0: the path does not know the key. */
static char query_kind(const char *queries, const char *key)
{
    size_t len = strlen(key);

    for (const char *at = queries; *at; at += strcspn(at, " "), at += *at == ' ')
        if (len && strncmp(at, key, len) == 0 && strchr(" #?", at[len]))
            return at[len] ? at[len] : ' ';
    return 0;
}

static bool is_flag(const char *value)
{
    static const char *const values[] = {"", "0", "1", "false", "true"};

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        if (strcmp(values[i], value) == 0)
            return true;
    return false;
}

static void check_query(void *ctx, const char *key, const char *value)
{
    const struct query_check *check = ctx;
    char kind = query_kind(check->route->queries, key);

    if (check->err->code)
        return;
    if (!kind)
        (void)err_set(check->err, -EINVAL, "the query '%.60s' is not known here; known are: %s",
                      key, *check->route->queries ? check->route->queries : "none");
    else if (kind == '?' && !is_flag(value))
        (void)err_set(check->err, -EINVAL, "the query %s: found '%.60s', expected 1 or 0", key,
                      value);
    else if (kind == '#' && (!*value || value[strspn(value, "0123456789")]))
        (void)err_set(check->err, -EINVAL, "the query %s: found '%.60s', expected a number",
                      key, value);
}

static int check_queries(struct request *request, struct err *err)
{
    struct query_check check = {.route = request->route, .err = err};

    http_exchange_queries(request->exchange, check_query, &check);
    return err->code;
}

bool request_flag(const struct request *request, const char *key)
{
    const char *value = http_exchange_query(request->exchange, key);

    return value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

/* Streams. */

struct outlet {
    struct request *request;
    struct backend_stream *stream;
    bool ended;
};

static void outlet_on_line(void *ctx, const json_t *line)
{
    struct outlet *outlet = ctx;
    char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    if (outlet->ended || !text) {
        free(text);
        return;
    }
    size_t len = strlen(text);
    text[len] = '\n'; /* in place of the final NUL */
    if (http_exchange_write(outlet->request->exchange, text, len + 1) < 0)
        outlet->ended = true; /* on_close follows */
    free(text);
}

static void outlet_on_end(void *ctx)
{
    struct outlet *outlet = ctx;

    if (outlet->ended)
        return;
    outlet->ended = true;
    http_exchange_end(outlet->request->exchange);
}

static void outlet_on_close(void *ctx)
{
    struct outlet *outlet = ctx;
    struct api *api = outlet->request->api;

    outlet->ended = true;
    if (outlet->stream)
        api->backend->stream_close(api->ctx, outlet->stream);
    free(outlet->request);
    free(outlet);
}

void request_stream(struct request *request, stream_open *open)
{
    struct outlet *outlet = mem_new(struct outlet);
    struct backend_sink sink = {
        .on_line = outlet_on_line, .on_end = outlet_on_end, .ctx = outlet};
    struct err err = {0};

    outlet->request = request;
    http_exchange_stream(request->exchange, 200, "application/x-ndjson", outlet_on_close,
                         outlet);
    outlet->stream = open(request, sink, &err);
    if (!outlet->stream) {
        json_t *line = error_json("failed", err.text);

        outlet_on_line(outlet, line);
        json_decref(line);
        outlet_on_end(outlet);
    }
    turn_end(request);
}

/* Routes. */

/* Compares segment by segment; NAME takes any segment of [a-zA-Z0-9._-]. */
static bool route_matches(const struct route *route, const char *path, char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *variable = strstr(route->path, "NAME");

    if (!variable)
        return strcmp(route->path, path) == 0;

    size_t before = (size_t)(variable - route->path);
    if (strncmp(route->path, path, before) != 0)
        return false;
    size_t len = strspn(path + before, allowed);
    if (!len || len > ROUTE_NAME_MAX || strcmp(path + before + len, variable + 4) != 0)
        return false;
    memcpy(name, path + before, len);
    name[len] = '\0';
    return true;
}

void api_handle(void *ctx, struct http_exchange *exchange)
{
    static const struct route *const tables[] = {routes_fleet, routes_apps, routes_streams};
    const char *path = http_exchange_path(exchange);
    struct request *request = mem_new(struct request);
    bool path_is_known = false;
    struct err err = {0};
    char text[ERROR_TEXT_MAX];

    request->api = ctx;
    request->exchange = exchange;
    for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
        for (const struct route *route = tables[t]; route->method; route++) {
            if (!route_matches(route, path, request->name))
                continue;
            path_is_known = true;
            if (strcmp(route->method, http_exchange_method(exchange)) != 0)
                continue;
            request->route = route;
            if (check_queries(request, &err) < 0)
                request_fail(request, &err);
            else if (route->kind == COMMAND)
                turn_take(request);
            else
                route->handle(request);
            return;
        }
    (void)snprintf(text, sizeof(text), "%s %.200s: %s", http_exchange_method(exchange), path,
                   path_is_known ? "this path does not take that method" : "no such path");
    request_reply(request, path_is_known ? 405 : 404, error_json("not-found", text));
}
