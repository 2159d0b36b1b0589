/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated Docker Engine with the habits of a real one: it starts again what ended if the
 * restart policy says so, but leaves the unhealthy alone; a crash of its machine ends all
 * containers, which come back with it; its API may be gone while its containers live.
 *
 * Nothing here knows what Seawall wants. The engine reports each thing that is done to it, so
 * that a judge can tell what was done wrong.
 */
#pragma once

#include "base/random.h"
#include "model/action.h"
#include "model/app.h"
#include "model/fleet.h"
#include "model/observation.h"
#include "sim/agenda.h"

#include <stdbool.h>
#include <stdint.h>

#define ENGINE_STOP_MS_MAX  400   /* a container that heeds its signal */
#define ENGINE_START_MS_MAX 800   /* create and start */
#define ENGINE_READY_MS_MAX 20000 /* from start until the container serves; mostly a tenth */

struct container {
    char id[40];
    char *app, *service, *digest, *image; /* app NULL: not ours */
    unsigned number;
    enum replica_state state;
    enum replica_health health;
    int exit_code;
    bool restarts;      /* its restart policy is `always` or `unless-stopped` */
    bool has_check;     /* it has a health check */
    bool is_sick;       /* runs and does not serve */
    uint16_t published; /* 0: none */
    uint16_t target;
    uint64_t ready_ms;   /* serves from then on, while it runs */
    uint64_t started_ms; /* of the latest start */
    unsigned starts;
};

struct engine_object {
    char *name, *app;
};

/* What was done to a container, told before it happens. */
struct engine_watch {
    void (*on_apply)(void *ctx, const char *cluster, const struct action *action,
                     const struct container *target, bool is_superfluous);
    void *ctx;
};

struct engine {
    const struct cluster *cluster;
    struct agenda *agenda;
    struct random *random;
    struct container **containers;
    size_t count, capacity;
    struct engine_object *networks, *volumes;
    size_t network_count, network_capacity, volume_count, volume_capacity;
    bool is_up;       /* the machine runs */
    bool has_api;     /* the Engine answers, while the machine runs */
    bool is_cut;      /* no packet comes in or goes out */
    uint64_t boots;   /* crashes so far: events of an earlier life are stale */
    uint64_t made;    /* containers so far */
    uint64_t changes; /* so far, of whatever others could see */
    struct engine_watch watch;
    void (*on_change)(void *ctx, struct engine *engine); /* may be NULL */
    void *ctx;
};

void engine_init(struct engine *engine, const struct cluster *cluster, struct agenda *agenda,
                 struct random *random);
void engine_fini(struct engine *engine);

/* The API: somebody asks and gets an answer. */
bool engine_answers(const struct engine *engine);

/* Carries out an action. -EEXIST, -EADDRINUSE, ... with `err` as a real Engine would. */
int engine_apply(struct engine *engine, const struct action *action, const struct app *app,
                 struct err *err);

/* How long the action takes. */
unsigned engine_apply_ms(const struct engine *engine, const struct action *action);

/* Everything that carries our labels. The caller frees it. */
struct observation *engine_observe(const struct engine *engine) MUST_USE;

/* Whether a client that connects to the port is served now. */
bool engine_serves(const struct engine *engine, uint16_t port);
bool container_serves(const struct engine *engine, const struct container *container);

/* Faults and their ends. */
void engine_crash(struct engine *engine);
void engine_boot(struct engine *engine);
void engine_set_api(struct engine *engine, bool has_api);
void engine_set_cut(struct engine *engine, bool is_cut);

/* The container ends by itself; its restart policy decides what comes next. */
void engine_container_exit(struct engine *engine, struct container *container, int code);
void engine_container_sicken(struct engine *engine, struct container *container);

/* A container that is none of ours. */
void engine_add_foreign(struct engine *engine, const char *name);
