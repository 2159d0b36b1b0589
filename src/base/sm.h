/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State machines as tables: a name and the allowed successors of each state.
 *
 * All moves go through sm_move, which refuses the ones that the table does not have.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sm_state {
    const char *name;
    uint32_t next; /* SM_TO(a) | SM_TO(b) */
};

#define SM_TO(state) (UINT32_C(1) << (state))

/* Moves *state to `to`. A move that the table does not allow is a bug and aborts. */
void sm_move(const struct sm_state *table, unsigned *state, unsigned to);

bool sm_may_move(const struct sm_state *table, unsigned from, unsigned to);
