/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the simulated world and says which promise was broken first, when, and by what.
 *
 * It sees the truth, which control does not. So for JUDGE_BLIND_MS after something happened to
 * a cluster it grants that control still believes what it saw there before, and after a command
 * or a death of control that actions of before are still on their way.
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

struct judge {
    const struct agenda *agenda;
    const struct sim_server *server;
    const struct sim_steering *steering;
    struct engine *engines;
    size_t engine_count;
    uint64_t *disturbed_ms;  /* of each engine: the latest fault or its end */
    uint64_t interrupted_ms; /* the latest command, or death or start of control */
    uint64_t actions, superfluous;
    char broken[480]; /* "" while every promise is kept */
    uint64_t broken_ms;
};

void judge_init(struct judge *judge, const struct agenda *agenda,
                const struct sim_server *server, const struct sim_steering *steering,
                struct engine *engines, size_t engine_count);
void judge_fini(struct judge *judge);

void judge_on_disturbance(struct judge *judge, size_t engine);
void judge_on_interruption(struct judge *judge);

/* For struct engine_watch; the context is a struct judge. */
void judge_on_apply(void *judge, const char *cluster, const struct action *action,
                    const struct container *target, bool is_superfluous);

/* What clients get now. To be called at least once a second while anything changes. */
void judge_answers(struct judge *judge);

/* After a calm time with everything there: the clusters run what the plans say, no more. */
void judge_in_step(struct judge *judge);
