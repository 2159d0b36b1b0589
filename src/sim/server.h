/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated control plane: the same rounds, queues, plans and intents as seawall server,
 * in virtual time. What it must not forget survives its death; all else is found out again.
 */
#pragma once

#include "control/intent_make.h"
#include "control/round.h"
#include "model/fleet.h"
#include "sim/link.h"
#include "sim/steering.h"

struct sim_app {
    char *name;
    /* Durable: */
    struct revision *revision; /* NULL: forgotten */
    bool removing;
    /* Not durable: */
    struct departures departures;
    enum app_state state;
    char waits[200]; /* the first hold of the latest round, for people */
    bool is_dirty;
};

struct sim_server {
    struct agenda *agenda;
    struct random *random;
    const struct fleet *fleet;
    struct sim_link *links; /* indexed as fleet->clusters */
    struct sim_steering *steering;
    struct sim_app *apps; /* sorted by name */
    size_t app_count, app_capacity;
    struct intent *intent; /* durable */
    uint64_t generation;   /* durable */
    bool is_alive;
    bool is_woken, intent_is_dirty;
    uint64_t life;
    uint64_t rounds; /* so far */
};

void sim_server_init(struct sim_server *server, const struct fleet *fleet,
                     struct engine *engines, struct sim_steering *steering,
                     struct agenda *agenda, struct random *random);
void sim_server_fini(struct sim_server *server);

/* kill -9, and the next start. */
void sim_server_kill(struct sim_server *server);
void sim_server_start(struct sim_server *server);

/*
 * What a user may ask of it. `app` is taken over; -EAGAIN while the server is dead, -EPERM when
 * the plan refuses.
 */
int sim_server_up(struct sim_server *server, struct app *app, struct err *err);
void sim_server_down(struct sim_server *server, const char *name);

struct sim_app *sim_server_find(const struct sim_server *server, const char *name);

/* The cluster's events and steering's verdicts. */
void sim_server_on_change(struct sim_server *server, const struct engine *engine);
void sim_server_on_verdict(struct sim_server *server);
