/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror as an observation. */
#include "base/mem.h"
#include "driver/kubernetes_internal.h"

#include <stdlib.h>
#include <string.h>

typedef const struct kubernetes_item *item_ref;

/* An observation while it is made. */
struct observing {
    const struct kubernetes_mirror *mirror;
    const struct cluster *cluster;
    struct observation *out;
    struct strings node_addresses;
};

static int compare_key(const void *a, const void *b)
{
    const item_ref *x = a, *y = b;

    return strcmp((*x)->text[TEXT_KEY], (*y)->text[TEXT_KEY]);
}

/* By app and service, then by name: copies of one service stand together. */
static int compare_service(const void *a, const void *b)
{
    const item_ref *x = a, *y = b;
    int order = strcmp((*x)->text[TEXT_APP], (*y)->text[TEXT_APP]);

    if (!order)
        order = strcmp((*x)->text[TEXT_SERVICE], (*y)->text[TEXT_SERVICE]);
    return order ? order : compare_key(a, b);
}

/* Those of a kind that are not being deleted, in order. The caller frees the array. */
static item_ref *sorted(const struct observing *o, unsigned kind, size_t *count)
{
    const struct map *items = &o->mirror->items[kind];
    item_ref *out = mem_array(items->count + 1, sizeof(*out));
    size_t at = 0;
    void *item;

    *count = 0;
    while (map_next(items, &at, NULL, &item))
        if (!((item_ref)item)->is_leaving)
            out[(*count)++] = item;
    qsort(out, *count, sizeof(*out), kind == KUBERNETES_NODES ? compare_key : compare_service);
    return out;
}

static const char *copy(const struct observing *o, const char *text)
{
    return *text ? arena_strdup(o->out->arena, text) : "";
}

static void add_addresses(const struct observing *o, struct strings *out, const char *list)
{
    if (!out->items)
        out->items = arena_array(o->out->arena, CLUSTER_ADDRESSES_MAX, sizeof(*out->items));
    while (*list && out->count < CLUSTER_ADDRESSES_MAX) {
        size_t len = strcspn(list, " ");

        out->items[out->count++] = arena_strndup(o->out->arena, list, len);
        list += len + (list[len] == ' ');
    }
}

/* Nodes that take copies; if any has addresses for outside, only such nodes are reached. */
static void observe_nodes(struct observing *o)
{
    size_t count;
    item_ref *nodes = sorted(o, KUBERNETES_NODES, &count);
    bool has_external = false;

    for (size_t i = 0; i < count; i++)
        has_external = has_external || (nodes[i]->is_usable && nodes[i]->is_external);
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i]->is_usable)
            continue;
        o->out->cpus_nano += nodes[i]->cpus_nano;
        o->out->memory_bytes += nodes[i]->memory_bytes;
        if (nodes[i]->is_external == has_external)
            add_addresses(o, &o->node_addresses, nodes[i]->text[TEXT_ADDRESSES]);
    }
    free(nodes);
}

static size_t observe_objects(const struct observing *o, unsigned kind,
                              struct observed_object **out)
{
    size_t count;
    item_ref *items = sorted(o, kind, &count);

    *out = arena_array(o->out->arena, count + 1, sizeof(**out));
    for (size_t i = 0; i < count; i++)
        (*out)[i] = (struct observed_object){.name = copy(o, items[i]->text[TEXT_NAME]),
                                             .app = copy(o, items[i]->text[TEXT_APP])};
    free(items);
    return count;
}

/* What is published of services: a row sorted as copies are, walked along with them. */
struct walk {
    item_ref *items;
    size_t count, at;
};

static item_ref walk_to(struct walk *walk, item_ref pod)
{
    while (walk->at < walk->count) {
        item_ref item = walk->items[walk->at];
        int order = strcmp(item->text[TEXT_APP], pod->text[TEXT_APP]);

        if (!order)
            order = strcmp(item->text[TEXT_SERVICE], pod->text[TEXT_SERVICE]);
        if (order == 0)
            return item;
        if (order > 0)
            return NULL;
        walk->at++;
    }
    return NULL;
}

/* Where the copies of a service are reached, the same for all of them. */
struct published {
    struct observed_port *ports;
    size_t port_count;
    struct strings addresses;
};

/* An Ingress answers for the service at the port of HTTP, whatever the service's own. */
#define INGRESS_PORT 80

static struct published publish(const struct observing *o, item_ref service, item_ref ingress)
{
    struct published out = {0};

    if (!service || !service->port_count)
        return out;
    out.ports = arena_array(o->out->arena, service->port_count, sizeof(*out.ports));
    memcpy(out.ports, service->ports, service->port_count * sizeof(*out.ports));
    out.port_count = service->port_count;
    if (o->cluster->expose == EXPOSE_INGRESS) {
        for (size_t i = 0; i < out.port_count; i++)
            out.ports[i].published = INGRESS_PORT;
        if (ingress)
            add_addresses(o, &out.addresses, ingress->text[TEXT_ADDRESSES]);
    } else if (o->cluster->expose == EXPOSE_LOADBALANCER) {
        add_addresses(o, &out.addresses, service->text[TEXT_ADDRESSES]);
    } else {
        out.addresses = o->node_addresses;
    }
    if (o->cluster->addresses.count)
        out.addresses = (struct strings){0}; /* the fleet file knows better */
    else if (!out.addresses.count)
        out.port_count = 0; /* nobody reaches it yet */
    return out;
}

