/* SPDX-License-Identifier: Apache-2.0 */
#include "control/intent_make.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void copy_strings(struct arena *arena, struct strings *out, const struct strings *in)
{
    out->items = arena_array(arena, in->count, sizeof(*out->items));
    out->count = in->count;
    for (size_t i = 0; i < in->count; i++)
        out->items[i] = arena_strdup(arena, in->items[i]);
}

static void copy_probe(struct arena *arena, struct probe *out, const struct probe *in)
{
    *out = *in;
    out->path = in->path ? arena_strdup(arena, in->path) : NULL;
    out->host = in->host ? arena_strdup(arena, in->host) : NULL;
}

static struct intent_name *add_name(struct intent *intent, size_t *capacity,
                                    const struct app *app, const struct service *service,
                                    const char *hostname)
{
    intent->names = arena_grow(intent->arena, intent->names, intent->name_count, capacity,
                               sizeof(*intent->names));
    struct intent_name *name = &intent->names[intent->name_count++];

    name->name = arena_strdup(intent->arena, hostname);
    name->app = arena_strdup(intent->arena, app->name);
    name->service = arena_strdup(intent->arena, service->name);
    name->ttl_s = service->ttl_s ? service->ttl_s : app->ttl_s;
    copy_probe(intent->arena, &name->probe, &service->probe);
    return name;
}

/* Where the steered port of the service is published by this copy; 0: nowhere. */
static uint16_t published_port(const struct service *service,
                               const struct observed_replica *replica)
{
    const struct port *steered = service_steered_port(service);

    for (size_t i = 0; i < replica->port_count; i++)
        if (replica->ports[i].protocol == PORT_TCP &&
            replica->ports[i].target == steered->target && replica->ports[i].published)
            return replica->ports[i].published;
    return 0;
}

static void add_endpoint(struct intent *intent, struct intent_name *name, size_t *capacity,
                         const struct cluster *cluster, const char *address, uint16_t port,
                         enum pin pin)
{
    name->endpoints = arena_grow(intent->arena, name->endpoints, name->endpoint_count, capacity,
                                 sizeof(*name->endpoints));
    name->endpoints[name->endpoint_count++] = (struct endpoint){
        .address = arena_strdup(intent->arena, address),
        .port = port,
        .cluster = arena_strdup(intent->arena, cluster->name),
        .region = arena_strdup(intent->arena, cluster->region),
        .provider = arena_strdup(intent->arena, cluster->provider),
        .weight = 1,
        /* Without a probe nothing but control's word says whether it is up. */
        .pin = pin == PIN_NONE && name->probe.kind == PROBE_NONE ? PIN_UP : pin,
    };
}

static int compare_name(const void *a, const void *b)
{
    return strcmp(((const struct intent_name *)a)->name, ((const struct intent_name *)b)->name);
}

static int compare_endpoint(const void *a, const void *b)
{
    const struct endpoint *x = a, *y = b;
    int order = strcmp(x->address, y->address);

    return order ? order : (int)x->port - (int)y->port;
}

/* What the intent before had of this name in a cluster that was not seen since. */
static void keep_endpoints(struct intent *intent, struct intent_name *name, size_t *capacity,
                           const struct intent *before, const struct cluster *cluster)
{
    const struct intent_name *known = NULL;

    if (before && before->name_count)
        known = bsearch(name, before->names, before->name_count, sizeof(*before->names),
                        compare_name);
    for (size_t i = 0; known && i < known->endpoint_count; i++) {
        const struct endpoint *endpoint = &known->endpoints[i];

        if (strcmp(endpoint->cluster, cluster->name) != 0)
            continue;
        add_endpoint(intent, name, capacity, cluster, endpoint->address, endpoint->port,
                     endpoint->pin);
        name->endpoints[name->endpoint_count - 1].weight = endpoint->weight;
    }
}

/*
 * Copies behind one port of their cluster are one endpoint, whose weight says how many they
 * are. It is down when all of them leave.
 */
static void merge_endpoints(struct intent_name *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < name->endpoint_count; i++) {
        struct endpoint *last = kept ? &name->endpoints[kept - 1] : NULL;
        const struct endpoint *next = &name->endpoints[i];

        if (!last || compare_endpoint(last, next) != 0) {
            name->endpoints[kept++] = *next;
            continue;
        }
        if (last->pin == PIN_DOWN)
            last->pin = next->pin;
        last->weight++;
    }
    name->endpoint_count = kept < INTENT_ENDPOINTS_MAX ? kept : INTENT_ENDPOINTS_MAX;
}

static void add_endpoints(struct intent *intent, struct intent_name *name,
                          const struct intent_input *input, const struct service *service)
{
    size_t capacity = 0;

    for (size_t c = 0; c < input->cluster_count; c++) {
        const struct cluster *cluster = input->clusters[c].cluster;
        const struct observation *seen = input->clusters[c].observation;

        if (!seen)
            keep_endpoints(intent, name, &capacity, input->before, cluster);
        for (size_t i = 0; seen && i < seen->replica_count; i++) {
            const struct observed_replica *replica = &seen->replicas[i];

            if (replica->state != REPLICA_RUNNING || strcmp(replica->app, name->app) != 0 ||
                strcmp(replica->service, name->service) != 0)
                continue;
            uint16_t port = published_port(service, replica);
            enum pin pin =
                input->is_leaving && input->is_leaving(input->ctx, cluster->name, replica->id)
                    ? PIN_DOWN
                    : PIN_NONE;
            const struct strings *addresses =
                replica->addresses.count ? &replica->addresses : &cluster->addresses;
            for (size_t a = 0; port && a < addresses->count; a++)
                add_endpoint(intent, name, &capacity, cluster, addresses->items[a], port, pin);
        }
    }
    if (name->endpoint_count)
        qsort(name->endpoints, name->endpoint_count, sizeof(*name->endpoints),
              compare_endpoint);
    merge_endpoints(name);
}

/* Two services that claim one name: the first by app and service has it. */
static void drop_doubles(struct intent *intent)
{
    size_t kept = 0;

    for (size_t i = 0; i < intent->name_count; i++)
        if (!kept || strcmp(intent->names[kept - 1].name, intent->names[i].name) != 0)
            intent->names[kept++] = intent->names[i];
    intent->name_count = kept;
}

struct intent *intent_make(const struct intent_input *input)
{
    struct arena *arena = arena_new();
    struct intent *intent = arena_new_in(arena, struct intent);
    const struct fleet_dns *dns = &input->fleet->dns;
    size_t capacity = 0;

    intent->arena = arena;
    intent->zone = dns->zone ? arena_strdup(arena, dns->zone) : "";
    copy_strings(arena, &intent->nameservers, &dns->nameservers);
    if (!intent->nameservers.count) {
        intent->nameservers.items = arena_array(arena, 1, sizeof(const char *));
        intent->nameservers.items[0] = arena_printf(arena, "ns1.%s", intent->zone);
        intent->nameservers.count = 1;
    }
    for (size_t a = 0; a < input->app_count; a++) {
        const struct app *app = input->apps[a].app;

        for (size_t s = 0; !input->apps[a].removing && s < app->service_count; s++) {
            const struct service *service = &app->services[s];
            const char *hostname = service_hostname(arena, app, service, dns->zone);

            if (hostname)
                add_endpoints(intent, add_name(intent, &capacity, app, service, hostname),
                              input, service);
        }
    }
    if (intent->name_count)
        qsort(intent->names, intent->name_count, sizeof(*intent->names), compare_name);
    drop_doubles(intent);
    return intent;
}
