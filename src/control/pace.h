/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast one cluster is asked: when a link that failed is tried again, and when what the
 * cluster runs is looked at again. No clock and no socket of its own; times are monotonic
 * milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The first try soon, for an Engine that is being restarted; then seldom enough to be no load
 * and often enough that a cloud is back in step within seconds of its return. */
#define PACE_RETRY_MS_MIN 250
#define PACE_RETRY_MS_MAX 2000

/* A link that was ready for less than this is not made anew at once when it fails. */
#define PACE_STEADY_MS 10000

/* A look is taken this often even when nothing is said to have changed: a hanging Engine and a
 * dead path both look like silence. */
#define PACE_CONFIRM_MS 5000

/* Looking may cost a tenth of the cluster's time, or of ours, while changes pour in. */
#define PACE_LOOK_MS_MIN        250
#define PACE_LOOK_MIRROR_MS_MIN 50 /* costs no request */
#define PACE_LOOK_FACTOR        10

/* While actions wait for their turn no look could start another one: a fiftieth is enough. */
#define PACE_LOOK_FULL_MS_MIN 2000
#define PACE_LOOK_FULL_FACTOR 50

struct pace {
    unsigned retry_ms;
    uint64_t ready_ms; /* since when the link is ready */
    uint64_t look_ms, took_ms;
};

void pace_init(struct pace *pace);

void pace_on_ready(struct pace *pace, uint64_t now_ms);

/*
 * The link failed. Returns the longest time to wait; who waits takes half of it, and of the
 * other half a random part, so that links that failed together do not come back together.
 */
unsigned pace_on_failure(struct pace *pace, bool was_ready, uint64_t now_ms);

/* Around each look. */
void pace_look_begin(struct pace *pace, uint64_t now_ms);
void pace_look_end(struct pace *pace, uint64_t now_ms);

/* What is known when the next look is planned. */
struct pace_news {
    bool has_changed; /* something, since the latest look began */
    bool is_busy;     /* actions are under way: more will change */
    bool is_full;     /* and others wait for their turn */
    bool is_mirror;   /* a look reads what streams have brought, and asks nobody */
};

/*
 * How long to wait for the next look:
 *
 *   changed   busy   full   mirror   since the latest one began
 *   no        *      *      *        PACE_CONFIRM_MS
 *   yes       no     *      no       nothing
 *   yes       yes    no     no       ten times what that took, at least PACE_LOOK_MS_MIN
 *   yes       yes    yes    no       fifty times, at least PACE_LOOK_FULL_MS_MIN, at most
 *                                    PACE_CONFIRM_MS
 *   yes       *      *      yes      ten times what that took, at least PACE_LOOK_MIRROR_MS_MIN
 */
uint64_t pace_look_wait(const struct pace *pace, struct pace_news news, uint64_t now_ms);
