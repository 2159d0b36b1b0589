/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated way from control to one cluster, with the habits of server/link: connects,
 * lists, follows changes, lists again to be sure, gives up after a time limit, carries out a
 * few actions at a time. Requests and replies take time, and may be lost on either way: an
 * action whose reply was lost was carried out, or will be.
 */
#pragma once

#include "control/work.h"
#include "sim/engine.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_LINK_ACTIONS_MAX 8
#define SIM_LINK_CONFIRM_MS  5000
#define SIM_LINK_TIMEOUT_MS  10000

enum sim_link_state { SIM_LINK_WAITING, SIM_LINK_ASKING, SIM_LINK_READY };

struct sim_link {
    struct agenda *agenda;
    struct random *random;
    struct engine *engine;
    enum sim_link_state state;
    uint64_t life;  /* of this connection: what an earlier one asked for is of no interest */
    uint64_t asked; /* lists so far: the answer to the latest counts */
    bool is_asking, is_dirty;
    uint64_t asked_ms;
    struct observation *observation;
    uint64_t observed_changes; /* engine->changes when it was made */
    struct work_queue works;
    unsigned flights; /* requests and replies on their way */

    /* Something that control may want to look at: a new observation, a new state, an action
     * that has ended or may be tried again. */
    void (*on_news)(void *ctx, struct sim_link *link);
    void *ctx;
};

void sim_link_init(struct sim_link *link, struct engine *engine, struct agenda *agenda,
                   struct random *random);

/* The process ends: nothing is left but what is on its way to the cluster. */
void sim_link_reset(struct sim_link *link);
void sim_link_fini(struct sim_link *link);

/* The process begins: connects. */
void sim_link_start(struct sim_link *link);

/* WORK_TAKEN, WORK_PENDING or WORK_LATER. */
int sim_link_submit(struct sim_link *link, const struct action *action,
                    struct revision *revision);

/* The engine's event stream: something changed there. */
void sim_link_on_change(struct sim_link *link);

/* Of all links together. */
unsigned sim_link_flights(const struct sim_link *links, size_t count);
