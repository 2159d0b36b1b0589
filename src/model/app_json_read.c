/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of app_json. */
#include "base/scope.h"
#include "model/app_check.h"
#include "model/app_json.h"
#include "model/app_json_internal.h"
#include "model/json_read.h"
#include "model/name.h"
#include "model/probe_json.h"
#include "model/setting_json.h"
#include "model/survive_json.h"

#include <errno.h>
#include <string.h>

#define TTL_S_MAX 86400u /* as in an intent */

struct reader {
    struct arena *arena;
    struct app *app;
    struct err *err;
};

static const char *where_of(struct reader *r, const char *where, const char *key)
{
    return json_where(r->arena, where, key);
}

/* A missing member leaves *out as it is. */
static int read_text(struct reader *r, const json_t *json, const char *where, const char *key,
                     const char **out)
{
    if (!json_object_get(json, key))
        return 0;
    return json_read_text(json, where, key, r->arena, out, r->err);
}

static int read_bool(struct reader *r, const json_t *json, const char *where, const char *key,
                     bool *out)
{
    return json_object_get(json, key) ? json_read_bool(json, where, key, out, r->err) : 0;
}

static int read_size(struct reader *r, const json_t *json, const char *where, const char *key,
                     uint64_t max, uint64_t *out)
{
    if (!json_object_get(json, key))
        return 0;
    return json_read_unsigned(json, where, key, max, out, r->err);
}

static int read_number(struct reader *r, const json_t *json, const char *where, const char *key,
                       unsigned max, unsigned *out)
{
    if (!json_object_get(json, key))
        return 0;
    return json_read_number(json, where, key, 0, max, out, r->err);
}

static int read_enum(struct reader *r, const json_t *json, const char *where, const char *key,
                     const char *const *texts, unsigned *out)
{
    if (!json_object_get(json, key))
        return 0;
    return json_read_enum(json, where, key, texts, r->arena, out, r->err);
}

static int read_list(struct reader *r, const json_t *json, const char *where, const char *key,
                     bool *is_set, struct strings *out)
{
    if (!json_object_get(json, key))
        return 0;
    *is_set = true;
    return json_read_strings(json, where, key, APP_ITEMS_MAX, r->arena, out, r->err);
}

static int read_survive(struct reader *r, const json_t *json, const char *where, bool *is_set,
                        struct survive *out)
{
    const json_t *value = json_object_get(json, "survive");

    *is_set = value != NULL;
    if (!value)
        return 0;
    return survive_from_json(value, where_of(r, where, "survive"), out, r->err);
}