static void observe_pods(struct observing *o)
{
    struct arena *arena = o->out->arena;
    struct walk services = {0}, ingresses = {0};
    struct published published = {0};
    size_t count;
    item_ref *pods = sorted(o, KUBERNETES_PODS, &count);
    unsigned number = 0;

    services.items = sorted(o, KUBERNETES_SERVICES, &services.count);
    ingresses.items = sorted(o, KUBERNETES_INGRESSES, &ingresses.count);
    o->out->replicas = arena_array(arena, count + 1, sizeof(*o->out->replicas));
    for (size_t i = 0; i < count; i++) {
        item_ref pod = pods[i];
        bool is_first = !i || strcmp(pods[i - 1]->text[TEXT_APP], pod->text[TEXT_APP]) != 0 ||
                        strcmp(pods[i - 1]->text[TEXT_SERVICE], pod->text[TEXT_SERVICE]) != 0;
        struct observed_replica *replica = &o->out->replicas[i];

        if (is_first) {
            published = publish(o, walk_to(&services, pod), walk_to(&ingresses, pod));
            number = 0;
        }
        *replica = (struct observed_replica){
            .id = arena_printf(arena, "%s/%s", pod->text[TEXT_KEY], pod->text[TEXT_UID]),
            .name = copy(o, pod->text[TEXT_NAME]),
            .app = is_first ? copy(o, pod->text[TEXT_APP]) : replica[-1].app,
            .service = is_first ? copy(o, pod->text[TEXT_SERVICE]) : replica[-1].service,
            .number = ++number,
            .digest = copy(o, pod->text[TEXT_DIGEST]),
            .image = copy(o, pod->text[TEXT_IMAGE]),
            .state = pod->state,
            .health = pod->health,
            .exit_code = pod->exit_code,
            .status = copy(o, pod->text[TEXT_STATUS]),
            .ports = published.ports,
            .port_count = published.port_count,
            .addresses = published.addresses,
        };
    }
    o->out->replica_count = count;
    free(pods);
    free(services.items);
    free(ingresses.items);
}

/* The first copy of the service, or where it would be. */
static size_t find_first(const struct observation *seen, item_ref workload)
{
    size_t low = 0, high = seen->replica_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(seen->replicas[middle].app, workload->text[TEXT_APP]);

        if (!order)
            order = strcmp(seen->replicas[middle].service, workload->text[TEXT_SERVICE]);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Why a service is not settled: the workload's own word, else that of a copy that fails. */
static const char *trouble_of(const struct observing *o, item_ref workload)
{
    const struct observation *seen = o->out;

    if (workload->is_settled || workload->text[TEXT_STATUS][0])
        return copy(o, workload->text[TEXT_STATUS]);
    for (size_t i = find_first(seen, workload); i < seen->replica_count; i++) {
        const struct observed_replica *replica = &seen->replicas[i];

        if (strcmp(replica->app, workload->text[TEXT_APP]) != 0 ||
            strcmp(replica->service, workload->text[TEXT_SERVICE]) != 0)
            break;
        if (replica->health != HEALTH_HEALTHY)
            return arena_printf(seen->arena, "%s: %s", replica->name, replica->status);
    }
    return "";
}

static void observe_workloads(struct observing *o, unsigned kind)
{
    struct observation *out = o->out;
    size_t count;
    item_ref *items = sorted(o, kind, &count);

    for (size_t i = 0; i < count; i++)
        out->services[out->service_count++] = (struct observed_service){
            .app = copy(o, items[i]->text[TEXT_APP]),
            .service = copy(o, items[i]->text[TEXT_SERVICE]),
            .id = arena_printf(out->arena, "%s/%s/%s", kubernetes_kinds[kind].plural,
                               items[i]->text[TEXT_NAME], items[i]->text[TEXT_UID]),
            .digest = copy(o, items[i]->text[TEXT_DIGEST]),
            .replicas = items[i]->replicas,
            .settled = items[i]->is_settled,
            .trouble = trouble_of(o, items[i]),
        };
    free(items);
}

struct observation *kubernetes_mirror_observe(const struct kubernetes_mirror *mirror,
                                              const struct cluster *cluster)
{
    static const unsigned workloads[] = {KUBERNETES_DEPLOYMENTS, KUBERNETES_STATEFULSETS,
                                         KUBERNETES_JOBS};
    struct arena *arena = arena_new();
    struct observing o = {
        .mirror = mirror, .cluster = cluster, .out = arena_new_in(arena, struct observation)};
    size_t count = 0;

    o.out->arena = arena;
    observe_nodes(&o);
    o.out->space_count = observe_objects(&o, KUBERNETES_NAMESPACES, &o.out->spaces);
    o.out->volume_count = observe_objects(&o, KUBERNETES_CLAIMS, &o.out->volumes);
    observe_pods(&o);
    for (size_t i = 0; i < 3; i++)
        count += mirror->items[workloads[i]].count;
    o.out->services = arena_array(arena, count + 1, sizeof(*o.out->services));
    for (size_t i = 0; i < 3; i++)
        observe_workloads(&o, workloads[i]);
    return o.out;
}
