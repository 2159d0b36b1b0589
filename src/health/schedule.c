/* SPDX-License-Identifier: Apache-2.0 */
#include "health/schedule.h"

struct schedule schedule_of(const struct probe *probe)
{
    return (struct schedule){
        .interval_ms = probe->interval_ms ? probe->interval_ms : PROBE_INTERVAL_MS,
        .timeout_ms = probe->timeout_ms ? probe->timeout_ms : PROBE_TIMEOUT_MS,
    };
}

/* One millisecond per target keeps thousands of them from starting in the same tick. */
unsigned schedule_first_ms(const struct schedule *schedule, size_t count, struct random *random)
{
    unsigned spread_ms =
        count < schedule->interval_ms ? (unsigned)count : schedule->interval_ms;

    return random_below(random, spread_ms + 1);
}

unsigned schedule_next_ms(const struct schedule *schedule, struct random *random)
{
    unsigned jitter_ms = schedule->interval_ms / PROBE_JITTER_PART;

    return schedule->interval_ms - random_below(random, jitter_ms + 1);
}

unsigned schedule_retry_ms(const struct schedule *schedule)
{
    return schedule->interval_ms < PROBE_RETRY_MS ? schedule->interval_ms : PROBE_RETRY_MS;
}