static int read_key_values(struct reader *r, const json_t *json, const char *where,
                           const char *key, struct key_values *out)
{
    const json_t *object = json_object_get(json, key);
    const char *place = where_of(r, where, key);

    if (!object)
        return 0;
    if (json_read_object(object, place, APP_ITEMS_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, object);
    struct key_value *items = arena_array(r->arena, members.count, sizeof(*items));
    for (size_t i = 0; i < members.count; i++) {
        items[i].key = members.items[i].key;
        /* "=" would end the name of a variable or of a label early. */
        if (!*items[i].key || strlen(items[i].key) > JSON_TEXT_MAX || strchr(items[i].key, '='))
            return err_set(r->err, -EINVAL, "%s: found the name '%.80s', which is %s", place,
                           items[i].key, *items[i].key ? "too long or has a '='" : "empty");
        if (json_read_text(object, place, items[i].key, r->arena, &items[i].value, r->err) < 0)
            return r->err->code;
    }
    *out = (struct key_values){items, members.count};
    return 0;
}

static int check_key(struct reader *r, const char *name, const char *where)
{
    if (name_is_key(name))
        return 0;
    return err_set(r->err, -EINVAL,
                   "%s: found the name '%.80s', expected 1 to 253 of a-z, A-Z, 0-9, '.', '_' "
                   "and '-'",
                   where, name);
}

/* Lower case, without the final dot; absent stays NULL. */
static int read_hostname(struct reader *r, const json_t *json, const char *where,
                         const char **out)
{
    const char *text = NULL;

    if (read_text(r, json, where, "hostname", &text) < 0)
        return r->err->code;
    if (!text)
        return 0;
    *out = name_hostname(r->arena, text);
    if (*out)
        return 0;
    return err_set(r->err, -EINVAL, "%s: found '%.80s', expected a DNS name",
                   where_of(r, where, "hostname"), text);
}

static int read_port(struct reader *r, const json_t *json, const char *where, struct port *out)
{
    static const char *const keys[] = {"host_ip", "published_first", "published_last",
                                       "target",  "protocol",        NULL};
    struct port port = {0};
    const char *ip = NULL;
    char address[ADDRESS_SIZE];
    unsigned first = 0, last = 0, protocol = PORT_TCP;

    if (json_read_keys(json, where, keys, r->err) < 0 ||
        json_read_port(json, where, "target", 1, &port.target, r->err) < 0 ||
        read_number(r, json, where, "published_first", UINT16_MAX, &first) < 0 ||
        read_number(r, json, where, "published_last", UINT16_MAX, &last) < 0 ||
        read_enum(r, json, where, "protocol", app_protocol_texts, &protocol) < 0 ||
        read_text(r, json, where, "host_ip", &ip) < 0)
        return r->err->code;
    if (first > last || (!first && last))
        return err_set(r->err, -EINVAL, "%s: found the published ports %u to %u", where, first,
                       last);
    if (ip && !name_address(ip, address))
        return err_set(r->err, -EINVAL, "%s.host_ip: found '%.80s', expected an IP address",
                       where, ip);
    port.host_ip = ip ? arena_strdup(r->arena, address) : NULL;
    port.published_first = (uint16_t)first;
    port.published_last = (uint16_t)last;
    port.protocol = protocol;
    *out = port;
    return 0;
}

static int read_ports(struct reader *r, const json_t *json, const char *where,
                      struct service *service)
{
    const json_t *array = json_object_get(json, "ports");
    const char *place = where_of(r, where, "ports");

    if (!array)
        return 0;
    if (json_read_array(array, place, APP_ITEMS_MAX, r->err) < 0)
        return r->err->code;

    size_t count = json_array_size(array);
    service->ports = arena_array(r->arena, count, sizeof(*service->ports));
    for (size_t i = 0; i < count; i++)
        if (read_port(r, json_array_get(array, i), place, &service->ports[i]) < 0)
            return r->err->code;
    service->port_count = count;
    return 0;
}

static int read_mount(struct reader *r, const json_t *json, const char *where,
                      struct mount *mount)
{
    static const char *const keys[] = {"type", "source", "target", "read_only", NULL};
    unsigned kind = MOUNT_VOLUME;

    mount->source = "";
    if (json_read_keys(json, where, keys, r->err) < 0 ||
        json_read_enum(json, where, "type", app_mount_texts, r->arena, &kind, r->err) < 0 ||
        read_text(r, json, where, "source", &mount->source) < 0 ||
        json_read_text(json, where, "target", r->arena, &mount->target, r->err) < 0 ||
        read_bool(r, json, where, "read_only", &mount->read_only) < 0)
        return r->err->code;
    if (kind == MOUNT_BIND && *mount->source != '/')
        return err_set(r->err, -EINVAL, "%s.source: found '%.80s', expected an absolute path",
                       where, mount->source);
    if (*mount->target != '/')
        return err_set(r->err, -EINVAL, "%s.target: found '%.80s', expected an absolute path",
                       where, mount->target);
    mount->kind = kind;
    return 0;
}

static int read_mounts(struct reader *r, const json_t *json, const char *where,
                       struct service *service)
{
    const json_t *array = json_object_get(json, "mounts");
    const char *place = where_of(r, where, "mounts");

    if (!array)
        return 0;
    if (json_read_array(array, place, APP_ITEMS_MAX, r->err) < 0)
        return r->err->code;

    size_t count = json_array_size(array);
    service->mounts = arena_array(r->arena, count, sizeof(*service->mounts));
    for (size_t i = 0; i < count; i++)
        if (read_mount(r, json_array_get(array, i), place, &service->mounts[i]) < 0)
            return r->err->code;
    service->mount_count = count;
    return 0;
}

static int read_service_networks(struct reader *r, const json_t *json, const char *where,
                                 struct service *service)
{
    static const char *const keys[] = {"aliases", NULL};
    const json_t *object = json_object_get(json, "networks");
    const char *place = where_of(r, where, "networks");
    bool is_set = false;

    if (!object)
        return 0;
    if (json_read_object(object, place, APP_ITEMS_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, object);
    service->networks = arena_array(r->arena, members.count, sizeof(*service->networks));
    for (size_t i = 0; i < members.count; i++) {
        const json_t *item = members.items[i].value;
        const char *item_place = where_of(r, place, members.items[i].key);

        service->networks[i].network = members.items[i].key;
        if (check_key(r, members.items[i].key, place) < 0 ||
            json_read_keys(item, item_place, keys, r->err) < 0 ||
            read_list(r, item, item_place, "aliases", &is_set, &service->networks[i].aliases) <
                0)
            return r->err->code;
    }
    service->network_count = members.count;
    return 0;
}

static int read_dependencies(struct reader *r, const json_t *json, const char *where,
                             struct service *service)
{
    static const char *const keys[] = {"condition", "required", "restart", NULL};
    const json_t *object = json_object_get(json, "dependencies");
    const char *place = where_of(r, where, "dependencies");

    if (!object)
        return 0;
    if (json_read_object(object, place, APP_ITEMS_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, object);
    service->dependencies =
        arena_array(r->arena, members.count, sizeof(*service->dependencies));
    for (size_t i = 0; i < members.count; i++) {
        const json_t *item = members.items[i].value;
        const char *item_place = where_of(r, place, members.items[i].key);
        struct dependency *dependency = &service->dependencies[i];
        unsigned condition = DEPENDS_STARTED;

        *dependency = (struct dependency){.service = members.items[i].key, .required = true};
        if (check_key(r, dependency->service, place) < 0 ||
            json_read_keys(item, item_place, keys, r->err) < 0 ||
            read_enum(r, item, item_place, "condition", app_condition_texts, &condition) < 0 ||
            read_bool(r, item, item_place, "required", &dependency->required) < 0 ||
            read_bool(r, item, item_place, "restart", &dependency->restart) < 0)
            return r->err->code;
        dependency->condition = condition;
    }
    service->dependency_count = members.count;
    return 0;
}

static int read_healthcheck(struct reader *r, const json_t *json, const char *where,
                            struct healthcheck *check)
{
    static const char *const keys[] = {
        "disabled", "test", "interval_ns", "timeout_ns", "start_period_ns", "retries", NULL};
    const json_t *item = json_object_get(json, "healthcheck");
    const char *place = where_of(r, where, "healthcheck");
    bool is_set = false;

    if (!item)
        return 0;
    if (json_read_keys(item, place, keys, r->err) < 0 ||
        read_bool(r, item, place, "disabled", &check->disabled) < 0 ||
        read_list(r, item, place, "test", &is_set, &check->test) < 0 ||
        read_size(r, item, place, "interval_ns", APP_DURATION_NS_MAX, &check->interval_ns) <
            0 ||
        read_size(r, item, place, "timeout_ns", APP_DURATION_NS_MAX, &check->timeout_ns) < 0 ||
        read_size(r, item, place, "start_period_ns", APP_DURATION_NS_MAX,
                  &check->start_period_ns) < 0 ||
        read_number(r, item, place, "retries", APP_RETRIES_MAX, &check->retries) < 0)
        return r->err->code;
    check->is_set = true;
    return 0;
}

static int read_resources(struct reader *r, const json_t *json, const char *where,
                          struct service *service)
{
    if (read_size(r, json, where, "cpus_limit_nano", APP_CPUS_NANO_MAX,
                  &service->cpus_limit_nano) < 0 ||
        read_size(r, json, where, "memory_limit_bytes", APP_MEMORY_BYTES_MAX,
                  &service->memory_limit_bytes) < 0 ||
        read_size(r, json, where, "cpus_reservation_nano", APP_CPUS_NANO_MAX,
                  &service->cpus_reservation_nano) < 0 ||
        read_size(r, json, where, "memory_reservation_bytes", APP_MEMORY_BYTES_MAX,
                  &service->memory_reservation_bytes) < 0)
        return r->err->code;
    return 0;
}

static int read_settings(struct reader *r, const json_t *json, const char *where,
                         struct settings *settings)
{
    const json_t *item = json_object_get(json, "settings");

    if (!item)
        return 0;
    return settings_from_json(item, where_of(r, where, "settings"), r->arena, settings, r->err);
}

static int read_probe(struct reader *r, const json_t *json, const char *where,
                      struct service *service)
{
    const json_t *probe = json_object_get(json, "probe");
    const char *place = where_of(r, where, "probe");

    if (!probe)
        return 0;
    if (probe_from_json(probe, place, r->arena, &service->probe, r->err) < 0)
        return r->err->code;
    if (service->probe.kind == PROBE_NONE ||
        (service->probe.port && service_steered_port(service)))
        return 0;
    return err_set(r->err, -EINVAL,
                   "%s.port: found %u, expected the target of a published TCP port", place,
                   service->probe.port);
}

/* The part that only Seawall reads. */
static int read_seawall(struct reader *r, const json_t *json, const char *where,
                        struct service *service)
{
    unsigned state = STATE_PLAIN;

    service->replicas = 1;
    if (read_number(r, json, where, "replicas", APP_REPLICAS_MAX, &service->replicas) < 0 ||
        read_hostname(r, json, where, &service->hostname) < 0 ||
        read_number(r, json, where, "ttl", TTL_S_MAX, &service->ttl_s) < 0 ||
        read_survive(r, json, where, &service->has_survive, &service->survive) < 0 ||
        read_enum(r, json, where, "state", app_state_texts, &state) < 0 ||
        read_probe(r, json, where, service) < 0)
        return r->err->code;
    service->state = state;
    return 0;
}

static int read_service(struct reader *r, const json_t *json, const char *where,
                        struct service *service)
{
    static const char *const keys[] = {"image",
                                       "command",
                                       "entrypoint",
                                       "environment",
                                       "labels",
                                       "ports",
                                       "mounts",
                                       "networks",
                                       "dependencies",
                                       "healthcheck",
                                       "restart",
                                       "restart_retries_max",
                                       "settings",
                                       "replicas",
                                       "cpus_limit_nano",
                                       "hostname",
                                       "memory_limit_bytes",
                                       "ttl",
                                       "cpus_reservation_nano",
                                       "survive",
                                       "memory_reservation_bytes",
                                       "state",
                                       "probe",
                                       NULL};
    unsigned restart = RESTART_NO;

    if (json_read_keys(json, where, keys, r->err) < 0 ||
        json_read_text(json, where, "image", r->arena, &service->image, r->err) < 0 ||
        read_list(r, json, where, "command", &service->has_command, &service->command) < 0 ||
        read_list(r, json, where, "entrypoint", &service->has_entrypoint,
                  &service->entrypoint) < 0 ||
        read_key_values(r, json, where, "environment", &service->environment) < 0 ||
        read_key_values(r, json, where, "labels", &service->labels) < 0 ||
        read_ports(r, json, where, service) < 0 || read_mounts(r, json, where, service) < 0 ||
        read_service_networks(r, json, where, service) < 0 ||
        read_dependencies(r, json, where, service) < 0 ||
        read_healthcheck(r, json, where, &service->healthcheck) < 0 ||
        read_enum(r, json, where, "restart", app_restart_texts, &restart) < 0 ||
        read_number(r, json, where, "restart_retries_max", APP_RETRIES_MAX,
                    &service->restart_retries_max) < 0 ||
        read_settings(r, json, where, &service->settings) < 0 ||
        read_resources(r, json, where, service) < 0)
        return r->err->code;
    if (!*service->image)
        return err_set(r->err, -EINVAL,
                       "%s.image: found nothing, expected the name of an image", where);
    service->restart = restart;
    return read_seawall(r, json, where, service);
}

static int read_services(struct reader *r, const json_t *json)
{
    if (json_read_object(json, "services", APP_SERVICES_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, json);
    struct service *services = arena_array(r->arena, members.count, sizeof(*services));
    for (size_t i = 0; i < members.count; i++) {
        services[i].name = members.items[i].key;
        if (check_key(r, services[i].name, "services") < 0 ||
            read_service(r, members.items[i].value,
                         where_of(r, "services", members.items[i].key), &services[i]) < 0)
            return r->err->code;
    }
    r->app->services = services;
    r->app->service_count = members.count;
    return 0;
}

static int check_object_name(struct reader *r, const char *name, const char *where)
{
    if (name_is_object(name))
        return 0;
    return err_set(r->err, -EINVAL,
                   "%s.name: found '%.80s', expected a letter or digit, then a-z, A-Z, 0-9, "
                   "'.', '_' and '-'",
                   where, name);
}

static int read_network(struct reader *r, const json_t *json, const char *where,
                        struct network *network)
{
    static const char *const keys[] = {"name",        "driver", "external", "internal",
                                       "driver_opts", "labels", NULL};

    if (json_read_keys(json, where, keys, r->err) < 0 ||
        json_read_text(json, where, "name", r->arena, &network->name, r->err) < 0 ||
        check_object_name(r, network->name, where) < 0 ||
        read_text(r, json, where, "driver", &network->driver) < 0 ||
        read_bool(r, json, where, "external", &network->external) < 0 ||
        read_bool(r, json, where, "internal", &network->internal) < 0 ||
        read_key_values(r, json, where, "driver_opts", &network->driver_opts) < 0 ||
        read_key_values(r, json, where, "labels", &network->labels) < 0)
        return r->err->code;
    return 0;
}

static int read_networks(struct reader *r, const json_t *json)
{
    if (!json)
        return 0;
    if (json_read_object(json, "networks", APP_SERVICES_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, json);
    r->app->networks = arena_array(r->arena, members.count, sizeof(*r->app->networks));
    for (size_t i = 0; i < members.count; i++) {
        r->app->networks[i].key = members.items[i].key;
        if (check_key(r, members.items[i].key, "networks") < 0 ||
            read_network(r, members.items[i].value,
                         where_of(r, "networks", members.items[i].key),
                         &r->app->networks[i]) < 0)
            return r->err->code;
    }
    r->app->network_count = members.count;
    return 0;
}

static int read_volume(struct reader *r, const json_t *json, const char *where,
                       struct volume *volume)
{
    static const char *const keys[] = {"name",        "driver", "external",
                                       "driver_opts", "labels", NULL};

    if (json_read_keys(json, where, keys, r->err) < 0 ||
        json_read_text(json, where, "name", r->arena, &volume->name, r->err) < 0 ||
        check_object_name(r, volume->name, where) < 0 ||
        read_text(r, json, where, "driver", &volume->driver) < 0 ||
        read_bool(r, json, where, "external", &volume->external) < 0 ||
        read_key_values(r, json, where, "driver_opts", &volume->driver_opts) < 0 ||
        read_key_values(r, json, where, "labels", &volume->labels) < 0)
        return r->err->code;
    return 0;
}

static int read_volumes(struct reader *r, const json_t *json)
{
    if (!json)
        return 0;
    if (json_read_object(json, "volumes", APP_SERVICES_MAX, r->err) < 0)
        return r->err->code;

    struct json_members members = json_members_sorted(r->arena, json);
    r->app->volumes = arena_array(r->arena, members.count, sizeof(*r->app->volumes));
    for (size_t i = 0; i < members.count; i++) {
        r->app->volumes[i].key = members.items[i].key;
        if (check_key(r, members.items[i].key, "volumes") < 0 ||
            read_volume(r, members.items[i].value, where_of(r, "volumes", members.items[i].key),
                        &r->app->volumes[i]) < 0)
            return r->err->code;
    }
    r->app->volume_count = members.count;
    return 0;
}

/* Keeps the first problem: the sender is a program, which shows one error. */
static void on_problem(void *ctx, const struct app_problem *problem)
{
    struct err *err = ctx;

    if (!err->code)
        (void)err_set(err, -EINVAL, "services.%s: %s", problem->service->name, problem->text);
}

int app_from_json(struct app **out, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"name",     "ttl",      "hostname", "survive",
                                       "services", "networks", "volumes",  NULL};
    struct arena *arena = arena_new();
    SCOPED(app_freep) struct app *app = arena_new_in(arena, struct app);
    struct reader r = {arena, app, err};

    app->arena = arena;
    app->ttl_s = APP_TTL_DEFAULT_S;
    if (json_read_keys(json, "", keys, err) < 0 ||
        json_read_text(json, "", "name", arena, &app->name, err) < 0)
        return err->code;
    if (!name_is_app(app->name))
        return err_set(err, -EINVAL,
                       "name: found '%.80s', expected 1 to %d of a-z, 0-9, '_' and '-', the "
                       "first a letter or digit",
                       app->name, APP_NAME_MAX);
    if (read_number(&r, json, "", "ttl", TTL_S_MAX, &app->ttl_s) < 0 ||
        read_hostname(&r, json, "", &app->hostname) < 0 ||
        read_survive(&r, json, "", &app->has_survive, &app->survive) < 0 ||
        read_services(&r, json_object_get(json, "services")) < 0 ||
        read_networks(&r, json_object_get(json, "networks")) < 0 ||
        read_volumes(&r, json_object_get(json, "volumes")) < 0)
        return err->code;
    if (!app->ttl_s)
        return err_set(err, -EINVAL, "ttl: found 0, expected 1 to %u", TTL_S_MAX);

    err->code = 0;
    if (app_check(app, on_problem, err))
        return err->code;
    *out = take_ptr(&app);
    return 0;
}
