/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated world: clusters, a control plane, a nameserver, users, and faults from a seed.
 * The same seed and size give the same run, event by event.
 */
#pragma once

#include "base/attr.h"
#include "sim/fault.h"
#include "sim/judge.h"

struct world;

struct world_options {
    uint64_t seed;
    unsigned clusters; /* 0: drawn, 3 to 30 */
    unsigned services; /* 0: drawn, 1 to 8 */
    unsigned hours;    /* simulated; 0: 24 */
    /* What happens, in words; may be NULL. */
    void (*on_note)(void *ctx, uint64_t at_ms, const char *text);
    void *ctx;
};

struct world *world_new(const struct world_options *options) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct world *world_free(struct world *world);

/* The faults to come: may be switched off before the run. */
struct faults *world_faults(struct world *world);

/* Runs to the end, or to the first broken promise. Returns whether all were kept. */
bool world_run(struct world *world) MUST_USE;

/* What was broken, "" for nothing, and when. */
const char *world_broken(const struct world *world, uint64_t *at_ms);

struct world_figures {
    uint64_t steps, rounds, actions, superfluous;
    unsigned clusters, services;
};

struct world_figures world_figures(const struct world *world);
