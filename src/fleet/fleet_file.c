/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/fleet_file.h"

#include "base/path_text.h"
#include "base/quantity.h"
#include "base/scope.h"
#include "base/suggest.h"
#include "fleet/docker_context.h"
#include "model/app_json.h"
#include "model/fleet_json.h"
#include "model/name.h"
#include "yaml/shape.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <string.h>

#define COST_MICRO_DEFAULT 1000000u

/* clang-format off */
static const struct shape_key tls_keys[] = {
    {"ca",   &shape_text, SHAPE_REQUIRED},
    {"cert", &shape_text, 0},
    {"key",  &shape_text, 0},
    {NULL, NULL, 0},
};
static const struct shape tls = {
    .expected = "a mapping with ca, cert and key", .kinds = SHAPE_KIND(NODE_MAP),
    .keys = tls_keys, .is_closed = true};

static const struct shape_key capacity_keys[] = {
    {"cpus",   &shape_text, 0},
    {"memory", &shape_bytes, 0},
    {NULL, NULL, 0},
};
static const struct shape capacity = {
    .expected = "a mapping with cpus and memory", .kinds = SHAPE_KIND(NODE_MAP),
    .keys = capacity_keys, .is_closed = true};

static const struct shape_key cluster_keys[] = {
    {"driver",         &shape_text, 0},
    {"endpoint",       &shape_text, 0},
    {"docker-context", &shape_text, 0},
    {"kubeconfig",     &shape_text_or_list, 0},
    {"context",        &shape_text, 0},
    {"expose",         &shape_text, 0},
    {"tls",            &tls, 0},
    {"provider",       &shape_text, 0},
    {"region",         &shape_text, 0},
    {"addresses",      &shape_text_list, 0},
    {"capacity",       &capacity, 0},
    {"cost",           &shape_text, 0},
    {NULL, NULL, 0},
};
static const struct shape cluster_shape = {
    .expected = "a mapping", .kinds = SHAPE_KIND(NODE_MAP), .keys = cluster_keys};

static const struct shape clusters_shape = {
    .expected = "a mapping of clusters", .kinds = SHAPE_KIND(NODE_MAP), .values = &cluster_shape,
    .key_is_valid = name_is_cluster,
    .key_expected = "1 to 63 of a-z, 0-9 and '-', the first a letter or digit"};

static const struct shape_key dns_keys[] = {
    {"listen",      &shape_text_or_list, 0},
    {"zone",        &shape_text, 0},
    {"nameservers", &shape_text_or_list, 0},
    {NULL, NULL, 0},
};
static const struct shape dns_shape = {
    .expected = "a mapping with listen, zone and nameservers", .kinds = SHAPE_KIND(NODE_MAP),
    .keys = dns_keys};

static const struct shape_key fleet_keys[] = {
    {"clusters", &clusters_shape, SHAPE_REQUIRED},
    {"dns",      &dns_shape, 0},
    {NULL, NULL, 0},
};
static const struct shape fleet_shape = {
    .expected = "a mapping with clusters and dns", .kinds = SHAPE_KIND(NODE_MAP),
    .keys = fleet_keys};
/* clang-format on */

struct reader {
    struct shaping shaping;
    struct fleet *fleet;
    const char *folder; /* of the file, absolute */
    const char *const *drivers;
    const struct surroundings *world;
};

static void complain(struct reader *r, const struct node *node, const char *key,
                     const char *expected)
{
    (void)shape_complain(&r->shaping, node, key, expected);
}

/* The text of a key, copied; NULL when it is not there. */
static const char *text_of(struct reader *r, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node ? arena_strdup(r->fleet->arena, node->text) : NULL;
}

static const char *domain_of(struct reader *r, const struct node *map, const char *key,
                             const char *otherwise)
{
    const char *name = text_of(r, map, key);

    if (name && !name_is_cluster(name))
        complain(r, node_find(map, key), key,
                 "1 to 63 of a-z, 0-9 and '-', the first a letter or digit");
    return name ? name : otherwise;
}

