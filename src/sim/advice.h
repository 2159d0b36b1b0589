/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which single purchase would improve the odds most: one more cluster, of each provider that
 * the fleet has, or of one that it does not have yet. Pure.
 */
#pragma once

#include "model/app.h"
#include "sim/odds.h"

struct advice {
    struct arena *arena;
    const char *text;   /* "a cluster like amber-1 of a new provider" */
    double short_hours; /* as in struct odds, with it */
    unsigned placed;    /* replicas in sum, with it */
};

/*
 * `odds` is how it is now, `input` what it was made from. Tries every purchase with the same
 * rates and seed. NULL when none helps. The caller frees it.
 */
struct advice *advice_make(const struct app *app, const struct odds_input *input,
                           const struct odds *odds) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct advice *advice_free(struct advice *advice);
void advice_freep(struct advice **advice);
