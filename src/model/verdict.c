/* SPDX-License-Identifier: Apache-2.0 */
#include "model/verdict.h"

const char *verdict_state_name(enum verdict_state state)
{
    static const char *const names[] = {"unknown", "up", "down"};

    return names[state];
}