static void read_driver(struct reader *r, const struct node *map, struct cluster *cluster)
{
    struct suggest suggest = {0};
    const char *name = text_of(r, map, "driver");
    const char *known = NULL;

    cluster->driver = name ? name : "docker";
    if (!r->drivers && name_is_cluster(cluster->driver))
        return;
    for (size_t i = 0; r->drivers && r->drivers[i]; i++) {
        if (strcmp(r->drivers[i], cluster->driver) == 0)
            return;
        suggest_add(&suggest, cluster->driver, r->drivers[i]);
        known = known ? arena_printf(r->shaping.arena, "%s, %s", known, r->drivers[i])
                      : r->drivers[i];
    }
    const struct node *node = node_find(map, "driver");
    const char *expected =
        known ? arena_printf(r->shaping.arena, "one of: %s", known) : "the name of a driver";
    if (suggest.best)
        expected =
            arena_printf(r->shaping.arena, "%s (did you mean '%s'?)", expected, suggest.best);
    complain(r, node ? node : map, "driver", expected);
}

static void read_context(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *node = node_find(map, "docker-context");
    struct docker_context context;
    struct err err = {0};

    if (docker_context_read(&context, r->fleet->arena, node->text, r->world, &err) < 0) {
        (void)problems_add(r->shaping.problems, node->place, "%s", err.text);
        return;
    }
    if (!name_is_endpoint(context.endpoint)) {
        (void)problems_add(r->shaping.problems, node->place,
                           "docker context '%s' leads to '%.80s', expected tcp://HOST:PORT or "
                           "unix:///PATH",
                           node->text, context.endpoint);
        return;
    }
    cluster->endpoint = context.endpoint;
    cluster->tls_ca = context.tls_ca;
    cluster->tls_cert = context.tls_cert;
    cluster->tls_key = context.tls_key;
}

/*
 * kubeconfig: one file or several, relative to the fleet file; `in-cluster` for the account of
 * the pod that the server runs in. It is read by the server, where it lies, whenever it
 * connects.
 */
static void read_kubeconfig(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *list = node_find(map, "kubeconfig");
    const char *context = text_of(r, map, "context");
    const char *paths = "";

    if (list->count == 1 && strcmp(list->items[0].value->text, "in-cluster") == 0) {
        cluster->endpoint = "in-cluster://";
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *path = path_join(r->fleet->arena, r->folder, list->items[i].value->text);

        if (strpbrk(path, ":#")) {
            complain(r, list->items[i].value, "kubeconfig", "a path without ':' and '#'");
            return;
        }
        paths = arena_printf(r->fleet->arena, "%s%s%s", paths, *paths ? ":" : "", path);
    }
    cluster->endpoint = arena_printf(r->fleet->arena, "kubeconfig://%s%s%s", paths,
                                     context ? "#" : "", context ? context : "");
    if (!name_is_endpoint(cluster->endpoint))
        complain(r, list, "kubeconfig", "the path of a file, or a list of them");
}

static void read_expose(struct reader *r, const struct node *map, struct cluster *cluster)
{
    static const char *const words[] = {"nodeport", "loadbalancer", "ingress"};
    const struct node *node = node_find(map, "expose");

    for (unsigned i = 0; node && i < 3; i++)
        if (strcmp(node->text, words[i]) == 0) {
            cluster->expose = (enum cluster_expose)i;
            return;
        }
    if (node)
        complain(r, node, "expose", "one of: nodeport, loadbalancer, ingress");
}

static void read_endpoint(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *endpoint = node_find(map, "endpoint");
    const struct node *context = node_find(map, "docker-context");

    const struct node *kubeconfig = node_find(map, "kubeconfig");

    if (kubeconfig && (endpoint || context)) {
        (void)problems_add(r->shaping.problems, kubeconfig->place,
                           "kubeconfig: there is an endpoint already; keep one of the two");
    } else if (node_find(map, "context") && !kubeconfig) {
        (void)problems_add(r->shaping.problems, node_find(map, "context")->place,
                           "context: it is one of a kubeconfig, which is missing");
    } else if (kubeconfig) {
        read_kubeconfig(r, map, cluster);
    } else if (endpoint && context) {
        (void)problems_add(r->shaping.problems, context->place,
                           "docker-context: there is an endpoint already; keep one of the two");
    } else if (context) {
        read_context(r, map, cluster);
    } else if (!endpoint) {
        (void)problems_add(r->shaping.problems, map->place,
                           "%s: the key 'endpoint' is missing (or docker-context, kubeconfig)",
                           cluster->name);
    } else if (!name_is_endpoint(endpoint->text)) {
        complain(r, endpoint, "endpoint", "tcp://HOST:PORT or unix:///PATH");
    } else {
        cluster->endpoint = text_of(r, map, "endpoint");
    }
}

