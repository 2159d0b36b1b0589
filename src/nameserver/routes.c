/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/routes.h"

#include "api/route.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/intent_json.h"
#include "model/json_read.h"
#include "nameserver/table_json.h"
#include "seawall_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Takes over `body`. */
static void reply(struct http_exchange *exchange, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort(); /* only when out of memory */
    http_exchange_reply(exchange, status, "application/json", text, strlen(text));
    free(text);
    json_decref(body);
}

static void fail(struct http_exchange *exchange, const struct err *err)
{
    if (err->code == -EINVAL)
        reply(exchange, 400, error_json("invalid", err->text));
    else if (err->code == -EADDRINUSE)
        reply(exchange, 409, error_json("conflict", err->text));
    else
        reply(exchange, 500, error_json("failed", err->text));
}

static bool flag(struct http_exchange *exchange, const char *key, bool otherwise)
{
    const char *value = http_exchange_query(exchange, key);

    return value ? strcmp(value, "0") != 0 && strcmp(value, "false") != 0 : otherwise;
}

/* PUT /v1/intent: followed at once, acknowledged once it is durable. */

struct put {
    struct routes *routes;
    struct http_exchange *exchange;
    uint64_t generation;
};

static json_t *accepted(uint64_t generation)
{
    return json_pack("{s:I, s:b}", "generation", (json_int_t)generation, "accepted", 1);
}

static void on_kept(void *ctx, const struct err *err)
{
    struct put *put = ctx;

    if (err) {
        log_error("intent=not-kept generation=%llu error=%s",
                  (unsigned long long)put->generation, err->text);
        fail(put->exchange, err);
    } else {
        if (put->generation > put->routes->durable_generation)
            put->routes->durable_generation = put->generation;
        reply(put->exchange, 200, accepted(put->generation));
    }
    free(put);
}

static void keep(struct routes *routes, struct http_exchange *exchange, uint64_t generation)
{
    struct put *put = mem_new(struct put);
    size_t len;
    const char *text = http_exchange_body(exchange, &len);

    *put = (struct put){.routes = routes, .exchange = exchange, .generation = generation};
    keeper_write(routes->keeper, text, len, on_kept, put);
}

static void refuse_intent(struct routes *routes, struct http_exchange *exchange,
                          uint64_t generation, enum steer_offer offer)
{
    uint64_t current = helm_intent(routes->helm)->generation;
    char text[160];
    json_t *body;

    if (offer == STEER_OLDER)
        (void)snprintf(text, sizeof(text),
                       "generation %llu is older than %llu, which is followed",
                       (unsigned long long)generation, (unsigned long long)current);
    else
        (void)snprintf(text, sizeof(text),
                       "generation %llu is followed already, with other content",
                       (unsigned long long)generation);
    log_warn("intent=refused reason=\"%s\"", text);
    body = error_json("conflict", text);
    (void)json_object_set_new(body, "generation", json_integer((json_int_t)current));
    reply(exchange, 409, body);
}

static void put_intent(struct routes *routes, struct http_exchange *exchange)
{
    SCOPED(intent_freep) struct intent *intent = NULL;
    struct err err = {0};
    size_t len;
    const char *text = http_exchange_body(exchange, &len);

    if (intent_parse(&intent, text, len, &err) < 0) {
        fail(exchange, &err);
        return;
    }
    uint64_t generation = intent->generation;
    enum steer_offer offer = helm_offer(routes->helm, &intent);
    if (offer == STEER_OLDER || offer == STEER_FORGED)
        refuse_intent(routes, exchange, generation, offer);
    else if (offer == STEER_SAME && routes->durable_generation == generation)
        reply(exchange, 200, accepted(generation));
    else
        keep(routes, exchange, generation);
}

/* PUT /v1/listen */

static int read_listen(struct http_exchange *exchange, struct arena *arena, struct strings *out,
                       struct err *err)
{
    static const char *const keys[] = {"listen", NULL};
    json_error_t error;
    size_t len;
    const char *text = http_exchange_body(exchange, &len);
    json_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

    if (!body)
        return err_set(err, -EINVAL, "line %d, column %d: %s", error.line, error.column,
                       error.text);
    int r = json_read_keys(body, "", keys, err);
    if (r == 0)
        r = json_read_strings(body, "", "listen", DNS_LISTEN_MAX, arena, out, err);
    if (r == 0 && out->count == 0)
        r = err_set(err, -EINVAL, "listen: found none, expected at least one");
    json_decref(body);
    return r;
}

static void put_listen(struct routes *routes, struct http_exchange *exchange)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct strings listen;
    struct err err = {0};
    int r = read_listen(exchange, arena, &listen, &err);

    if (r == 0)
        r = listening_change(routes->listening, &listen, routes->helm, &err);
    if (r == 0) {
        log_info("listen=set addresses=%zu first=%s", listen.count, listen.items[0]);
        reply(exchange, 200, json_object());
    } else {
        log_warn("listen=not-changed error=%s", err.text);
        fail(exchange, &err);
    }
    if (!routes->listening->dns)
        routes->on_deaf(routes->ctx);
}

