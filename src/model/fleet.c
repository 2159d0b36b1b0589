/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fleet.h"

#include <stdlib.h>
#include <string.h>

struct fleet *fleet_free(struct fleet *fleet)
{
    if (fleet)
        (void)arena_free(fleet->arena);
    return NULL;
}

void fleet_freep(struct fleet **fleet)
{
    *fleet = fleet_free(*fleet);
}

static int compare_cluster(const void *name, const void *cluster)
{
    return strcmp(name, ((const struct cluster *)cluster)->name);
}

const struct cluster *fleet_find_cluster(const struct fleet *fleet, const char *name)
{
    if (!fleet->cluster_count)
        return NULL;
    return bsearch(name, fleet->clusters, fleet->cluster_count, sizeof(*fleet->clusters),
                   compare_cluster);
}

static void strings_copy(struct arena *arena, struct strings *out, const struct strings *in)
{
    out->items = arena_array(arena, in->count, sizeof(*out->items));
    out->count = in->count;
    for (size_t i = 0; i < in->count; i++)
        out->items[i] = arena_strdup(arena, in->items[i]);
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void cluster_copy(struct arena *arena, struct cluster *out, const struct cluster *in)
{
    *out = *in;
    out->name = arena_strdup(arena, in->name);
    out->driver = arena_strdup(arena, in->driver);
    out->endpoint = arena_strdup(arena, in->endpoint);
    out->provider = arena_strdup(arena, in->provider);
    out->region = arena_strdup(arena, in->region);
    out->tls_ca = copy_text(arena, in->tls_ca);
    out->tls_cert = copy_text(arena, in->tls_cert);
    out->tls_key = copy_text(arena, in->tls_key);
    strings_copy(arena, &out->addresses, &in->addresses);
}

void fleet_dns_copy(struct arena *arena, struct fleet_dns *out, const struct fleet_dns *in)
{
    strings_copy(arena, &out->listen, &in->listen);
    strings_copy(arena, &out->nameservers, &in->nameservers);
    out->zone = copy_text(arena, in->zone);
}

struct fleet *fleet_copy(const struct fleet *fleet, size_t extra)
{
    struct arena *arena = arena_new();
    struct fleet *copy = arena_new_in(arena, struct fleet);

    copy->arena = arena;
    copy->clusters = arena_array(arena, fleet->cluster_count + extra, sizeof(*copy->clusters));
    copy->cluster_count = fleet->cluster_count;
    for (size_t i = 0; i < fleet->cluster_count; i++)
        cluster_copy(arena, &copy->clusters[i], &fleet->clusters[i]);
    fleet_dns_copy(arena, &copy->dns, &fleet->dns);
    return copy;
}

void fleet_put(struct fleet *fleet, const struct cluster *cluster)
{
    size_t at = 0;

    while (at < fleet->cluster_count && strcmp(fleet->clusters[at].name, cluster->name) < 0)
        at++;
    if (at == fleet->cluster_count || strcmp(fleet->clusters[at].name, cluster->name) != 0) {
        memmove(&fleet->clusters[at + 1], &fleet->clusters[at],
                (fleet->cluster_count - at) * sizeof(*fleet->clusters));
        fleet->cluster_count++;
    }
    cluster_copy(fleet->arena, &fleet->clusters[at], cluster);
}

bool fleet_remove(struct fleet *fleet, const char *name)
{
    const struct cluster *found = fleet_find_cluster(fleet, name);

    if (!found)
        return false;
    size_t at = (size_t)(found - fleet->clusters);
    fleet->cluster_count--;
    memmove(&fleet->clusters[at], &fleet->clusters[at + 1],
            (fleet->cluster_count - at) * sizeof(*fleet->clusters));
    return true;
}

const char *cluster_domain(const struct cluster *cluster, enum domain_level level)
{
    switch (level) {
    case DOMAIN_REGION:
        return cluster->region;
    case DOMAIN_PROVIDER:
        return cluster->provider;
    case DOMAIN_CLUSTER:
    default:
        return cluster->name;
    }
}

static size_t count_published(const struct app *app)
{
    size_t count = 0;

    for (size_t i = 0; i < app->service_count; i++)
        if (service_steered_port(&app->services[i]))
            count++;
    return count;
}

const char *service_hostname(struct arena *arena, const struct app *app,
                             const struct service *service, const char *zone)
{
    if (!service_steered_port(service))
        return NULL;
    if (service->hostname)
        return service->hostname;
    if (app->hostname)
        return count_published(app) == 1
                   ? app->hostname
                   : arena_printf(arena, "%s.%s", service->name, app->hostname);
    return zone ? arena_printf(arena, "%s.%s.%s", service->name, app->name, zone) : NULL;
}
