/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what is answered: intent, findings and time in, steering table out. Pure.
 *
 * An endpoint stands somewhere:
 *
 *     pin    verdict    stands
 *     up     any        up
 *     down   any        pinned down
 *     none   up         up
 *     none   unknown    unknown
 *     none   down       down
 *
 * Of each name, those that stand best are answered, and only those:
 *
 *     some are up                     those that are up
 *     else some are unknown           those that are unknown: nobody said that they are down
 *     else some are down              all of those: fail open, a broken prober must not take a
 *                                     service off the net
 *     else                            those that are pinned down: better than nothing
 *
 * Unknown is the first moment of a newcomer or of a new nameserver. A newcomer waits for its
 * first success as long as others are up, so a nameserver that starts in the middle of an
 * outage sends nobody to what is down, even before it has found that out.
 *
 * The weight of an endpoint is what the intent gives it, in hundredths, so that addresses are
 * answered by the capacity that is healthy behind them. One that returns after it was down
 * starts with SLOW_START_PERCENT of it and gets as much again every SLOW_START_STEP_MS: caches
 * fill and connections are made before it carries its share.
 */
#pragma once

#include "base/attr.h"
#include "model/intent.h"
#include "model/verdict.h"
#include "steer/table.h"

#include <stdint.h>

#define SLOW_START_PERCENT 10u   /* at first, and with each step */
#define SLOW_START_STEP_MS 3000u /* 27 s until all of it: a few TTLs and a few cold caches */

#define STEER_NEVER UINT64_MAX

struct steer_input {
    const struct intent *intent;
    /* One for each endpoint, all names one after the other; NULL: nobody probes it. */
    const struct finding *const *findings;
    uint64_t now_ms; /* monotonic, as finding.returned_ms */
    uint32_t serial;
};

/*
 * The table, sealed; it borrows nothing. `next_ms` is when it changes by itself, though
 * nothing happens: STEER_NEVER if it does not.
 */
struct table *steer_make(const struct steer_input *input, uint64_t *next_ms) MUST_USE;

enum steer_offer {
    STEER_NEWER, /* replaces what is there */
    STEER_SAME,  /* is what is there */
    STEER_OLDER, /* never replaces what is there */
    STEER_FORGED /* the generation of what is there with something else in it: refused, too */
};

/* What is to become of an intent that is offered; `current` is NULL when there is none. */
enum steer_offer steer_weigh(const struct intent *current, const struct intent *offered);

/*
 * The serial of the next table: the seconds since 1970, so that it also grows over restarts,
 * or one more than the last where tables come faster. Serials wrap (RFC 1982).
 */
uint32_t steer_serial(uint32_t last, int64_t wall_ms);
