/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual time: what happens next, and when. Events of the same millisecond happen in the order
 * in which they were added, so that a seed gives the same run on every machine.
 */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct agenda;

/* `number` is the caller's: mostly a generation, by which a late event sees that it is stale.
 */
typedef void agenda_fn(void *ctx, uint64_t number);

struct agenda *agenda_new(void) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct agenda *agenda_free(struct agenda *agenda);

/* Milliseconds since the beginning of the simulated world. */
uint64_t agenda_now_ms(const struct agenda *agenda);

void agenda_add(struct agenda *agenda, uint64_t after_ms, agenda_fn *fn, void *ctx,
                uint64_t number);

/* Lets the next event happen if it is due by `until_ms`; else time moves there: false. */
bool agenda_step(struct agenda *agenda, uint64_t until_ms);

/* Events that happened so far. */
uint64_t agenda_steps(const struct agenda *agenda);
