/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at one app: what control decides, handed to whoever carries it out, and the state
 * that this leaves the app in. Pure: the time is a parameter, the world a table of functions.
 */
#pragma once

#include "control/decide.h"
#include "control/departures.h"
#include "control/revision.h"

#include <stdbool.h>
#include <stdint.h>

enum app_state {
    APP_WORKING, /* actions are under way or wait for each other */
    APP_WAITING, /* all that is left waits for clusters that cannot be reached */
    APP_IN_STEP,
    APP_STUCK, /* all that is left failed and will be tried again later */
};

/* "working", "waiting", "in-step", "stuck". */
const char *app_state_name(enum app_state state);

/* Who carries out actions, and what steering says. */
struct round_world {
    enum replica_endpoint (*verdict)(void *ctx, const char *address, unsigned port);
    /* Takes the action over: WORK_TAKEN, WORK_PENDING or WORK_LATER of control/work.h. */
    int (*submit)(void *ctx, const struct action *action);
    /* It waits, runs, or is done and not yet seen. */
    bool (*has)(void *ctx, const struct action *action);
    /* Actions of the app that the cluster has in its queue or under way. */
    unsigned (*count_pending)(void *ctx, const char *cluster);
    /* Why an action there waits to be tried again. Valid until the next is submitted. */
    const char *(*error)(void *ctx, const char *cluster);
    void *ctx;
};

struct round {
    const char *app_name;
    const struct revision *revision;
    bool removing, remove_volumes;
    struct control_cluster *clusters; /* sorted by name; the round fills in the endpoints */
    size_t cluster_count;
    struct departures *departures;
    uint64_t now_ms; /* monotonic */
};

struct round_result {
    enum app_state state;
    struct control_output output;
    const char *error; /* of an action that waits to be tried again; NULL: none */
    uint64_t wake_ms;  /* look again after so long; 0: only when something changes */
    bool has_moved;    /* copies began to leave, or stay after all: make the intent anew */
};

void round_run(struct round_result *out, struct arena *arena, const struct round *round,
               const struct round_world *world);

/* What steering says of a copy: the best verdict on its steered port. */
enum replica_endpoint round_endpoint(const struct revision *revision,
                                     const struct departures *departures,
                                     const struct round_world *world,
                                     const struct cluster *cluster,
                                     const struct observed_replica *replica);
