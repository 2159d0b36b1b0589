/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spreads a service that must survive losses at several levels, of which none implies the
 * others: any one provider, and any two clusters.
 *
 * The least total is exact while the loss of a level is a few dozen replicas, and close to it
 * above. Cost, moves and evenness, in this order, are such that no exchange of one or two
 * replicas betters them.
 */
#pragma once

#include "plan/spread.h"

/*
 * Sets total, cost and replicas of the spread. `spare_min` is a bound that the caller knows:
 * the most that any one of the levels needs by itself. Returns 0 or SPREAD_IMPOSSIBLE.
 */
int mixed_solve(struct spread *spread, const struct question *question,
                unsigned spare_min) MUST_USE;

/* Whether these replicas, `total` of them, survive every loss that is asked for. */
bool mixed_survives(struct spread *spread, const struct question *question,
                    const unsigned *replicas, unsigned total);
