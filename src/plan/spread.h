/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spreads one service over the clusters: the least total that survives, then the cheapest,
 * then the fewest moves, then the most even.
 *
 * A spread is scratch memory, sized for a topology and used for one service after the other.
 * Released with spread_fini.
 */
#pragma once

#include "model/domain.h"
#include "plan/ledger.h"
#include "plan/topology.h"

#include <stdbool.h>
#include <stdint.h>

/* What is asked of one service. */
struct question {
    const struct topology *topology;
    const struct entry *entries; /* [cluster]: of equals the emptier one is chosen */
    unsigned needed;             /* at least 1 */
    struct survive survive;      /* as survive_reduce gives it */
    const unsigned *caps;        /* [cluster]: what fits, none above `needed` */
    const unsigned *current;     /* [cluster]: what runs now */
    bool is_free;                /* all of it fits every usable cluster */
};

struct spread {
    unsigned total;
    uint64_t cost;      /* millionths, of the whole total */
    unsigned *replicas; /* [cluster] */

    /* Below: between spread_measure and spread_fill. */
    bool is_mixed;                 /* several levels: replicas are set, the next two are not */
    enum domain_level level;       /* whose domains are capped */
    unsigned load_max;             /* of each of them */
    unsigned *load[DOMAIN_LEVELS]; /* [level][domain] */
};

void spread_init(struct spread *spread, const struct topology *topology);
void spread_fini(struct spread *spread);

/*
 * Leaves out the levels that others imply: what survives any two providers survives any two
 * regions. At most one level remains unless the counts grow towards the clusters.
 */
struct survive survive_reduce(const struct topology *topology, const struct survive *survive);

enum {
    SPREAD_IMPOSSIBLE = 1, /* no number of replicas would do */
};

/* Sets total and cost, the least. Returns 0 or SPREAD_IMPOSSIBLE. */
int spread_measure(struct spread *spread, const struct question *question) MUST_USE;

/* Whether the next replica goes to cluster a rather than to b, which cost the same. */
bool spread_prefers(const struct spread *spread, const struct question *question, unsigned a,
                    unsigned b);

/* After spread_measure: whether what runs now is one of the best answers, and so the best. */
bool spread_keeps(struct spread *spread, const struct question *question);

/* After spread_measure: sets replicas. */
void spread_fill(struct spread *spread, const struct question *question);
