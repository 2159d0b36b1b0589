/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fault.h"

#include <stdlib.h>

/* Faults of one storm; most are seconds long, some last minutes. */
#define STORM_FAULTS_MAX 16

const char *fault_kind_name(enum fault_kind kind)
{
    static const char *const names[FAULT_KINDS] = {
        "crash", "cut", "api-loss", "exit", "sicken", "kill", "change", "scale", "down"};

    return names[kind];
}

static int compare_time(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;

    return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

/* Out of 16. */
static enum fault_kind draw_kind(struct random *random)
{
    static const enum fault_kind kinds[16] = {
        FAULT_CRASH,  FAULT_CRASH, FAULT_CUT,    FAULT_CUT,  FAULT_CUT,    FAULT_API_LOSS,
        FAULT_EXIT,   FAULT_EXIT,  FAULT_SICKEN, FAULT_KILL, FAULT_CHANGE, FAULT_CHANGE,
        FAULT_CHANGE, FAULT_SCALE, FAULT_SCALE,  FAULT_DOWN,
    };

    return kinds[random_below(random, 16)];
}

static struct fault draw(struct random *random, unsigned clusters, uint64_t storm_ms)
{
    struct fault fault = {
        .kind = draw_kind(random),
        .cluster = random_below(random, clusters),
        .pick = random_below(random, 1000),
    };
    uint64_t at = random_below(random, FAULTS_STORM_MS - 1000);
    uint64_t left = FAULTS_STORM_MS - at;
    uint64_t wish = random_below(random, 3) ? 200 + random_below(random, 30000)
                                            : 30000 + random_below(random, 400000);

    fault.at_ms = storm_ms + at;
    fault.for_ms = wish < left ? wish : left;
    return fault;
}

struct faults faults_make(struct arena *arena, struct random *random, unsigned clusters,
                          uint64_t end_ms)
{
    size_t storms = (size_t)(end_ms / (FAULTS_STORM_MS + FAULTS_CALM_MS));
    struct faults faults = {
        .items = arena_array(arena, storms * STORM_FAULTS_MAX + 1, sizeof(struct fault))};

    for (size_t i = 0; i < storms; i++) {
        uint64_t storm_ms = FAULTS_CALM_MS + i * (FAULTS_STORM_MS + FAULTS_CALM_MS);
        unsigned count = 1 + random_below(random, STORM_FAULTS_MAX);

        for (unsigned f = 0; f < count; f++)
            faults.items[faults.count++] = draw(random, clusters, storm_ms);
    }
    if (faults.count)
        qsort(faults.items, faults.count, sizeof(*faults.items), compare_time);
    return faults;
}
