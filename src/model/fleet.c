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
