/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan in the making: the services of an app by number, where each is placed so far, and
 * what that leaves of the clusters.
 *
 * The input must outlive the draft. Released with draft_fini.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "plan/ledger.h"
#include "plan/planner.h"
#include "plan/spread.h"
#include "plan/topology.h"

#include <stdbool.h>
#include <stdint.h>

/* Replicas in a cluster; a list of them, sorted by cluster, is a placement. */
struct spot {
    uint32_t cluster, replicas; /* never 0 replicas */
};

/* A list of spots in draft->spots. */
struct spots {
    size_t at;
    uint32_t count;
};

enum job_state {
    JOB_OPEN,     /* not placed: not yet, or no place was found */
    JOB_RESERVED, /* holds what runs now, as far as there is room */
    JOB_PLACED,   /* holds what survives what it has to */
    JOB_STAYS, /* its data is in a cluster that takes nothing new: left there, takes no room */
};

/* One service. */
struct job {
    const struct service *service;
    enum job_state state;
    bool is_pinned;
    bool is_hopeless; /* there is no place for it even in an empty fleet */
    bool is_free; /* was placed where all of it fitted everywhere: more room helps nothing */
    struct demand demand;
    struct survive survive; /* asked for, defaults resolved */
    struct survive reduced; /* see survive_reduce */
    struct spots current;   /* what runs now, in clusters that the fleet still has */
    struct spots placement;
    unsigned total;
    uint64_t cost;
};

struct draft {
    const struct planner_input *input;
    struct arena *arena;
    struct topology topology;
    struct ledger ledger;
    struct survive survive_default; /* of services that say nothing */
    struct job *jobs;               /* as app->services */
    uint32_t *order;                /* jobs, hardest to place first */
    size_t job_count;

    struct spot *spots; /* of all jobs, some of them no longer in use */
    size_t spot_count, spot_capacity;

    /* Scratch for one job, [cluster]. */
    struct spread spread;
    unsigned *caps, *current;
};

void draft_init(struct draft *draft, const struct planner_input *input);
void draft_fini(struct draft *draft);

/* The spots of a list. Valid until the next placement. */
const struct spot *draft_spots(const struct draft *draft, struct spots spots);

/* What the job has to survive in a fleet like that. */
struct survive draft_survive(const struct draft *draft, const struct topology *topology,
                             const struct job *job);

/*
 * The cluster that holds the data of a pinned job: where most of it runs. The number of
 * clusters when there is none.
 */
unsigned draft_home(const struct draft *draft, const struct job *job);

/*
 * Takes back what the job holds; it is open then. draft_take gives the same to it again, for
 * which there must be room.
 */
void draft_open(struct draft *draft, struct job *job);
void draft_take(struct draft *draft, struct job *job);

/*
 * Places the job as well as what the others leave allows: least total, cheapest, fewest moves,
 * most even. What it holds already stays if it is as good. A job that finds no place is open
 * afterwards. Returns whether it gave back room that it held before.
 */
bool draft_place(struct draft *draft, struct job *job);

/* Gives each job what it runs now, as far as there is room, so that others leave it alone. */
void draft_reserve(struct draft *draft);

/*
 * Opens all jobs, and moves those that were open to the front of the order, but not the
 * hopeless ones. Returns whether there are any to move: whether another order may help.
 */
bool draft_promote_open(struct draft *draft);

/*
 * The question that an open job asks of the clusters as they are left; it lives in the scratch
 * of the draft until the next one. The job must need something. `demand` is its own, or one
 * that leaves something out.
 */
struct question draft_question(struct draft *draft, const struct job *job,
                               const struct demand *demand);