static const char *tls_path(struct reader *r, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    if (!node)
        return NULL;
    if (!*node->text) {
        complain(r, node, key, "the path of a file");
        return NULL;
    }
    return path_join(r->fleet->arena, r->folder, node->text);
}

static void read_tls(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *node = node_find(map, "tls");

    if (!node)
        return;
    if (cluster->endpoint && strncmp(cluster->endpoint, "unix:", 5) == 0) {
        (void)problems_add(r->shaping.problems, node->place,
                           "tls: there is none on a unix socket; remove it");
        return;
    }
    cluster->tls_ca = tls_path(r, node, "ca");
    cluster->tls_cert = tls_path(r, node, "cert");
    cluster->tls_key = tls_path(r, node, "key");
    if (!cluster->tls_cert != !cluster->tls_key)
        (void)problems_add(r->shaping.problems, node->place,
                           "tls: cert and key belong together, found only '%s'",
                           cluster->tls_cert ? "cert" : "key");
}

static void read_addresses(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *list = node_find(map, "addresses");
    char address[ADDRESS_SIZE];

    if (!list)
        return;
    if (list->count > CLUSTER_ADDRESSES_MAX) {
        (void)problems_add(r->shaping.problems, list->place,
                           "addresses: expected at most %d, found %zu", CLUSTER_ADDRESSES_MAX,
                           list->count);
        return;
    }
    cluster->addresses.items =
        arena_array(r->fleet->arena, list->count, sizeof(*cluster->addresses.items));
    for (size_t i = 0; i < list->count; i++) {
        const struct node *item = list->items[i].value;

        if (name_address(item->text, address))
            cluster->addresses.items[cluster->addresses.count++] =
                arena_strdup(r->fleet->arena, address);
        else
            complain(r, item, "addresses", "an IPv4 or IPv6 address");
    }
}

static void read_decimal(struct reader *r, const struct node *map, const char *key,
                         unsigned digits, uint64_t max, uint64_t *out)
{
    const struct node *node = node_find(map, key);

    if (node && quantity_decimal(node->text, digits, max, out) < 0)
        complain(r, node, key, "a number such as 16 or 0.5");
}

static void read_capacity(struct reader *r, const struct node *map, struct cluster *cluster)
{
    const struct node *node = node_find(map, "capacity");
    const struct node *memory = node_find(node, "memory");

    read_decimal(r, node, "cpus", 9, APP_CPUS_NANO_MAX, &cluster->cpus_nano);
    if (memory &&
        quantity_bytes(memory->text, APP_MEMORY_BYTES_MAX, &cluster->memory_bytes) < 0)
        complain(r, memory, "memory", "a size of at most 1024 PiB");
    cluster->cost_micro = COST_MICRO_DEFAULT;
    read_decimal(r, map, "cost", 6, FLEET_COST_MICRO_MAX, &cluster->cost_micro);
}

static void read_cluster(struct reader *r, const struct node_item *item)
{
    struct cluster *cluster = &r->fleet->clusters[r->fleet->cluster_count++];
    const struct node *map = item->value;

    cluster->name = arena_strdup(r->fleet->arena, item->key);
    cluster->provider = domain_of(r, map, "provider", cluster->name);
    cluster->region = domain_of(r, map, "region", cluster->name);
    read_driver(r, map, cluster);
    read_endpoint(r, map, cluster);
    read_expose(r, map, cluster);
    read_tls(r, map, cluster);
    read_addresses(r, map, cluster);
    read_capacity(r, map, cluster);
}

/* A region belongs to one provider: its loss must not be counted for two. */
static void check_regions(struct reader *r, const struct node *map)
{
    const struct fleet *fleet = r->fleet;

    for (size_t i = 0; i < fleet->cluster_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct cluster *a = &fleet->clusters[j];
            const struct cluster *b = &fleet->clusters[i];

            if (strcmp(a->region, b->region) != 0 || strcmp(a->provider, b->provider) == 0)
                continue;
            (void)problems_add(r->shaping.problems, map->items[i].place,
                               "the region '%s' is in the provider '%s' here and in '%s' for "
                               "'%s'; a region belongs to one provider",
                               b->region, b->provider, a->provider, a->name);
            break;
        }
}

