/* SPDX-License-Identifier: Apache-2.0 */
#include "model/app_json.h"

#include "base/scope.h"
#include "model/app_json_internal.h"
#include "model/probe_json.h"
#include "model/setting_json.h"
#include "model/survive_json.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

const char *const app_protocol_texts[] = {"tcp", "udp", NULL};
const char *const app_mount_texts[] = {"volume", "bind", NULL};
const char *const app_condition_texts[] = {"started", "healthy", "completed", NULL};
const char *const app_restart_texts[] = {"no", "always", "on-failure", "unless-stopped", NULL};
const char *const app_state_texts[] = {"plain", "replicated", "none", NULL};

/* Absent and 0 are the same, so that a later field changes no digest of today. */

static void set_text(json_t *json, const char *key, const char *text)
{
    if (text)
        (void)json_object_set_new(json, key, json_string(text));
}

static void set_number(json_t *json, const char *key, uint64_t number)
{
    if (number)
        (void)json_object_set_new(json, key, json_integer((json_int_t)number));
}

static void set_true(json_t *json, const char *key, bool value)
{
    if (value)
        (void)json_object_set_new(json, key, json_true());
}

static json_t *strings_to_json(const struct strings *strings)
{
    json_t *json = json_array();

    for (size_t i = 0; i < strings->count; i++)
        (void)json_array_append_new(json, json_string(strings->items[i]));
    return json;
}

static void set_key_values(json_t *json, const char *key, const struct key_values *values)
{
    if (!values->count)
        return;

    json_t *object = json_object();
    for (size_t i = 0; i < values->count; i++)
        (void)json_object_set_new(object, values->items[i].key,
                                  json_string(values->items[i].value));
    (void)json_object_set_new(json, key, object);
}

static void set_ports(json_t *json, const struct service *service)
{
    if (!service->port_count)
        return;

    json_t *ports = json_array();
    for (size_t i = 0; i < service->port_count; i++) {
        const struct port *port = &service->ports[i];
        json_t *item = json_object();

        set_text(item, "host_ip", port->host_ip);
        set_number(item, "published_first", port->published_first);
        set_number(item, "published_last", port->published_last);
        set_number(item, "target", port->target);
        set_text(item, "protocol", app_protocol_texts[port->protocol]);
        (void)json_array_append_new(ports, item);
    }
    (void)json_object_set_new(json, "ports", ports);
}

/* With the names that volumes have in the orchestrator when `app` is given, else with keys. */
static void set_mounts(json_t *json, const struct service *service, const struct app *app)
{
    if (!service->mount_count)
        return;

    json_t *mounts = json_array();
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct mount *mount = &service->mounts[i];
        const struct volume *volume =
            app && mount->kind == MOUNT_VOLUME ? app_find_volume(app, mount->source) : NULL;
        json_t *item = json_object();

        set_text(item, "type", app_mount_texts[mount->kind]);
        set_text(item, "source", volume ? volume->name : mount->source);
        set_text(item, "target", mount->target);
        set_true(item, "read_only", mount->read_only);
        (void)json_array_append_new(mounts, item);
    }
    (void)json_object_set_new(json, "mounts", mounts);
}

static void set_networks(json_t *json, const struct service *service, const struct app *app)
{
    if (!service->network_count)
        return;

    json_t *networks = json_object();
    for (size_t i = 0; i < service->network_count; i++) {
        const struct service_network *joined = &service->networks[i];
        const struct network *network = app ? app_find_network(app, joined->network) : NULL;
        json_t *item = json_object();

        if (joined->aliases.count)
            (void)json_object_set_new(item, "aliases", strings_to_json(&joined->aliases));
        (void)json_object_set_new(networks, network ? network->name : joined->network, item);
    }
    (void)json_object_set_new(json, "networks", networks);
}

static void set_dependencies(json_t *json, const struct service *service)
{
    if (!service->dependency_count)
        return;

    json_t *dependencies = json_object();
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct dependency *dependency = &service->dependencies[i];

        (void)json_object_set_new(dependencies, dependency->service,
                                  json_pack("{s:s, s:b, s:b}", "condition",
                                            app_condition_texts[dependency->condition],
                                            "required", dependency->required, "restart",
                                            dependency->restart));
    }
    (void)json_object_set_new(json, "dependencies", dependencies);
}

