/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"
#include "driver/docker_internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 300
#define LABEL_MAX   255 /* of what names an app, a service, a digest */
#define PORTS_MAX   65535
#define VALUES_MAX  20000 /* in one object: a container with thousands of labels */

int docker_fail(const struct driver_call *call, int code, struct err *err, const char *fmt, ...)
{
    const struct docker *d = call->state;
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(err, code, "docker at %s: %s: %s", call->cluster->name, d->what, text);
}

int docker_fail_reply(const struct driver_call *call, int code, const struct http_reply *in,
                      struct err *err)
{
    return docker_fail(call, code, err, "%d: %s", in->status, docker_message(call->arena, in));
}

void docker_json_freep(json_t **json)
{
    json_decref(*json);
}

const char *docker_text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

/* One line that any terminal can show: no control characters, bounded. */
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

const char *docker_message(struct arena *arena, const struct http_reply *in)
{
    SCOPED(docker_json_freep) json_t *json = json_loadb(in->body, in->body_len, 0, NULL);
    const char *message = docker_text(json, "message");

    if (message)
        return readable(arena, message);
    return in->body_len ? readable(arena, in->body) : "no reason given";
}

/*
 * A value takes up to 200 bytes in memory and as little as two of text, so the size of the text
 * says too little.
 */
static bool is_too_rich(const char *text, size_t len)
{
    bool in_string = false;
    size_t values = 0;

    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string)
            values += text[i] == ',' || text[i] == '{' || text[i] == '[';
    }
    return values > VALUES_MAX;
}

static json_t *parse(const struct driver_call *call, const char *text, size_t len,
                     struct err *err)
{
    json_error_t why;

    if (is_too_rich(text, len)) {
        (void)docker_fail(call, -EMSGSIZE, err,
                          "the reply has an object of more than %d values", VALUES_MAX);
        return NULL;
    }
    json_t *json = json_loadb(text, len, 0, &why);
    if (!json)
        (void)docker_fail(call, -EPROTO, err, "the reply is no JSON: line %d, column %d: %s",
                          why.line, why.column, readable(call->arena, why.text));
    return json;
}

json_t *docker_json(const struct driver_call *call, const struct http_reply *in, json_type type,
                    struct err *err)
{
    if (in->status < 200 || in->status > 299) {
        (void)docker_fail_reply(call, -EIO, in, err);
        return NULL;
    }
    json_t *json = parse(call, in->body, in->body_len, err);
    if (json && json_typeof(json) != type) {
        (void)docker_fail(call, -EPROTO, err, "the reply is not an %s",
                          type == JSON_ARRAY ? "array" : "object");
        json_decref(json);
        json = NULL;
    }
    return json;
}

bool docker_is_ours(const struct driver_call *call, const json_t *labels)
{
    const char *app = docker_text(labels, LABEL_APP);

    return app && strcmp(app, call->action->app) == 0;
}

/* A label that names something: NULL when it is not there or cannot be ours. */
static const char *label(const json_t *labels, const char *key)
{
    const char *text = docker_text(labels, key);

    return text && *text && strlen(text) <= LABEL_MAX ? text : NULL;
}

static enum replica_state read_state(const char *text)
{
    /* clang-format off */
    static const struct { const char *text; enum replica_state state; } states[] = {
        {"created", REPLICA_CREATED},     {"configured", REPLICA_CREATED},
        {"initialized", REPLICA_CREATED}, {"running", REPLICA_RUNNING},
        {"restarting", REPLICA_RESTARTING}, {"paused", REPLICA_PAUSED},
        {"dead", REPLICA_DEAD},           {"removing", REPLICA_DEAD},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(states[i].text, text) == 0)
            return states[i].state;
    return REPLICA_EXITED; /* "exited", "stopped", "stopping" */
}

static enum replica_health read_health(const char *status)
{
    if (strstr(status, "(healthy)"))
        return HEALTH_HEALTHY;
    if (strstr(status, "(unhealthy)"))
        return HEALTH_UNHEALTHY;
    return strstr(status, "(health: starting)") ? HEALTH_STARTING : HEALTH_NONE;
}

/* "Exited (137) 2 hours ago", "Restarting (1) 3 seconds ago": the list says it nowhere else. */
static int read_exit_code(const char *status)
{
    const char *from = strchr(status, '(');
    uint64_t code;

    if (!from || number_read(from + 1, strspn(from + 1, "0123456789"), 0, INT_MAX, &code) < 0)
        return 0;
    return (int)code;
}

static bool read_port(const json_t *json, struct observed_port *out)
{
    json_int_t published = json_integer_value(json_object_get(json, "PublicPort"));
    json_int_t target = json_integer_value(json_object_get(json, "PrivatePort"));
    const char *type = docker_text(json, "Type");

    if (published < 1 || published > UINT16_MAX || target < 1 || target > UINT16_MAX || !type)
        return false;
    if (strcmp(type, "tcp") != 0 && strcmp(type, "udp") != 0)
        return false;
    *out = (struct observed_port){.published = (uint16_t)published,
                                  .target = (uint16_t)target,
                                  .protocol = *type == 'u' ? PORT_UDP : PORT_TCP};
    return true;
}

/* One entry for each address that a port is published on, IPv4 and IPv6, becomes one port. */
static void read_ports(struct arena *arena, const json_t *list, struct observed_replica *out)
{
    size_t capacity = 0;

    for (size_t i = 0; i < json_array_size(list) && i < PORTS_MAX; i++) {
        struct observed_port port;
        size_t seen = 0;

        if (!read_port(json_array_get(list, i), &port))
            continue;
        while (seen < out->port_count && (out->ports[seen].published != port.published ||
                                          out->ports[seen].target != port.target ||
                                          out->ports[seen].protocol != port.protocol))
            seen++;
        if (seen < out->port_count)
            continue;
        out->ports =
            arena_grow(arena, out->ports, out->port_count, &capacity, sizeof(*out->ports));
        out->ports[out->port_count++] = port;
    }
}

