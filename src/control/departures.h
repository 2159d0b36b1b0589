/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies on their way out: no longer answered, still running, because clients may know them
 * for as long as their answer lives. Pure; times are monotonic milliseconds.
 */
#pragma once

#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

/* A resolver may hold an answer for its TTL and a little more, for the way and for rounding. */
#define DEPARTURE_GRACE_MS 1000

struct departures {
    struct map by_id; /* the orchestrator's id -> struct departure, owned */
};

void departures_init(struct departures *departures);
void departures_fini(struct departures *departures);

/* A round begins: nobody has asked for anything yet. */
void departures_begin(struct departures *departures);

/*
 * How long the copy has to stay, in milliseconds; 0: it may go. The first question makes it
 * leave, and sets *is_new: it is not to be answered from now on.
 */
uint64_t departures_wait(struct departures *departures, const char *id, unsigned ttl_ms,
                         uint64_t now_ms, bool *is_new);

bool departures_has(const struct departures *departures, const char *id);

/*
 * A round ends: forgets those that nobody asked for in it and that `is_kept` does not keep,
 * because they are gone or stay after all. Returns how many.
 */
size_t departures_end(struct departures *departures, bool (*is_kept)(void *ctx, const char *id),
                      void *ctx);