static void read_clusters(struct reader *r, const struct node *map)
{
    struct fleet *fleet = r->fleet;

    if (map->count > FLEET_CLUSTERS_MAX) {
        (void)problems_add(r->shaping.problems, map->place,
                           "clusters: expected at most %d, found %zu", FLEET_CLUSTERS_MAX,
                           map->count);
        return;
    }
    fleet->clusters = arena_array(fleet->arena, map->count, sizeof(*fleet->clusters));
    for (size_t i = 0; i < map->count; i++)
        read_cluster(r, &map->items[i]);
    check_regions(r, map);
}

static void read_names(struct reader *r, const struct node *map, const char *key, size_t max,
                       struct strings *out)
{
    const struct node *list = node_find(map, key);
    bool is_listen = strcmp(key, "listen") == 0;

    if (!list)
        return;
    if (list->count > max) {
        (void)problems_add(r->shaping.problems, list->place,
                           "%s: expected at most %zu, found %zu", key, max, list->count);
        return;
    }
    out->items = arena_array(r->fleet->arena, list->count, sizeof(*out->items));
    for (size_t i = 0; i < list->count; i++) {
        const struct node *item = list->items[i].value;
        const char *name = is_listen ? name_is_listen_address(item->text)
                                           ? arena_strdup(r->fleet->arena, item->text)
                                           : NULL
                                     : name_hostname(r->fleet->arena, item->text);

        if (name)
            out->items[out->count++] = name;
        else
            complain(r, item, key,
                     is_listen ? "ADDRESS:PORT such as 127.0.0.1:5353 or [::1]:5353"
                               : "a DNS name");
    }
}

static void read_dns(struct reader *r, const struct node *map)
{
    struct fleet_dns *dns = &r->fleet->dns;
    const struct node *zone = node_find(map, "zone");

    read_names(r, map, "listen", FLEET_LISTEN_MAX, &dns->listen);
    read_names(r, map, "nameservers", FLEET_NAMESERVER_MAX, &dns->nameservers);
    if (!zone)
        return;
    dns->zone = name_hostname(r->fleet->arena, zone->text);
    if (!dns->zone)
        complain(r, zone, "zone", "a DNS name");
}

static int read_tree(struct reader *r, const char *path, const struct yaml_documents *documents)
{
    struct place place = {path, 0, 0};

    if (!documents->count)
        return problems_add(r->shaping.problems, place,
                            "the file is empty, expected 'clusters:' with a mapping");
    if (documents->count > 1)
        return problems_add(r->shaping.problems, documents->items[1]->place,
                            "a second document, expected one");
    struct node *root = shape_apply(&r->shaping, &fleet_shape, documents->items[0], "the file");
    if (!root)
        return -EINVAL;
    read_clusters(r, node_find(root, "clusters"));
    read_dns(r, node_find(root, "dns"));
    return r->shaping.problems->errors ? -EINVAL : 0;
}

int fleet_file_read(struct fleet **out, const char *path, const char *const *drivers,
                    const struct surroundings *world, struct problems *problems)
{
    SCOPED(arena_freep) struct arena *scratch = arena_new();
    struct arena *arena = arena_new();
    SCOPED(fleet_freep) struct fleet *fleet = arena_new_in(arena, struct fleet);
    struct yaml_documents documents;
    struct err err = {0};
    struct buf text;

    fleet->arena = arena;
    buf_init(&text, FLEET_FILE_SIZE_MAX);
    int r = world->read_file(world->ctx, path, &text, &err);
    if (r < 0)
        r = problems_add(problems, (struct place){0}, "%s", err.text);
    else
        r = yaml_read(&documents, scratch, path, buf_text(&text), text.len, problems);
    buf_fini(&text);
    if (r < 0)
        return r;

    struct reader reader = {
        .shaping = {scratch, problems, NULL},
        .fleet = fleet,
        .drivers = drivers,
        .world = world,
        .folder = path_join(scratch, world->work_dir, path_folder(scratch, path)),
    };
    r = read_tree(&reader, path, &documents);
    if (r == 0)
        *out = take_ptr(&fleet);
    return r;
}
