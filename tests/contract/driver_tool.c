/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out one driver operation against a real endpoint, for the contract tests.
 *
 *     driver_tool < request > result
 *
 * The request: {"driver": "docker", "endpoint": "unix:///run/docker.sock", "tls": {"ca",
 * "cert", "key"}, "op": "connect|list|watch|apply|logs", "app": {}, "action": {}, "config": {},
 * "since_ns": 0, "replica": "ID", "follow": false, "timestamps": false, "tail": -1,
 * "stop_after": 0, "expose": "loadbalancer", "stream": 0,
 * "allow_exec": false, "streams": [8]}. `streams` are watched to their ends, one after the
 * other, and then listed. `config` is a config.json of Docker;
 * `stop_after` ends a stream after so many items. The result: {"ok", "error", "code", "calls"}
 * and what the operation brings.
 */
#include "base/mem.h"
#include "driver/docker_auth.h"
#include "driver/driver.h"
#include "model/app_json.h"
#include "server/call.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tool {
    uv_loop_t loop;
    struct http_client *client;
    struct arena *arena;
    const struct driver *driver;
    json_t *request, *result, *items;
    struct cluster cluster;
    struct app *app;
    struct action action;
    struct driver_call proto;
    void *mirror;
    struct access *access;
    struct call *call;
    size_t stop_after;
    size_t replayed; /* of "streams" */
};

static const char *text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static long long number(const json_t *json, const char *key, long long otherwise)
{
    const json_t *value = json_object_get(json, key);

    return value ? json_integer_value(value) : otherwise;
}

static void put(json_t *json, const char *key, json_t *value)
{
    (void)json_object_set_new(json, key, value);
}

static json_t *json_text(const char *value)
{
    json_t *json = value ? json_string(value) : json_null();

    return json ? json : json_string("(no UTF-8)");
}

static json_t *ports(const struct observed_replica *replica)
{
    json_t *list = json_array();

    for (size_t i = 0; i < replica->port_count; i++) {
        json_t *port = json_object();

        put(port, "published", json_integer(replica->ports[i].published));
        put(port, "target", json_integer(replica->ports[i].target));
        put(port, "protocol",
            json_string(replica->ports[i].protocol == PORT_UDP ? "udp" : "tcp"));
        (void)json_array_append_new(list, port);
    }
    return list;
}

static json_t *replica_json(const struct observed_replica *replica)
{
    json_t *json = json_object();

    put(json, "id", json_text(replica->id));
    put(json, "name", json_text(replica->name));
    put(json, "app", json_text(replica->app));
    put(json, "service", json_text(replica->service));
    put(json, "number", json_integer(replica->number));
    put(json, "digest", json_text(replica->digest));
    put(json, "image", json_text(replica->image));
    put(json, "state", json_string(replica_state_name(replica->state)));
    put(json, "health", json_string(replica_health_name(replica->health)));
    put(json, "exit_code", json_integer(replica->exit_code));
    put(json, "status", json_text(replica->status));
    put(json, "ports", ports(replica));
    json_t *addresses = json_array();
    for (size_t i = 0; i < replica->addresses.count; i++)
        (void)json_array_append_new(addresses, json_text(replica->addresses.items[i]));
    put(json, "addresses", addresses);
    return json;
}

static json_t *service_json(const struct observed_service *service)
{
    json_t *json = json_object();

    put(json, "app", json_text(service->app));
    put(json, "service", json_text(service->service));
    put(json, "id", json_text(service->id));
    put(json, "digest", json_text(service->digest));
    put(json, "replicas", json_integer(service->replicas));
    put(json, "settled", json_boolean(service->settled));
    put(json, "trouble", json_text(service->trouble));
    return json;
}

static json_t *objects(const struct observed_object *list, size_t count)
{
    json_t *json = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(json, json_text(list[i].name));
    return json;
}

static void put_observation(struct tool *tool, const struct observation *o)
{
    json_t *replicas = json_array();

    for (size_t i = 0; i < o->replica_count; i++)
        (void)json_array_append_new(replicas, replica_json(&o->replicas[i]));
    put(tool->result, "replicas", replicas);
    put(tool->result, "networks", objects(o->networks, o->network_count));
    put(tool->result, "volumes", objects(o->volumes, o->volume_count));
    put(tool->result, "spaces", objects(o->spaces, o->space_count));
    json_t *services = json_array();
    for (size_t i = 0; i < o->service_count; i++)
        (void)json_array_append_new(services, service_json(&o->services[i]));
    put(tool->result, "services", services);
    put(tool->result, "room",
        json_pack("{s:I, s:I}", "cpus_nano", (json_int_t)o->cpus_nano, "memory_bytes",
                  (json_int_t)o->memory_bytes));
}

