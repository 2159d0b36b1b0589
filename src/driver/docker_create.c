/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/docker_internal.h"
#include "driver/json_put.h"

#include <limits.h>
#include <string.h>

/* The version in com.docker.compose.version says whose rules the labels follow. */
#define COMPOSE_VERSION "2.0.0"

static void put_labels(const struct driver_call *call, json_t *body)
{
    const struct action *action = call->action;
    const char *number = arena_printf(call->arena, "%u", action->number);
    json_t *labels = json_put_object(body, "Labels");

    json_put_pairs(labels, &call->service->labels);
    json_put_text(labels, LABEL_APP, call->app->name);
    json_put_text(labels, LABEL_SERVICE, call->service->name);
    json_put_text(labels, LABEL_REPLICA, number);
    json_put_text(labels, LABEL_DIGEST, action->digest);
    json_put_text(labels, "com.docker.compose.project", call->app->name);
    json_put_text(labels, "com.docker.compose.service", call->service->name);
    json_put_text(labels, "com.docker.compose.container-number", number);
    json_put_text(labels, "com.docker.compose.oneoff", "False");
    json_put_text(labels, "com.docker.compose.version", COMPOSE_VERSION);
    json_put_text(labels, "com.docker.compose.config-hash", action->digest);
}

static void put_environment(const struct driver_call *call, json_t *body)
{
    const struct key_values *pairs = &call->service->environment;
    json_t *list = json_put_array(body, "Env");

    for (size_t i = 0; i < pairs->count; i++)
        (void)json_array_append_new(
            list, json_string(arena_printf(call->arena, "%s=%s", pairs->items[i].key,
                                           pairs->items[i].value)));
}

static void put_healthcheck(json_t *body, const struct healthcheck *check)
{
    if (!check->is_set)
        return;
    json_t *out = json_put_object(body, "Healthcheck");
    if (check->disabled) {
        (void)json_array_append_new(json_put_array(out, "Test"), json_string("NONE"));
        return;
    }
    if (check->test.count)
        json_put_strings(out, "Test", &check->test);
    json_put_number(out, "Interval", check->interval_ns);
    json_put_number(out, "Timeout", check->timeout_ns);
    json_put_number(out, "StartPeriod", check->start_period_ns);
    json_put_number(out, "Retries", check->retries);
}

static unsigned range_size(const struct port *port)
{
    return (unsigned)(port->published_last - port->published_first) + 1;
}

unsigned docker_port_choices(const struct service *service)
{
    unsigned choices = UINT_MAX;

    for (size_t i = 0; i < service->port_count; i++)
        if (service->ports[i].published_first && range_size(&service->ports[i]) < choices)
            choices = range_size(&service->ports[i]);
    return choices == UINT_MAX ? 1 : choices;
}

/* The Engine picks from a range; Podman takes single ports only, so we pick. */
static const char *host_port(const struct driver_call *call, const struct port *port)
{
    const struct docker *d = call->state;

    if (!port->published_first)
        return call->dialect == DOCKER_PODMAN ? "0" : "";
    if (range_size(port) == 1)
        return arena_printf(call->arena, "%u", (unsigned)port->published_first);
    if (call->dialect == DOCKER_PODMAN)
        return arena_printf(call->arena, "%u",
                            port->published_first +
                                (call->action->number - 1 + d->port_offset) % range_size(port));
    return arena_printf(call->arena, "%u-%u", (unsigned)port->published_first,
                        (unsigned)port->published_last);
}

static void put_ports(const struct driver_call *call, json_t *body, json_t *host)
{
    json_t *exposed = json_put_object(body, "ExposedPorts");
    json_t *bindings = json_put_object(host, "PortBindings");

    for (size_t i = 0; i < call->service->port_count; i++) {
        const struct port *port = &call->service->ports[i];
        const char *key = arena_printf(call->arena, "%u/%s", (unsigned)port->target,
                                       port->protocol == PORT_UDP ? "udp" : "tcp");
        json_t *binding = json_object();
        json_t *list = json_object_get(bindings, key);

        (void)json_put_object(exposed, key);
        json_put_text(binding, "HostIp", port->host_ip ? port->host_ip : "");
        json_put_text(binding, "HostPort", host_port(call, port));
        (void)json_array_append_new(list ? list : json_put_array(bindings, key), binding);
    }
}

static void put_volume(const struct driver_call *call, json_t *mounts,
                       const struct mount *mount)
{
    json_t *out = json_object();

    json_put_text(out, "Type", "volume");
    if (*mount->source)
        json_put_text(out, "Source", app_find_volume(call->app, mount->source)->name);
    json_put_text(out, "Target", mount->target);
    (void)json_object_set_new(out, "ReadOnly", json_boolean(mount->read_only));
    (void)json_array_append_new(mounts, out);
}

/*
 * As Compose does it: the old form, because it makes a missing folder. Its separator is a
 * colon, so paths with one need the new form.
 */
static void put_bind(const struct driver_call *call, json_t *binds, json_t *mounts,
                     const struct mount *mount)
{
    if (!strchr(mount->source, ':') && !strchr(mount->target, ':')) {
        (void)json_array_append_new(
            binds, json_string(arena_printf(call->arena, "%s:%s:%s", mount->source,
                                            mount->target, mount->read_only ? "ro" : "rw")));
        return;
    }
    json_t *out = json_object();
    json_put_text(out, "Type", "bind");
    json_put_text(out, "Source", mount->source);
    json_put_text(out, "Target", mount->target);
    (void)json_object_set_new(out, "ReadOnly", json_boolean(mount->read_only));
    (void)json_array_append_new(mounts, out);
}

