/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: how many replicas of each service go to which cluster, with the certificate that
 * shows what survives and the reason for each number.
 *
 * plan/ makes it, plan_json carries it. Everything belongs to plan->arena. Clusters are named,
 * not indexed, because a plan outlives the fleet that it was made for.
 */
#pragma once

#include "base/arena.h"
#include "model/domain.h"
#include "model/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct placement {
    const char *cluster;
    unsigned replicas; /* >= 1 */
};

/* One loss case and what is left after it, over all services it concerns. */
struct certificate_line {
    enum domain_level level;
    const char *lost; /* "amber", or "amber, birch" for counts above one: the worst case */
    unsigned left, needed;
};

struct plan_service {
    const char *name;
    unsigned needed;              /* replicas of the file */
    unsigned placed;              /* sum of placements */
    struct placement *placements; /* sorted by cluster */
    size_t placement_count;
    struct survive survive; /* what was asked for, defaults resolved */
    bool pinned;            /* holds state in one cluster */
    bool survives;   /* every loss case leaves `needed`; false when pinned or none asked */
    const char *why; /* one sentence: why this total, these clusters */
    struct certificate_line *certificate; /* one per loss case at each asked level */
    size_t certificate_count;
};

/* Why a service cannot be placed, and the least change that would make it possible. */
struct refusal {
    const char *service;
    const char *reason; /* "4 replicas that survive any one provider need 2 providers, ..." */
    const char *fix;    /* "add a cluster of another provider" */
};

struct plan {
    struct arena *arena;
    const char *app;
    struct plan_service *services; /* sorted by name */
    size_t service_count;
    const char *survive_source; /* sentence: where the survive level comes from */
    struct refusal *refusals;   /* not empty: the plan must not be carried out */
    size_t refusal_count;
    struct strings warnings; /* pinned services and the like, in words */
};

/* Accepts NULL. Returns NULL. */
struct plan *plan_free(struct plan *plan);
void plan_freep(struct plan **plan);

const struct plan_service *plan_find_service(const struct plan *plan, const char *name);

/* Replicas of the service in the cluster; 0 when there are none. */
unsigned plan_replicas(const struct plan *plan, const char *service, const char *cluster);
