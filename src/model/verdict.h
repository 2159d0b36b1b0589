/* SPDX-License-Identifier: Apache-2.0 */
/* What health finds and steering decides by: is an endpoint up? */
#pragma once

/* A newcomer is unknown, not down: nobody has asked it yet. */
enum verdict_state { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN };

/* "unknown", "up", "down". */
const char *verdict_state_name(enum verdict_state state);