static void set_healthcheck(json_t *json, const struct healthcheck *check)
{
    if (!check->is_set)
        return;

    json_t *item = json_object();
    set_true(item, "disabled", check->disabled);
    if (check->test.count)
        (void)json_object_set_new(item, "test", strings_to_json(&check->test));
    set_number(item, "interval_ns", check->interval_ns);
    set_number(item, "timeout_ns", check->timeout_ns);
    set_number(item, "start_period_ns", check->start_period_ns);
    set_number(item, "retries", check->retries);
    (void)json_object_set_new(json, "healthcheck", item);
}

/* What a container is made from. */
static json_t *container_to_json(const struct service *service, const struct app *app)
{
    json_t *json = json_object();

    set_text(json, "image", service->image);
    if (service->has_command)
        (void)json_object_set_new(json, "command", strings_to_json(&service->command));
    if (service->has_entrypoint)
        (void)json_object_set_new(json, "entrypoint", strings_to_json(&service->entrypoint));
    set_key_values(json, "environment", &service->environment);
    set_key_values(json, "labels", &service->labels);
    set_ports(json, service);
    set_mounts(json, service, app);
    set_networks(json, service, app);
    set_healthcheck(json, &service->healthcheck);
    set_text(json, "restart", app_restart_texts[service->restart]);
    set_number(json, "restart_retries_max", service->restart_retries_max);
    if (service->settings.count)
        (void)json_object_set_new(json, "settings", settings_to_json(&service->settings));
    set_number(json, "cpus_limit_nano", service->cpus_limit_nano);
    set_number(json, "memory_limit_bytes", service->memory_limit_bytes);
    set_number(json, "cpus_reservation_nano", service->cpus_reservation_nano);
    set_number(json, "memory_reservation_bytes", service->memory_reservation_bytes);
    return json;
}

static json_t *service_to_json(const struct service *service)
{
    json_t *json = container_to_json(service, NULL);

    set_dependencies(json, service);
    (void)json_object_set_new(json, "replicas", json_integer(service->replicas));
    set_text(json, "hostname", service->hostname);
    set_number(json, "ttl", service->ttl_s);
    if (service->has_survive)
        (void)json_object_set_new(json, "survive", survive_to_json(&service->survive));
    if (service->state != STATE_PLAIN)
        set_text(json, "state", app_state_texts[service->state]);
    (void)json_object_set_new(json, "probe", probe_to_json(&service->probe));
    return json;
}

static json_t *network_to_json(const struct network *network)
{
    json_t *json = json_object();

    set_text(json, "name", network->name);
    set_text(json, "driver", network->driver);
    set_true(json, "external", network->external);
    set_true(json, "internal", network->internal);
    set_key_values(json, "driver_opts", &network->driver_opts);
    set_key_values(json, "labels", &network->labels);
    return json;
}

static json_t *volume_to_json(const struct volume *volume)
{
    json_t *json = json_object();

    set_text(json, "name", volume->name);
    set_text(json, "driver", volume->driver);
    set_true(json, "external", volume->external);
    set_key_values(json, "driver_opts", &volume->driver_opts);
    set_key_values(json, "labels", &volume->labels);
    return json;
}

json_t *app_to_json(const struct app *app)
{
    json_t *json = json_object();
    json_t *services = json_object();
    json_t *networks = json_object();
    json_t *volumes = json_object();

    set_text(json, "name", app->name);
    set_number(json, "ttl", app->ttl_s);
    set_text(json, "hostname", app->hostname);
    if (app->has_survive)
        (void)json_object_set_new(json, "survive", survive_to_json(&app->survive));
    for (size_t i = 0; i < app->service_count; i++)
        (void)json_object_set_new(services, app->services[i].name,
                                  service_to_json(&app->services[i]));
    for (size_t i = 0; i < app->network_count; i++)
        (void)json_object_set_new(networks, app->networks[i].key,
                                  network_to_json(&app->networks[i]));
    for (size_t i = 0; i < app->volume_count; i++)
        (void)json_object_set_new(volumes, app->volumes[i].key,
                                  volume_to_json(&app->volumes[i]));
    (void)json_object_set_new(json, "services", services);
    (void)json_object_set_new(json, "networks", networks);
    (void)json_object_set_new(json, "volumes", volumes);
    return json;
}

void service_digest(const struct app *app, const struct service *service,
                    char out[SERVICE_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    json_t *json = container_to_json(service, app);
    SCOPED(scope_free) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(json);
    assert(text);
    /* Fails only when the library is built without SHA-256. */
    int done = EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL);
    assert(done == 1);
    assert(len * 2 + 1 == SERVICE_DIGEST_SIZE);
    for (unsigned i = 0; i < len; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * len] = '\0';
}
