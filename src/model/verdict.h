/* SPDX-License-Identifier: Apache-2.0 */
/* What health finds and steering decides by: is an endpoint up? */
#pragma once

#include <stdint.h>

/* A newcomer is unknown, not down: nobody has asked it yet. */
enum verdict_state { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN };

/* "unknown", "up", "down". */
const char *verdict_state_name(enum verdict_state state);

#define FINDING_WHY_SIZE 80

/* What is known about an endpoint, from one vantage point. */
struct finding {
    enum verdict_state state;
    int64_t since_ms;     /* wall time of the verdict, for people */
    uint64_t returned_ms; /* monotonic time at which it came up after it was down; 0: never */
    char why[FINDING_WHY_SIZE]; /* the probe that decided it: "HTTP 503"; "" while unknown */
};
