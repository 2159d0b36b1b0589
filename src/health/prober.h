/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes the endpoints of an intent for as long as it is told to, and keeps their verdicts.
 *
 * Endpoints that are asked in the same way share one target: address, port, probe and, for
 * HTTP, the Host header. Belongs to one loop.
 */
#pragma once

#include "base/attr.h"
#include "model/intent.h"
#include "model/verdict.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct prober;

struct prober_options {
    size_t attempts_max; /* sockets at the same time; targets beyond that wait for their turn */
    uint64_t seed;       /* of the jitter */
    unsigned remember_ms; /* what was down when no intent named it any more is down when it is
                             named again within this time, and returns slowly */
};

struct prober_stats {
    size_t targets, attempts, waiting;  /* now */
    size_t attempts_max;                /* the most at the same time so far */
    uint64_t succeeded, failed, voided; /* attempts so far; voided: we could not ask */
};

/* `on_verdict` is called from the loop whenever a verdict changed. */
struct prober *prober_new(uv_loop_t *loop, const struct prober_options *options,
                          void (*on_verdict)(void *ctx), void *ctx) MUST_USE;

/* Accepts NULL. Returns NULL. The loop must run once more. */
struct prober *prober_free(struct prober *prober);

/*
 * Probes what this intent names from now on, and nothing else. Targets that it shares with
 * the one before go on as if nothing had happened. Reads the intent during the call only.
 */
void prober_set(struct prober *prober, const struct intent *intent);

/*
 * One for each endpoint of the intent last set, in its order, all names one after the other;
 * NULL where nothing is probed. Valid until the next prober_set; what they point to changes
 * while the loop runs.
 */
const struct finding *const *prober_findings(const struct prober *prober);

void prober_stats(const struct prober *prober, struct prober_stats *out);
