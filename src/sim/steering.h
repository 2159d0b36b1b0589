/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated nameserver: probes endpoints, keeps verdicts, goes on without control.
 *
 * Probes whose result is known beforehand are not simulated: an endpoint is asked only while
 * its verdict and the truth disagree, and the successes in between are credited when the next
 * doubt comes.
 */
#pragma once

#include "base/arena.h"
#include "health/schedule.h"
#include "health/verdict.h"
#include "model/intent.h"
#include "sim/engine.h"

struct sim_endpoint {
    char address[64];
    uint16_t port;
    struct engine *engine;
    struct verdict verdict;
    struct schedule schedule;
    bool is_pinned_down;
    bool is_asked;          /* a probe is on its way */
    bool is_wanted;         /* while an intent is taken in */
    uint64_t settled_ms;    /* the last probe */
    uint64_t serial;        /* of this endpoint: a late probe of an earlier one is stale */
    uint64_t answered_ms;   /* the latest moment at which it was answered */
    uint64_t dead_since_ms; /* the judge's: answered and not serving; 0: it is well */
};

struct sim_steering {
    struct agenda *agenda;
    struct random *random;
    struct engine *engines;
    size_t engine_count;
    struct sim_endpoint **endpoints;
    size_t count, capacity;
    uint64_t serial, generation;
    struct intent *intent; /* shared */
    void (*on_verdict)(void *ctx);
    void *ctx;
};

void sim_steering_init(struct sim_steering *steering, struct engine *engines,
                       size_t engine_count, struct agenda *agenda, struct random *random);
void sim_steering_fini(struct sim_steering *steering);

/* An older generation never replaces a newer one. */
void sim_steering_take(struct sim_steering *steering, struct intent *intent);

/* Something changed that probes could notice. */
void sim_steering_on_change(struct sim_steering *steering, const struct engine *engine);

enum verdict_state sim_steering_verdict(const struct sim_steering *steering,
                                        const char *address, unsigned port);

/* NULL when nobody probes there. */
struct sim_endpoint *sim_steering_find(const struct sim_steering *steering, const char *address,
                                       unsigned port);

/* Whether clients are sent there, as long as any endpoint is up. */
bool sim_endpoint_is_answered(const struct sim_endpoint *endpoint);