static void put_info(struct tool *tool, const struct driver_info *info)
{
    put(tool->result, "api_minor", json_integer(info->api_minor));
    put(tool->result, "dialect", json_integer(info->dialect));
    put(tool->result, "engine", json_text(info->engine));
    put(tool->result, "cpus_nano", json_integer((json_int_t)info->cpus_nano));
    put(tool->result, "memory_bytes", json_integer((json_int_t)info->memory_bytes));
}

static void finish(struct tool *tool, const struct err *err)
{
    put(tool->result, "ok", json_boolean(!err));
    if (err) {
        put(tool->result, "error", json_text(err->text));
        put(tool->result, "code", json_integer(err->code));
    }
    put(tool->result, "items", json_incref(tool->items));
    tool->client = http_client_free(tool->client);
}

/* The stream has brought enough: from inside its callback, the call ends at the next turn. */
static void on_enough(uv_timer_t *timer)
{
    struct tool *tool = timer->data;

    uv_close((uv_handle_t *)timer, NULL);
    tool->call = call_cancel(tool->call);
    finish(tool, NULL);
}

static void item(struct tool *tool, json_t *json)
{
    static uv_timer_t timer;

    (void)json_array_append_new(tool->items, json);
    if (tool->stop_after && json_array_size(tool->items) == tool->stop_after) {
        (void)uv_timer_init(&tool->loop, &timer);
        timer.data = tool;
        (void)uv_timer_start(&timer, on_enough, 0, 0);
    }
}

static void on_change(void *ctx, const struct driver_change *change)
{
    json_t *json = json_object();

    put(json, "at_ns", json_integer(change->at_ns));
    put(json, "id", json_text(change->id));
    put(json, "app", json_text(change->app));
    put(json, "service", json_text(change->service));
    put(json, "what", json_text(change->what));
    put(json, "matters", json_boolean(change->matters));
    item(ctx, json);
}

static void on_log(void *ctx, const struct driver_log_line *line)
{
    json_t *json = json_object();

    put(json, "stderr", json_boolean(line->is_stderr));
    put(json, "text", json_text(line->text));
    put(json, "at", json_text(line->at));
    item(ctx, json);
}

static void on_progress(void *ctx, const char *words)
{
    item(ctx, json_text(words));
}

static void on_done(void *ctx, struct driver_call *call, const struct err *err);

/* One stream after the other, then what a list says of it all. False: there is none left. */
static bool replay_next(struct tool *tool)
{
    const json_t *streams = json_object_get(tool->request, "streams");

    if (tool->replayed > json_array_size(streams) || !streams)
        return false;
    bool is_end = tool->replayed == json_array_size(streams);
    tool->proto.op = is_end ? DRIVER_LIST : DRIVER_WATCH;
    tool->proto.stream = (unsigned)json_integer_value(json_array_get(streams, tool->replayed));
    tool->replayed++;
    tool->call =
        call_start(&tool->loop, tool->client, tool->access, &tool->proto, on_done, tool);
    return true;
}

static void on_done(void *ctx, struct driver_call *call, const struct err *err)
{
    struct tool *tool = ctx;

    tool->call = NULL;
    if (!err && replay_next(tool))
        return;
    put(tool->result, "calls", json_integer(call->step + 1));
    if (!err && call->op == DRIVER_LIST)
        put_observation(tool, call->observation);
    finish(tool, err);
}

static void on_connected(void *ctx, struct driver_call *call, const struct err *err)
{
    struct tool *tool = ctx;

    tool->call = NULL;
    if (err) {
        finish(tool, err);
        return;
    }
    put_info(tool, &call->info);
    if (tool->proto.op == DRIVER_CONNECT) {
        finish(tool, NULL);
        return;
    }
    tool->proto.api_minor = call->info.api_minor;
    tool->proto.dialect = call->info.dialect;
    if (replay_next(tool))
        return;
    tool->call =
        call_start(&tool->loop, tool->client, tool->access, &tool->proto, on_done, tool);
}

