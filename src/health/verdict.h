/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a target up? Turns single probe results into a verdict that does not flap.
 *
 * A target goes down after `fall` failures in a row and comes back after `rise` successes in a
 * row. A newcomer is unknown until its first success, or until it failed `fall` times. Pure
 * logic: no clock, no sockets, no allocation.
 *
 *              1 success             fall failures in a row
 *     UNKNOWN -----------> UP ------------------------------> DOWN
 *        |                  ^                                 ^  |
 *        |                  +---------------------------------|--+
 *        |                    rise_now successes in a row     |
 *        +----------------------------------------------------+
 *                         fall failures in a row
 *
 * A target that goes down again before it was calm has to prove itself for longer: each such
 * relapse doubles rise_now, up to VERDICT_RISE_FACTOR_MAX times `rise`.
 */
#pragma once

#include "model/verdict.h"

#include <stdbool.h>

/* Successes after which earlier falls are forgotten: 50 s at the default interval. */
#define VERDICT_CALM 100

#define VERDICT_RISE_FACTOR_MAX 16

struct verdict {
    enum verdict_state state;
    unsigned rise;     /* successes in a row that bring a target back, >= 1 */
    unsigned fall;     /* failures in a row that take it down, >= 1 */
    unsigned rise_now; /* `rise` times the factor of its relapses */
    unsigned streak;   /* latest results in a row that contradict the state */
    unsigned calm;     /* successes since it came up, VERDICT_CALM at most */
};

void verdict_init(struct verdict *v, unsigned rise, unsigned fall);

/* Adds one probe result. Returns true when the verdict changed. */
bool verdict_add(struct verdict *v, bool ok);

/* The latest result contradicts the verdict: ask again soon. */
bool verdict_is_in_doubt(const struct verdict *v);
