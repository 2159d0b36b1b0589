/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"
#include "base/path_text.h"
#include "base/quantity.h"
#include "compose/app_build.h"
#include "model/app_json.h"
#include "model/name.h"

#include <string.h>

/* Ports. */

static bool read_published(const char *text, struct port *out)
{
    size_t len = strcspn(text, "-");
    uint64_t first, last;

    if (number_read(text, len, 0, UINT16_MAX, &first) < 0)
        return false;
    last = first;
    if (text[len] &&
        number_read(text + len + 1, strlen(text + len + 1), 1, UINT16_MAX, &last) < 0)
        return false;
    out->published_first = (uint16_t)first;
    out->published_last = (uint16_t)last;
    return first <= last && (first || !last);
}

static void build_port(struct builder *b, const struct node *node, struct port *out)
{
    const struct node *target = node_find(node, "target");
    const char *ip = build_text(b, node, "host_ip");
    const char *published = build_text(b, node, "published");
    const char *protocol = build_text(b, node, "protocol");
    char address[ADDRESS_SIZE];

    if (!target || target->integer < 1 || target->integer > UINT16_MAX)
        build_complain(b, target ? target : node, "target", "a port from 1 to 65535");
    else
        out->target = (uint16_t)target->integer;
    if (published && !read_published(published, out))
        build_complain(b, node_find(node, "published"), "published",
                       "a port from 0 to 65535, or a range such as 8000-8010");
    if (ip && !name_address(ip, address))
        build_complain(b, node_find(node, "host_ip"), "host_ip", "an IPv4 or IPv6 address");
    else if (ip)
        out->host_ip = arena_strdup(b->app->arena, address);
    out->protocol = protocol && strcmp(protocol, "udp") == 0 ? PORT_UDP : PORT_TCP;
    if (protocol && out->protocol == PORT_TCP && strcmp(protocol, "tcp") != 0)
        build_complain(b, node_find(node, "protocol"), "protocol", "tcp or udp");
}

static bool has_room(struct builder *b, const struct node *node, const char *key)
{
    if (node->count <= APP_ITEMS_MAX)
        return true;
    (void)problems_add(b->shaping.problems, node->place, "%s: expected at most %d, found %zu",
                       key, APP_ITEMS_MAX, node->count);
    return false;
}

static void build_ports(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *list = node_find(node, "ports");

    if (!list || !has_room(b, list, "ports"))
        return;
    out->ports = arena_array(b->app->arena, list->count, sizeof(*out->ports));
    out->port_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        build_port(b, list->items[i].value, &out->ports[i]);
}

/* Mounts. */

/* Absolute: `~` is the home of who runs this, all else is relative to the project. */
static const char *bind_source(struct builder *b, const struct node *source)
{
    const char *path = source->text;
    const char *home = NULL;

    if (*path == '~' && (!path[1] || path[1] == '/')) {
        home = b->world->get_variable(b->world->ctx, "HOME");
        if (!home || *home != '/') {
            build_complain(b, source, "source", "a path without '~', because $HOME is not set");
            return NULL;
        }
        path = arena_printf(b->shaping.arena, "%s%s", home, path + 1);
    }
    return path_join(b->app->arena, b->project->folder, path);
}

static void build_mount(struct builder *b, const struct node *node, struct mount *out)
{
    const struct node *type = node_find(node, "type");
    const struct node *source = node_find(node, "source");
    const struct node *target = node_find(node, "target");
    const struct node *read_only = node_find(node, "read_only");
    bool is_bind = strcmp(type->text, "bind") == 0;

    *out = (struct mount){.kind = is_bind ? MOUNT_BIND : MOUNT_VOLUME,
                          .source = "",
                          .target = "",
                          .read_only = read_only && read_only->boolean};
    if (!is_bind && strcmp(type->text, "volume") != 0)
        (void)problems_refuse(b->shaping.problems, type->place,
                              "type: expected volume or bind, found '%s': others are not "
                              "supported yet",
                              type->text);
    if (!target || *target->text != '/')
        build_complain(b, target ? target : node, "target", "an absolute path");
    else
        out->target = build_copy(b, target);
    if (is_bind && (!source || !*source->text))
        build_complain(b, source ? source : node, "source", "a path");
    else if (is_bind)
        out->source = bind_source(b, source);
    else if (source)
        out->source = build_copy(b, source);
}

static void build_mounts(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *list = node_find(node, "volumes");

    if (!list || !has_room(b, list, "volumes"))
        return;
    out->mounts = arena_array(b->app->arena, list->count, sizeof(*out->mounts));
    out->mount_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        build_mount(b, list->items[i].value, &out->mounts[i]);
}

/* What it is connected to, and waits for. */

static void build_networks(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *map = node_find(node, "networks");

    if (!map || !has_room(b, map, "networks"))
        return;
    out->networks = arena_array(b->app->arena, map->count, sizeof(*out->networks));
    out->network_count = map->count;
    for (size_t i = 0; i < map->count; i++) {
        out->networks[i].network = arena_strdup(b->app->arena, map->items[i].key);
        out->networks[i].aliases = build_strings(b, node_find(map->items[i].value, "aliases"));
    }
}

static enum depends_condition condition_of(const struct node *node)
{
    const char *text = node_find(node, "condition")->text;

