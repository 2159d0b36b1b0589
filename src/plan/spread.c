/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With one level and a count of k, an answer of the least total has its k + 1 fullest domains
 * equally full (else a replica could be taken from the fullest one), holding m each, and its
 * total is needed + k * m. So the question is for the least m such that domains capped at m
 * hold needed + k * m; below that cap every filling is as good in total, and because caps on
 * nested domains are a matroid, taking the best next replica again and again is exact for
 * cost, moves and evenness in this order. Several levels at once are for mixed.c.
 */
#include "plan/spread.h"

#include "base/mem.h"
#include "plan/mixed.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void spread_init(struct spread *spread, const struct topology *topology)
{
    *spread = (struct spread){
        .replicas = mem_array(topology->cluster_count + 1, sizeof(unsigned)),
    };
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        spread->load[level] = mem_array(topology->domain_count[level] + 1, sizeof(unsigned));
}

void spread_fini(struct spread *spread)
{
    free(spread->replicas);
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        free(spread->load[level]);
    *spread = (struct spread){0};
}

struct survive survive_reduce(const struct topology *topology, const struct survive *survive)
{
    struct survive reduced = {{0}};
    unsigned count_above = 0;

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        unsigned count = survive->count[level];

        if (count <= count_above)
            continue;
        /* Levels with equally many domains have the same domains, for they nest. */
        for (unsigned above = level + 1; above < DOMAIN_LEVELS; above++)
            if (topology->domain_count[above] == topology->domain_count[level])
                reduced.count[above] = 0;
        reduced.count[level] = count;
        count_above = count;
    }
    return reduced;
}

static void load_domains(struct spread *spread, const struct question *question,
                         enum domain_level level, const unsigned *replicas)
{
    const struct topology *topology = question->topology;
    const unsigned *domain = topology->domain[level];
    unsigned *load = spread->load[level];

    memset(load, 0, topology->domain_count[level] * sizeof(*load));
    for (unsigned c = 0; c < topology->cluster_count; c++)
        load[domain[c]] += replicas[c];
}

/* What the domains hold when each is capped at `load_max`. */
static uint64_t capped_sum(const unsigned *room, unsigned domain_count, unsigned load_max)
{
    uint64_t sum = 0;

    for (unsigned d = 0; d < domain_count; d++)
        sum += room[d] < load_max ? room[d] : load_max;
    return sum;
}

static unsigned count_above(const unsigned *room, unsigned domain_count, unsigned load_max)
{
    unsigned count = 0;

    for (unsigned d = 0; d < domain_count; d++)
        count += room[d] > load_max;
    return count;
}

/*
 * The least m for which domains capped at m hold needed + count * m; 0 if there is none. What
 * they hold beyond count * m is concave in m, so that each step, along the slope of where it
 * stands, ends at or before the answer. No answer is above `needed`: k + 1 domains of it do.
 */
static unsigned least_load_max(const unsigned *room, unsigned domain_count, unsigned count,
                               unsigned needed)
{
    int64_t load_max = 0;
    int64_t left = 0; /* when `count` full domains are lost */

    while (left < needed) {
        int64_t slope = (int64_t)count_above(room, domain_count, (unsigned)load_max) - count;

        if (slope <= 0)
            return 0;
        load_max += (needed - left + slope - 1) / slope;
        if (load_max > needed)
            return 0;
        left = (int64_t)capped_sum(room, domain_count, (unsigned)load_max) - count * load_max;
    }
    return (unsigned)load_max;
}

/* The cost when the cheapest clusters are filled first. */
static uint64_t least_cost(struct spread *spread, const struct question *question)
{
    const struct topology *topology = question->topology;
    const unsigned *domain = topology->domain[spread->level];
    unsigned *load = spread->load[spread->level];
    unsigned rest = spread->total;
    uint64_t cost = 0;

    memset(load, 0, topology->domain_count[spread->level] * sizeof(*load));
    for (unsigned i = 0; rest; i++) {
        assert(i < topology->cluster_count);

        unsigned c = topology->by_cost[i];
        unsigned room = spread->load_max - load[domain[c]];
        unsigned taken = question->caps[c] < room ? question->caps[c] : room;
        if (taken > rest)
            taken = rest;
        load[domain[c]] += taken;
        rest -= taken;
        cost += topology->cost[c] * taken;
    }
    return cost;
}

/* What one level asks for, as if it were the only one. Returns 0 or SPREAD_IMPOSSIBLE. */
static int measure_level(struct spread *spread, const struct question *question,
                         enum domain_level level, unsigned count)
{
    load_domains(spread, question, level, question->caps);
    spread->level = level;
    spread->load_max = least_load_max(
        spread->load[level], question->topology->domain_count[level], count, question->needed);
    if (!spread->load_max)
        return SPREAD_IMPOSSIBLE;
    if (!count)
        spread->load_max = question->needed; /* nothing to survive: no cap */
    spread->total = question->needed + count * spread->load_max;
    return 0;
}

