/* SPDX-License-Identifier: Apache-2.0 */
/* What each cluster of a fleet has room for, for the planner. Pure. */
#pragma once

#include "control/revision.h"
#include "model/fleet.h"
#include "model/observation.h"
#include "plan/planner.h"

/* What is known of a cluster of the fleet. */
struct rooms_cluster {
    bool is_ready;
    uint64_t cpus_nano, memory_bytes; /* as the orchestrator reports; 0: not known */
    const struct observation *seen;   /* NULL: never seen */
};

struct rooms_input {
    const struct fleet *fleet;
    const struct rooms_cluster *clusters; /* indexed as fleet->clusters */
    const char *app;                      /* for which there is to be room */
    const struct plan *current;           /* what it has now; NULL: nothing */
    /* What the other apps have reserved. */
    const struct revision *const *others;
    size_t other_count;
};

/*
 * Indexed as fleet->clusters; lives in `arena`. A drained cluster is not usable; one that
 * cannot be reached is so only for what it has already.
 */
struct planner_room *rooms_make(struct arena *arena, const struct rooms_input *input);