    if (strcmp(text, "service_healthy") == 0)
        return DEPENDS_HEALTHY;
    return strcmp(text, "service_completed_successfully") == 0 ? DEPENDS_COMPLETED
                                                               : DEPENDS_STARTED;
}

static bool truth_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->boolean;
}

static void build_dependencies(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *map = node_find(node, "depends_on");

    if (!map || !has_room(b, map, "depends_on"))
        return;
    out->dependencies = arena_array(b->app->arena, map->count, sizeof(*out->dependencies));
    out->dependency_count = map->count;
    for (size_t i = 0; i < map->count; i++)
        out->dependencies[i] =
            (struct dependency){.service = arena_strdup(b->app->arena, map->items[i].key),
                                .condition = condition_of(map->items[i].value),
                                .required = truth_of(map->items[i].value, "required"),
                                .restart = truth_of(map->items[i].value, "restart")};
}

/* Health and restarts. */

static void build_healthcheck(struct builder *b, const struct node *node,
                              struct healthcheck *out)
{
    const struct node *check = node_find(node, "healthcheck");

    if (!check)
        return;
    out->is_set = true;
    out->test = build_strings(b, node_find(check, "test"));
    out->disabled = truth_of(check, "disable") ||
                    (out->test.count && strcmp(out->test.items[0], "NONE") == 0);
    out->interval_ns = build_duration_ns(b, check, "interval", APP_DURATION_NS_MAX);
    out->timeout_ns = build_duration_ns(b, check, "timeout", APP_DURATION_NS_MAX);
    out->start_period_ns = build_duration_ns(b, check, "start_period", APP_DURATION_NS_MAX);
    out->retries = build_number(b, check, "retries", 0, APP_RETRIES_MAX);
}

static void build_restart(struct builder *b, const struct node *node, struct service *out)
{
    static const char *const words[] = {"no", "always", "on-failure", "unless-stopped"};
    static const char expected[] = "no, always, on-failure[:RETRIES] or unless-stopped";
    const struct node *restart = node_find(node, "restart");
    uint64_t retries;

    if (!restart || !*restart->text)
        return;
    size_t len = strcspn(restart->text, ":");
    const char *rest = restart->text + len;
    for (unsigned i = 0; i < 4; i++) {
        if (strlen(words[i]) != len || strncmp(words[i], restart->text, len) != 0)
            continue;
        out->restart = (enum restart_policy)i;
        if (!*rest)
            return;
        if (i == RESTART_ON_FAILURE &&
            number_read(rest + 1, strlen(rest + 1), 0, APP_RETRIES_MAX, &retries) == 0) {
            out->restart_retries_max = (unsigned)retries;
            return;
        }
    }
    build_complain(b, restart, "restart", expected);
}

/* Resources. */

static void read_cpus(struct builder *b, const struct node *map, const char *key, uint64_t *out)
{
    const struct node *node = node_find(map, key);

    if (node && quantity_decimal(node->text, 9, APP_CPUS_NANO_MAX, out) < 0)
        build_complain(b, node, key, "a number of CPUs such as 2 or 0.5");
}

static void read_memory(struct builder *b, const struct node *map, const char *key,
                        uint64_t *out)
{
    const struct node *node = node_find(map, key);

    if (node && quantity_bytes(node->text, APP_MEMORY_BYTES_MAX, out) < 0)
        build_complain(b, node, key, "a size such as 512m or 2GiB");
}

static void build_resources(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *deploy = node_find(node, "deploy");
    const struct node *limits = node_find(node_find(deploy, "resources"), "limits");
    const struct node *reservations = node_find(node_find(deploy, "resources"), "reservations");

    read_cpus(b, node, "cpus", &out->cpus_limit_nano);
    read_memory(b, node, "mem_limit", &out->memory_limit_bytes);
    read_memory(b, node, "mem_reservation", &out->memory_reservation_bytes);
    read_cpus(b, limits, "cpus", &out->cpus_limit_nano);
    read_memory(b, limits, "memory", &out->memory_limit_bytes);
    read_cpus(b, reservations, "cpus", &out->cpus_reservation_nano);
    read_memory(b, reservations, "memory", &out->memory_reservation_bytes);
    out->replicas = build_number(b, node, "scale", 1, APP_REPLICAS_MAX);
    out->replicas = build_number(b, deploy, "replicas", out->replicas, APP_REPLICAS_MAX);
}

void build_service(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *command = node_find(node, "command");
    const struct node *entrypoint = node_find(node, "entrypoint");

    out->image = build_text(b, node, "image");
    if (!out->image)
        (void)problems_refuse(
            b->shaping.problems, node->place,
            "service '%s': expected an image; Seawall builds none: build it, push "
            "it and name it here",
            out->name);
    out->has_command = command && command->kind == NODE_LIST;
    out->command = build_strings(b, command);
    out->has_entrypoint = entrypoint && entrypoint->kind == NODE_LIST;
    out->entrypoint = build_strings(b, entrypoint);
    out->environment = build_pairs(b, node_find(node, "environment"));
    out->labels = build_pairs(b, node_find(node, "labels"));
    build_ports(b, node, out);
    build_mounts(b, node, out);
    build_networks(b, node, out);
    build_dependencies(b, node, out);
    build_healthcheck(b, node, &out->healthcheck);
    build_restart(b, node, out);
    build_resources(b, node, out);
    build_settings(b, node, &out->settings);
    build_seawall_service(b, node_find(node, "x-seawall"), out);
}
