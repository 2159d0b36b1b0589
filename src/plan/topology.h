/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet by number: which domain each cluster is in, and the clusters by cost.
 *
 * Clusters are numbered as in fleet->clusters, domains by name. Clusters nest: a region is
 * identified by its name within its provider, so "north" of amber and "north" of birch are two
 * regions. Everything belongs to the arena that the topology was made in; names belong to the
 * fleet, except those of regions that need their provider's name to be told apart.
 */
#pragma once

#include "base/arena.h"
#include "model/fleet.h"

struct topology {
    unsigned cluster_count;
    unsigned domain_count[DOMAIN_LEVELS];
    const unsigned *domain[DOMAIN_LEVELS];         /* [level][cluster]: number of the domain */
    const char *const *domain_name[DOMAIN_LEVELS]; /* [level][domain] */
    const uint64_t *cost;                          /* [cluster]: millionths per replica */
    const unsigned *by_cost;                       /* clusters, cheapest first, then by name */
};

void topology_init(struct topology *topology, struct arena *arena, const struct fleet *fleet);