static int find(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (word && strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

static void read_cluster(struct tool *tool)
{
    const json_t *tls = json_object_get(tool->request, "tls");

    tool->cluster = (struct cluster){
        .name = "amber-1",
        .driver = text(tool->request, "driver"),
        .endpoint = text(tool->request, "endpoint"),
        .provider = "amber",
        .region = "amber",
        .tls_ca = text(tls, "ca"),
        .tls_cert = text(tls, "cert"),
        .tls_key = text(tls, "key"),
    };
    tool->cluster.allow_exec = json_is_true(json_object_get(tool->request, "allow_exec"));
    if (text(tool->request, "expose"))
        tool->cluster.expose = strcmp(text(tool->request, "expose"), "ingress") == 0
                                   ? EXPOSE_INGRESS
                                   : EXPOSE_LOADBALANCER;
}

static int read_action(struct tool *tool, struct err *err)
{
    const json_t *json = json_object_get(tool->request, "action");
    int kind = 0;

    while (kind < ACTION_KINDS && text(json, "kind") &&
           strcmp(action_kind_name((enum action_kind)kind), text(json, "kind")) != 0)
        kind++;
    if (kind == ACTION_KINDS)
        return err_set(err, -EINVAL, "no such action");
    tool->action = (struct action){
        .kind = (enum action_kind)kind,
        .cluster = tool->cluster.name,
        .app = tool->app ? tool->app->name : text(json, "app"),
        .service = text(json, "service"),
        .number = (unsigned)number(json, "number", 1),
        .id = text(json, "id"),
        .target = text(json, "target"),
        .digest = text(json, "digest"),
    };
    tool->proto.action = &tool->action;
    return 0;
}

/* X-Registry-Auth from a config.json, as the server does it. */
static int read_auth(struct tool *tool, struct err *err)
{
    const json_t *config = json_object_get(tool->request, "config");

    if (!config || !tool->proto.service)
        return 0;
    char *words = json_dumps(config, 0);
    int r = docker_auth_header(tool->arena, words, strlen(words), tool->proto.service->image,
                               &tool->proto.registry_auth, err);
    free(words);
    return r;
}

static int read_app(struct tool *tool, struct err *err)
{
    const json_t *json = json_object_get(tool->request, "app");

    if (json && app_from_json(&tool->app, json, err) < 0)
        return err->code;
    if (read_action(tool, err) < 0)
        return err->code;
    tool->proto.app = tool->app;
    if (tool->app && tool->action.service)
        tool->proto.service = app_find_service(tool->app, tool->action.service);
    return read_auth(tool, err);
}

static int read_request(struct tool *tool, struct err *err)
{
    static const char *const ops[] = {"connect", "list", "watch", "apply", "logs"};
    json_error_t why;

    tool->request = json_loadf(stdin, 0, &why);
    if (!tool->request)
        return err_set(err, -EINVAL, "request:%d:%d: %s", why.line, why.column, why.text);
    int op = find(text(tool->request, "op"), ops, DRIVER_OPS);
    read_cluster(tool);
    tool->driver = driver_find(tool->cluster.driver);
    if (op < 0 || !tool->driver)
        return err_set(err, -EINVAL, "no such driver or operation");
    if (tool->driver->mirror_new)
        tool->mirror = tool->driver->mirror_new();
    tool->stop_after = (size_t)number(tool->request, "stop_after", 0);
    tool->proto = (struct driver_call){
        .op = (enum driver_op)op,
        .cluster = &tool->cluster,
        .mirror = tool->mirror,
        .since_ns = number(tool->request, "since_ns", 0),
        .stream = (unsigned)number(tool->request, "stream", 0),
        .replica_id = text(tool->request, "replica"),
        .follow = json_is_true(json_object_get(tool->request, "follow")),
        .timestamps = json_is_true(json_object_get(tool->request, "timestamps")),
        .tail = (int)number(tool->request, "tail", -1),
        .log_since_s = number(tool->request, "since_s", 0),
        .on_change = on_change,
        .on_log = on_log,
        .on_progress = on_progress,
        .ctx = tool,
    };
    return op == DRIVER_APPLY ? read_app(tool, err) : 0;
}

static void on_access(void *ctx, const struct err *err)
{
    struct tool *tool = ctx;
    struct driver_call connect = {.op = DRIVER_CONNECT, .cluster = &tool->cluster};

    if (err)
        finish(tool, err);
    else
        tool->call =
            call_start(&tool->loop, tool->client, tool->access, &connect, on_connected, tool);
}

int main(void)
{
    struct tool tool = {.arena = arena_new(), .result = json_object(), .items = json_array()};
    struct err err = {0};

    (void)uv_loop_init(&tool.loop);
    tool.client = http_client_new(&tool.loop);
    if (read_request(&tool, &err) < 0) {
        finish(&tool, &err);
    } else {
        tool.access = access_new(&tool.loop, &tool.cluster);
        access_prepare(tool.access, on_access, &tool);
    }
    (void)uv_run(&tool.loop, UV_RUN_DEFAULT);
    tool.access = access_unref(tool.access);
    (void)uv_run(&tool.loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&tool.loop);
    if (tool.mirror)
        tool.mirror = tool.driver->mirror_free(tool.mirror);
    (void)json_dumpf(tool.result, stdout, JSON_COMPACT);
    json_decref(tool.result);
    json_decref(tool.items);
    json_decref(tool.request);
    (void)app_free(tool.app);
    (void)arena_free(tool.arena);
    return left == 0 ? 0 : 1;
}
