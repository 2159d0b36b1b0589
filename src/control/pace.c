/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pace.h"

void pace_init(struct pace *pace)
{
    *pace = (struct pace){.retry_ms = PACE_RETRY_MS_MIN};
}

void pace_on_ready(struct pace *pace, uint64_t now_ms)
{
    pace->ready_ms = now_ms;
}

unsigned pace_on_failure(struct pace *pace, bool was_ready, uint64_t now_ms)
{
    if (was_ready && now_ms - pace->ready_ms >= PACE_STEADY_MS)
        pace->retry_ms = PACE_RETRY_MS_MIN;
    else if (pace->retry_ms * 2 < PACE_RETRY_MS_MAX)
        pace->retry_ms *= 2;
    else
        pace->retry_ms = PACE_RETRY_MS_MAX;
    return pace->retry_ms;
}

void pace_look_begin(struct pace *pace, uint64_t now_ms)
{
    pace->look_ms = now_ms;
}

void pace_look_end(struct pace *pace, uint64_t now_ms)
{
    pace->took_ms = now_ms - pace->look_ms;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t pause_of(const struct pace *pace, struct pace_news news)
{
    uint64_t took = pace->took_ms;

    if (!news.has_changed)
        return PACE_CONFIRM_MS;
    if (news.is_mirror)
        return max_u64(PACE_LOOK_MIRROR_MS_MIN, took * PACE_LOOK_FACTOR);
    if (!news.is_busy)
        return 0;
    if (!news.is_full)
        return max_u64(PACE_LOOK_MS_MIN, took * PACE_LOOK_FACTOR);
    uint64_t pause = max_u64(PACE_LOOK_FULL_MS_MIN, took * PACE_LOOK_FULL_FACTOR);
    return pause < PACE_CONFIRM_MS ? pause : PACE_CONFIRM_MS;
}

uint64_t pace_look_wait(const struct pace *pace, struct pace_news news, uint64_t now_ms)
{
    uint64_t pause = pause_of(pace, news), age = now_ms - pace->look_ms;

    return age < pause ? pause - age : 0;
}
