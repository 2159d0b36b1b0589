/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/topology.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A cluster on its way to a number. */
struct site {
    const struct cluster *cluster;
    unsigned number;
};

static int compare_provider(const void *a, const void *b)
{
    const struct site *x = a;
    const struct site *y = b;

    return strcmp(x->cluster->provider, y->cluster->provider);
}

static int compare_region(const void *a, const void *b)
{
    const struct site *x = a;
    const struct site *y = b;
    int order = compare_provider(a, b);

    return order ? order : strcmp(x->cluster->region, y->cluster->region);
}

static int compare_number(const void *a, const void *b)
{
    const struct site *x = a;
    const struct site *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

static int compare_cost(const void *a, const void *b)
{
    const struct site *x = a;
    const struct site *y = b;

    if (x->cluster->cost_micro != y->cluster->cost_micro)
        return x->cluster->cost_micro < y->cluster->cost_micro ? -1 : 1;
    return compare_number(a, b);
}

typedef int (*compare_fn)(const void *, const void *);

/* Equal neighbours in the order of `compare` share a domain. */
static void number_domains(struct topology *topology, struct arena *arena, struct site *sites,
                           enum domain_level level, compare_fn compare)
{
    unsigned count = 0;
    unsigned *domain = arena_array(arena, topology->cluster_count, sizeof(*domain));
    const char **names = arena_array(arena, topology->cluster_count, sizeof(*names));

    qsort(sites, topology->cluster_count, sizeof(*sites), compare);
    for (unsigned i = 0; i < topology->cluster_count; i++) {
        if (!i || compare(&sites[i - 1], &sites[i]) != 0)
            names[count++] = cluster_domain(sites[i].cluster, level);
        domain[sites[i].number] = count - 1;
    }
    topology->domain_count[level] = count;
    topology->domain[level] = domain;
    topology->domain_name[level] = names;
}

/* A region name that two providers use is told with its provider: "amber/north". */
static void qualify_regions(struct topology *topology, struct arena *arena,
                            const struct site *sites)
{
    unsigned count = topology->domain_count[DOMAIN_REGION];
    const char **names = arena_array(arena, count, sizeof(*names));

    for (unsigned i = 0; i < topology->cluster_count; i++) {
        const struct cluster *cluster = sites[i].cluster;
        unsigned region = topology->domain[DOMAIN_REGION][sites[i].number];

        if (!names[region])
            names[region] = cluster->region;
        for (unsigned j = 0; j < count && names[region] == cluster->region; j++)
            if (j != region &&
                strcmp(topology->domain_name[DOMAIN_REGION][j], cluster->region) == 0)
                names[region] =
                    arena_printf(arena, "%s/%s", cluster->provider, cluster->region);
    }
    topology->domain_name[DOMAIN_REGION] = names;
}

void topology_init(struct topology *topology, struct arena *arena, const struct fleet *fleet)
{
    assert(fleet->cluster_count <= FLEET_CLUSTERS_MAX);

    unsigned count = (unsigned)fleet->cluster_count;
    struct site *sites = arena_array(arena, count ? count : 1, sizeof(*sites));
    uint64_t *cost = arena_array(arena, count, sizeof(*cost));
    unsigned *by_cost = arena_array(arena, count, sizeof(*by_cost));

    *topology = (struct topology){.cluster_count = count, .cost = cost, .by_cost = by_cost};
    for (unsigned c = 0; c < count; c++) {
        sites[c] = (struct site){&fleet->clusters[c], c};
        cost[c] = fleet->clusters[c].cost_micro;
    }
    number_domains(topology, arena, sites, DOMAIN_PROVIDER, compare_provider);
    number_domains(topology, arena, sites, DOMAIN_REGION, compare_region);
    number_domains(topology, arena, sites, DOMAIN_CLUSTER, compare_number);
    qualify_regions(topology, arena, sites);

    qsort(sites, count, sizeof(*sites), compare_cost);
    for (unsigned i = 0; i < count; i++)
        by_cost[i] = sites[i].number;
}
