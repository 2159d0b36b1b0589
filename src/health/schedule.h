/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to probe: an interval with jitter, an early second look at a surprise. Pure.
 *
 * What the defaults promise, from the moment of the fault, for a target that was up:
 *
 *   refused:  the next probe starts after 500 ms at most, is refused at once, and the second
 *             look follows 100 ms later: down after 600 ms at most. Promised: 1 s.
 *   silent:   probes go on every 400 to 500 ms whether or not the last one has ended. The first
 *             one that meets silence starts after 500 ms at most and gives up after 800 ms,
 *             the second one starts and ends at most 500 ms later: down after 1800 ms at most.
 *             Promised: 3 s.
 *
 * The rest, 400 ms and 1200 ms, is for a loaded machine. One lost probe is one failure, and
 * down takes two in a row. 800 ms is under the 1 s after which Linux repeats a lost SYN
 * (RFC 6298 section 2.1), so that one lost packet is one failed probe, and above twice the
 * round trip of any two places on earth (about 350 ms), so that distance alone is no failure.
 * A probe costs about 40 us of CPU: two a second per endpoint are far below 1 % of a core for
 * a fleet with a hundred endpoints.
 */
#pragma once

#include "base/random.h"
#include "model/app.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBE_INTERVAL_MS 500u
#define PROBE_TIMEOUT_MS  800u
#define PROBE_RETRY_MS    100u /* lets a listener that is just being replaced come back */
#define PROBE_JITTER_PART 5u   /* intervals are shortened by up to a fifth */
#define PROBE_FALL        2u
#define PROBE_RISE        2u

/* At most this many probes of one target are under way at the same time. */
#define PROBE_OVERLAP_MAX 2u

struct schedule {
    unsigned interval_ms, timeout_ms;
};

/* Takes the times of the probe, or the defaults. */
struct schedule schedule_of(const struct probe *probe);

/* The first probe of one target among `count`: at once for a few, spread for many. */
unsigned schedule_first_ms(const struct schedule *schedule, size_t count,
                           struct random *random);

/* From the start of one probe to the start of the next. */
unsigned schedule_next_ms(const struct schedule *schedule, struct random *random);

/* From a result that contradicts the verdict to the second look. */
unsigned schedule_retry_ms(const struct schedule *schedule);
