/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the simulated world and says which promise was broken first, when, and by what.
 *
 * It sees the truth, which control does not: so it looks away for JUDGE_BLIND_MS after a fault
 * or a command, where control may still act on what it saw before.
 */
#pragma once

#include "sim/engine.h"
#include "sim/server.h"
#include "sim/steering.h"

#include <stdbool.h>
#include <stdint.h>

/* A time limit of a call (10 s), and the next look after it. */
#define JUDGE_BLIND_MS 20000

/* A dead endpoint may be answered so long (the promise for silent ones, docs/steering.md). */
#define JUDGE_ANSWERS_MS 3000

struct judge_name {
    const char *name;       /* in the judge's arena */
    uint64_t dead_since_ms; /* answers hold somebody who does not serve; 0: they do not */
};

struct judge {
    const struct agenda *agenda;
    const struct sim_server *server;
    const struct sim_steering *steering;
    struct engine *engines;
    size_t engine_count;
    uint64_t disturbed_ms; /* the latest fault or command */
    struct arena *arena;
    struct judge_name *names;
    size_t name_count, name_capacity;
    uint64_t actions, superfluous;
    char broken[480]; /* "" while every promise is kept */
    uint64_t broken_ms;
};

void judge_init(struct judge *judge, const struct agenda *agenda,
                const struct sim_server *server, const struct sim_steering *steering,
                struct engine *engines, size_t engine_count);
void judge_fini(struct judge *judge);

void judge_on_disturbance(struct judge *judge);

/* For struct engine_watch; the context is a struct judge. */
void judge_on_apply(void *judge, const char *cluster, const struct action *action,
                    const struct container *target, bool is_superfluous);

/* What clients get now. To be called at least once a second while anything changes. */
void judge_answers(struct judge *judge);

/* After a calm time with everything there: the clusters run what the plans say, no more. */
void judge_in_step(struct judge *judge);