int spread_measure(struct spread *spread, const struct question *question)
{
    unsigned level_count = 0;
    unsigned spare = 0;

    assert(question->needed);
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        unsigned count = question->survive.count[level];

        if (!count)
            continue;
        level_count++;
        if (measure_level(spread, question, level, count) != 0)
            return SPREAD_IMPOSSIBLE;
        if (spread->total - question->needed > spare)
            spare = spread->total - question->needed;
    }
    spread->is_mixed = level_count > 1;
    if (spread->is_mixed)
        return mixed_solve(spread, question, spare);
    if (!level_count && measure_level(spread, question, DOMAIN_CLUSTER, 0) != 0)
        return SPREAD_IMPOSSIBLE;
    spread->cost = least_cost(spread, question);
    return 0;
}

/* Whether these replicas survive, which are as many as spread->total. */
static bool survives(struct spread *spread, const struct question *question,
                     const unsigned *replicas)
{
    if (spread->is_mixed)
        return mixed_survives(spread, question, replicas, spread->total);
    load_domains(spread, question, spread->level, replicas);
    for (unsigned d = 0; d < question->topology->domain_count[spread->level]; d++)
        if (spread->load[spread->level][d] > spread->load_max)
            return false;
    return true;
}

bool spread_keeps(struct spread *spread, const struct question *question)
{
    const struct topology *topology = question->topology;
    unsigned total = 0;
    uint64_t cost = 0;

    for (unsigned c = 0; c < topology->cluster_count; c++) {
        if (question->current[c] > question->caps[c])
            return false;
        total += question->current[c];
        cost += topology->cost[c] * question->current[c];
    }
    return total == spread->total && cost == spread->cost &&
           survives(spread, question, question->current);
}

/* Clusters of equal cost, by_cost[begin] to by_cost[end - 1]. */
struct group {
    unsigned begin, end;
};

static bool has_room(const struct spread *spread, const struct question *question, unsigned c)
{
    unsigned domain = question->topology->domain[spread->level][c];

    return spread->replicas[c] < question->caps[c] &&
           spread->load[spread->level][domain] < spread->load_max;
}

bool spread_prefers(const struct spread *spread, const struct question *question, unsigned a,
                    unsigned b)
{
    const struct topology *topology = question->topology;
    bool a_stays = spread->replicas[a] < question->current[a];
    bool b_stays = spread->replicas[b] < question->current[b];

    if (a_stays != b_stays)
        return a_stays;
    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        unsigned a_load = spread->load[level][topology->domain[level][a]];
        unsigned b_load = spread->load[level][topology->domain[level][b]];

        if (a_load != b_load)
            return a_load < b_load;
    }

    const struct entry *x = &question->entries[a];
    const struct entry *y = &question->entries[b];
    if (x->share < y->share || x->share > y->share)
        return x->share < y->share;
    return x->replicas < y->replicas;
}

static void add_replicas(struct spread *spread, const struct topology *topology, unsigned c,
                         unsigned count)
{
    spread->replicas[c] += count;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        spread->load[level][topology->domain[level][c]] += count;
}

/* Puts up to `rest` replicas into the group, the best place first. Returns what is over. */
static unsigned fill_group(struct spread *spread, const struct question *question,
                           struct group group, unsigned rest)
{
    const unsigned *by_cost = question->topology->by_cost;

    for (; rest; rest--) {
        unsigned best = UINT_MAX;

        for (unsigned i = group.begin; i < group.end; i++)
            if (has_room(spread, question, by_cost[i]) &&
                (best == UINT_MAX || spread_prefers(spread, question, by_cost[i], best)))
                best = by_cost[i];
        if (best == UINT_MAX)
            break;
        add_replicas(spread, question->topology, best, 1);
    }
    return rest;
}

void spread_fill(struct spread *spread, const struct question *question)
{
    const struct topology *topology = question->topology;
    unsigned rest = spread->total;

    if (spread->is_mixed)
        return; /* measuring has filled it */
    memset(spread->replicas, 0, topology->cluster_count * sizeof(unsigned));
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        memset(spread->load[level], 0, topology->domain_count[level] * sizeof(unsigned));

    for (struct group group = {0, 0}; rest; group.begin = group.end) {
        assert(group.begin < topology->cluster_count);

        uint64_t cost = topology->cost[topology->by_cost[group.begin]];
        while (group.end < topology->cluster_count &&
               topology->cost[topology->by_cost[group.end]] == cost)
            group.end++;
        rest = fill_group(spread, question, group, rest);
    }
}