/* Somebody may have put our label on what is not ours: what is incomplete is passed over. */
static bool read_labels(struct arena *arena, const json_t *labels, struct observed_replica *out)
{
    const char *app = label(labels, LABEL_APP);
    const char *service = label(labels, LABEL_SERVICE);
    const char *number = label(labels, LABEL_REPLICA);
    const char *digest = label(labels, LABEL_DIGEST);
    uint64_t value;

    if (!app || !service || !number || !digest ||
        number_read(number, strlen(number), 1, APP_REPLICAS_MAX, &value) < 0)
        return false;
    out->app = arena_strdup(arena, app);
    out->service = arena_strdup(arena, service);
    out->digest = arena_strdup(arena, digest);
    out->number = (unsigned)value;
    return true;
}

static int read_container(struct driver_call *call, const json_t *json,
                          struct observed_replica *out, bool *is_ours, struct err *err)
{
    struct arena *arena = call->observation->arena;
    const char *id = docker_text(json, "Id");
    const char *name = json_string_value(json_array_get(json_object_get(json, "Names"), 0));
    const char *state = docker_text(json, "State");
    const char *status = docker_text(json, "Status");
    const char *image = docker_text(json, "Image");

    if (!id || !*id || !state || !status)
        return docker_fail(call, -EPROTO, err,
                           "a container in the reply has no text Id, State or Status");
    *is_ours = read_labels(arena, json_object_get(json, "Labels"), out);
    if (!*is_ours)
        return 0;
    out->id = arena_strdup(arena, id);
    out->name = arena_strdup(arena, name ? name + (*name == '/') : id);
    out->image = arena_strdup(arena, image ? image : "");
    out->status = arena_strdup(arena, status);
    out->state = read_state(state);
    out->health = out->state == REPLICA_RUNNING ? read_health(status) : HEALTH_NONE;
    out->exit_code = out->state == REPLICA_RUNNING ? 0 : read_exit_code(status);
    read_ports(arena, json_object_get(json, "Ports"), out);
    return 0;
}

int docker_read_container(void *ctx, const char *text, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    struct observation *o = call->observation;
    struct docker *d = call->state;
    SCOPED(docker_json_freep) json_t *json = parse(call, text, len, err);
    bool is_ours = false;

    if (!json)
        return err->code;
    o->replicas =
        arena_grow(o->arena, o->replicas, o->replica_count, &d->capacity, sizeof(*o->replicas));
    o->replicas[o->replica_count] = (struct observed_replica){0};
    if (read_container(call, json, &o->replicas[o->replica_count], &is_ours, err) < 0)
        return err->code;
    o->replica_count += is_ours;
    return 0;
}

/* Podman's list says nothing of health: it is asked for the containers of each one. */
static const struct {
    const char *name;
    enum replica_health health;
} healths[] = {{"healthy", HEALTH_HEALTHY},
               {"unhealthy", HEALTH_UNHEALTHY},
               {"starting", HEALTH_STARTING}};

static int compare_id(const void *a, const void *b)
{
    return strcmp((*(struct observed_replica *const *)a)->id,
                  (*(struct observed_replica *const *)b)->id);
}

void docker_health_begin(struct driver_call *call)
{
    const struct observation *o = call->observation;
    struct docker *d = call->state;

    d->by_id = arena_array(call->arena, o->replica_count, sizeof(*d->by_id));
    for (size_t i = 0; i < o->replica_count; i++)
        d->by_id[i] = &o->replicas[i];
    qsort(d->by_id, o->replica_count, sizeof(*d->by_id), compare_id);
}

const char *docker_health_name(const struct docker *d)
{
    return d->health_asked < sizeof(healths) / sizeof(healths[0])
               ? healths[d->health_asked].name
               : NULL;
}

int docker_read_health(void *ctx, const char *text, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    const struct docker *d = call->state;
    SCOPED(docker_json_freep) json_t *json = parse(call, text, len, err);

    if (!json)
        return err->code;
    struct observed_replica wanted = {.id = docker_text(json, "Id")};
    struct observed_replica *key = &wanted;
    struct observed_replica **found =
        wanted.id ? bsearch(&key, d->by_id, call->observation->replica_count, sizeof(*d->by_id),
                            compare_id)
                  : NULL;
    if (found && (*found)->state == REPLICA_RUNNING)
        (*found)->health = healths[d->health_asked].health;
    return 0;
}

static int read_object(struct driver_call *call, const char *text, size_t len,
                       struct observed_object **list, size_t *count, struct err *err)
{
    struct arena *arena = call->observation->arena;
    struct docker *d = call->state;
    SCOPED(docker_json_freep) json_t *json = parse(call, text, len, err);

    if (!json)
        return err->code;
    const char *name = label(json, "Name");
    const char *app = label(json_object_get(json, "Labels"), LABEL_APP);
    if (!name || !app)
        return 0;
    *list = arena_grow(arena, *list, *count, &d->capacity, sizeof(**list));
    (*list)[*count].name = arena_strdup(arena, name);
    (*list)[*count].app = arena_strdup(arena, app);
    (*count)++;
    return 0;
}

int docker_read_network(void *ctx, const char *text, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    struct observation *o = call->observation;

    return read_object(call, text, len, &o->networks, &o->network_count, err);
}

int docker_read_volume(void *ctx, const char *text, size_t len, struct err *err)
{
    struct driver_call *call = ctx;
    struct observation *o = call->observation;

    return read_object(call, text, len, &o->volumes, &o->volume_count, err);
}