static void put_mounts(const struct driver_call *call, json_t *host)
{
    json_t *binds = json_put_array(host, "Binds");
    json_t *mounts = json_put_array(host, "Mounts");

    for (size_t i = 0; i < call->service->mount_count; i++) {
        const struct mount *mount = &call->service->mounts[i];

        if (mount->kind == MOUNT_BIND)
            put_bind(call, binds, mounts, mount);
        else
            put_volume(call, mounts, mount);
    }
}

static void put_restart(json_t *host, const struct service *service)
{
    static const char *const names[] = {"no", "always", "on-failure", "unless-stopped"};
    json_t *policy = json_put_object(host, "RestartPolicy");

    json_put_text(policy, "Name", names[service->restart]);
    if (service->restart == RESTART_ON_FAILURE)
        json_put_number(policy, "MaximumRetryCount", service->restart_retries_max);
}

static json_t *endpoint(const struct driver_call *call, size_t network)
{
    const struct docker *d = call->state;
    const struct service_network *in = &call->service->networks[network];
    json_t *out = json_object();
    json_t *aliases = json_put_array(out, "Aliases");

    (void)json_array_append_new(aliases, json_string(call->service->name));
    (void)json_array_append_new(aliases, json_string(d->name));
    for (size_t i = 0; i < in->aliases.count; i++)
        (void)json_array_append_new(aliases, json_string(in->aliases.items[i]));
    return out;
}

static const char *network_name(const struct driver_call *call, size_t network)
{
    const char *key = call->service->networks[network].network;

    return app_find_network(call->app, key)->name;
}

/* From 1.44 on all networks at once; before, the first, and PHASE_JOIN for the others. */
static void put_networks(const struct driver_call *call, json_t *body, json_t *host)
{
    size_t count = call->service->network_count;

    if (!count)
        return;
    json_put_text(host, "NetworkMode", network_name(call, 0));
    json_t *endpoints =
        json_put_object(json_put_object(body, "NetworkingConfig"), "EndpointsConfig");
    for (size_t i = 0; i < (call->api_minor >= 44 ? count : 1); i++)
        (void)json_object_set_new(endpoints, network_name(call, i), endpoint(call, i));
}

const char *docker_container_body(const struct driver_call *call)
{
    const struct service *service = call->service;
    json_t *body = json_object();
    json_t *host = json_put_object(body, "HostConfig");

    json_put_text(body, "Image", service->image);
    if (service->has_command)
        json_put_strings(body, "Cmd", &service->command);
    if (service->has_entrypoint)
        json_put_strings(body, "Entrypoint", &service->entrypoint);
    put_environment(call, body);
    put_labels(call, body);
    put_healthcheck(body, &service->healthcheck);
    put_ports(call, body, host);
    put_mounts(call, host);
    put_restart(host, service);
    json_put_number(host, "NanoCpus", service->cpus_limit_nano);
    json_put_number(host, "Memory", service->memory_limit_bytes);
    json_put_number(host, "MemoryReservation", service->memory_reservation_bytes);
    docker_put_settings(call->arena, body, host, &service->settings);
    put_networks(call, body, host);
    return json_finish(call->arena, body);
}

const char *docker_network_body(const struct driver_call *call)
{
    const struct network *network = ((const struct docker *)call->state)->network;
    json_t *body = json_object();
    json_t *labels = json_put_object(body, "Labels");

    json_put_text(body, "Name", network->name);
    (void)json_object_set_new(body, "CheckDuplicate", json_true());
    (void)json_object_set_new(body, "Internal", json_boolean(network->internal));
    if (network->driver)
        json_put_text(body, "Driver", network->driver);
    json_put_pairs(json_put_object(body, "Options"), &network->driver_opts);
    json_put_pairs(labels, &network->labels);
    json_put_text(labels, LABEL_APP, call->app->name);
    json_put_text(labels, "com.docker.compose.project", call->app->name);
    json_put_text(labels, "com.docker.compose.network", network->key);
    json_put_text(labels, "com.docker.compose.version", COMPOSE_VERSION);
    return json_finish(call->arena, body);
}

const char *docker_volume_body(const struct driver_call *call)
{
    const struct volume *volume = ((const struct docker *)call->state)->volume;
    json_t *body = json_object();
    json_t *labels = json_put_object(body, "Labels");

    json_put_text(body, "Name", volume->name);
    if (volume->driver)
        json_put_text(body, "Driver", volume->driver);
    json_put_pairs(json_put_object(body, "DriverOpts"), &volume->driver_opts);
    json_put_pairs(labels, &volume->labels);
    json_put_text(labels, LABEL_APP, call->app->name);
    json_put_text(labels, "com.docker.compose.project", call->app->name);
    json_put_text(labels, "com.docker.compose.volume", volume->key);
    json_put_text(labels, "com.docker.compose.version", COMPOSE_VERSION);
    return json_finish(call->arena, body);
}

const char *docker_join_body(const struct driver_call *call, size_t network)
{
    json_t *body = json_object();

    json_put_text(body, "Container", ((const struct docker *)call->state)->name);
    (void)json_object_set_new(body, "EndpointConfig", endpoint(call, network));
    return json_finish(call->arena, body);
}