/* GET /v1/table */

static void get_table(struct routes *routes, struct http_exchange *exchange)
{
    reply(exchange, 200, table_to_json(helm_table(routes->helm)));
}

/* GET /v1/stats */

static json_t *dns_to_json(const struct dns_server *dns)
{
    struct dns_counters counters;
    json_t *json = json_object();

    dns_server_counters(dns, &counters);
    for (size_t i = 0; i < DNS_COUNTERS; i++)
        (void)json_object_set_new(json, dns_counter_name((enum dns_counter)i),
                                  json_integer((json_int_t)counters.of[i]));
    return json;
}

static json_t *probes_to_json(const struct helm *helm)
{
    struct prober_stats stats;

    helm_stats(helm, &stats);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "targets",
                     (json_int_t)stats.targets, "under_way", (json_int_t)stats.attempts,
                     "waiting", (json_int_t)stats.waiting, "under_way_max",
                     (json_int_t)stats.attempts_max, "succeeded", (json_int_t)stats.succeeded,
                     "failed", (json_int_t)stats.failed, "not_asked", (json_int_t)stats.voided);
}

static json_t *listen_to_json(const struct strings *listen)
{
    json_t *json = json_array();

    for (size_t i = 0; i < listen->count; i++)
        (void)json_array_append_new(json, json_string(listen->items[i]));
    return json;
}

static void get_stats(struct routes *routes, struct http_exchange *exchange)
{
    const struct table *table = helm_table(routes->helm);
    char started[CLOCK_TEXT_SIZE];

    reply(exchange, 200,
          json_pack("{s:s, s:i, s:b, s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "version",
                    SEAWALL_VERSION, "pid", (int)getpid(), "owned", routes->is_owned, "started",
                    clock_text(routes->started_ms, started), "listen",
                    listen_to_json(&routes->listening->listen), "generation",
                    table ? (json_int_t)table->generation : 0, "durable_generation",
                    (json_int_t)routes->durable_generation, "serial",
                    table ? (json_int_t)table->serial : 0, "dns",
                    dns_to_json(routes->listening->dns), "probes",
                    probes_to_json(routes->helm)));
}

/* GET /v1/events */

struct listener {
    struct http_exchange *exchange;
    struct feed_listener *listener;
};

static void on_line(void *ctx, const json_t *line)
{
    struct listener *listener = ctx;
    char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort(); /* only when out of memory */
    size_t len = strlen(text);
    text[len] = '\n'; /* in place of the final NUL */
    (void)http_exchange_write(listener->exchange, text, len + 1); /* on_gone tells */
    free(text);
}

static void on_gone(void *ctx)
{
    struct listener *listener = ctx;

    listener->listener = feed_leave(listener->listener);
    free(listener);
}

/* Says where the past ends: who reads the table after this line misses nothing. */
static void say_open(struct listener *listener)
{
    char at[CLOCK_TEXT_SIZE];
    json_t *line =
        json_pack("{s:s, s:s}", "kind", "open", "at", clock_text(clock_wall_ms(), at));

    on_line(listener, line);
    json_decref(line);
}

static void get_events(struct routes *routes, struct http_exchange *exchange)
{
    struct listener *listener = mem_new(struct listener);

    listener->exchange = exchange;
    http_exchange_stream(exchange, 200, "application/x-ndjson", on_gone, listener);
    listener->listener =
        feed_listen(routes->events, flag(exchange, "replay", true), on_line, listener);
    if (flag(exchange, "follow", false)) {
        say_open(listener);
        return;
    }
    listener->listener = feed_leave(listener->listener);
    http_exchange_end(exchange);
}

void routes_handle(void *ctx, struct http_exchange *exchange)
{
    static const struct {
        const char *method, *path;
        void (*handle)(struct routes *routes, struct http_exchange *exchange);
    } all[] = {
        {"PUT", "/v1/intent", put_intent}, {"PUT", "/v1/listen", put_listen},
        {"GET", "/v1/table", get_table},   {"GET", "/v1/dns", get_table},
        {"GET", "/v1/events", get_events}, {"GET", "/v1/stats", get_stats},
    };
    const char *method = http_exchange_method(exchange);
    const char *path = http_exchange_path(exchange);
    bool path_is_known = false;
    char text[300];

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (strcmp(all[i].path, path) != 0)
            continue;
        path_is_known = true;
        if (strcmp(all[i].method, method) == 0) {
            all[i].handle(ctx, exchange);
            return;
        }
    }
    (void)snprintf(text, sizeof(text), "%s %.200s: %s", method, path,
                   path_is_known ? "this path does not take that method" : "no such path");
    reply(exchange, path_is_known ? 405 : 404, error_json("not-found", text));
}
