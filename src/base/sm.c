/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sm.h"

#include <assert.h>

bool sm_may_move(const struct sm_state *table, unsigned from, unsigned to)
{
    assert(from < 32);
    assert(to < 32);

    return table[from].next & SM_TO(to);
}

void sm_move(const struct sm_state *table, unsigned *state, unsigned to)
{
    assert(sm_may_move(table, *state, to));

    *state = to;
}
