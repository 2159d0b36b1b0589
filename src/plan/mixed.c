/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With `spare` replicas beyond what is needed, the k fullest domains of a level that may lose
 * k must hold no more than `spare`. They do if and only if there is a base m such that what
 * the domains hold beyond m each adds up to no more than spare - k * m. So for each base, the
 * most that fits is found by taking what needs nothing beyond a base first, then what needs it
 * at one level, and so on; the least spare for which needed + spare fit is the answer.
 */
#include "plan/mixed.h"

#include <limits.h>
#include <string.h>

/* Bases that are tried below the highest, which is right when domains are alike. */
#define BASES_MAX 48

/* Above this spare, steps grow: 1 in 64 more than the least is not worth the time. */
#define SPARE_EXACT_MAX 256

/* Pairs of exchanges are tried where clusters are few. */
#define PAIRS_CLUSTERS_MAX 8

struct mixed {
    struct spread *spread;
    const struct question *question;
    unsigned spare, total;
    unsigned base[DOMAIN_LEVELS];   /* UINT_MAX: the level is not asked for */
    unsigned beyond[DOMAIN_LEVELS]; /* what may still be held beyond the bases */
};

static unsigned *load_of(const struct mixed *mixed, unsigned level, unsigned c)
{
    return &mixed->spread->load[level][mixed->question->topology->domain[level][c]];
}

static void add(struct mixed *mixed, unsigned c, int count)
{
    mixed->spread->replicas[c] += (unsigned)count;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        *load_of(mixed, level, c) += (unsigned)count;
}

static void clear(struct mixed *mixed)
{
    const struct topology *topology = mixed->question->topology;

    memset(mixed->spread->replicas, 0, topology->cluster_count * sizeof(unsigned));
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        unsigned count = mixed->question->survive.count[level];

        memset(mixed->spread->load[level], 0, topology->domain_count[level] * sizeof(unsigned));
        mixed->beyond[level] = count ? mixed->spare - count * mixed->base[level] : 0;
    }
}

/* The levels, as a set, at which one more replica in the cluster is beyond a base. */
static unsigned levels_beyond(const struct mixed *mixed, unsigned c)
{
    unsigned levels = 0;

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (*load_of(mixed, level, c) >= mixed->base[level])
            levels |= 1u << level;
    return levels;
}

/* How many more the cluster takes before that set changes. */
static unsigned room_of(const struct mixed *mixed, unsigned c, unsigned levels)
{
    unsigned room = mixed->question->caps[c] - mixed->spread->replicas[c];

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        unsigned left = levels & 1u << level ? mixed->beyond[level]
                                             : mixed->base[level] - *load_of(mixed, level, c);
        if (left < room)
            room = left;
    }
    return room;
}

static void take(struct mixed *mixed, unsigned c, unsigned levels, unsigned count)
{
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (levels & 1u << level)
            mixed->beyond[level] -= count;
    add(mixed, c, (int)count);
}

/* Sets of levels, those of fewer levels first. */
static const unsigned level_sets[] = {0, 1, 2, 4, 3, 5, 6, 7};
#define LEVEL_SETS (sizeof(level_sets) / sizeof(*level_sets))

/* Returns how many of `total` fit. */
static unsigned fill_anyhow(struct mixed *mixed)
{
    unsigned rest = mixed->total;

    clear(mixed);
    for (unsigned i = 0; i < LEVEL_SETS && rest; i++)
        for (unsigned c = 0; c < mixed->question->topology->cluster_count && rest; c++) {
            if (levels_beyond(mixed, c) != level_sets[i])
                continue;
            unsigned room = room_of(mixed, c, level_sets[i]);
            unsigned count = room < rest ? room : rest;
            take(mixed, c, level_sets[i], count);
            rest -= count;
        }
    return mixed->total - rest;
}

static bool is_better(const struct mixed *mixed, unsigned a, unsigned b)
{
    const uint64_t *cost = mixed->question->topology->cost;

    return cost[a] != cost[b] ? cost[a] < cost[b]
                              : spread_prefers(mixed->spread, mixed->question, a, b);
}

/* The best of the clusters for one more replica that is beyond as few bases as possible. */
static unsigned best_cluster(const struct mixed *mixed, unsigned *levels)
{
    unsigned best = UINT_MAX;

    for (unsigned c = 0; c < mixed->question->topology->cluster_count; c++) {
        unsigned own = levels_beyond(mixed, c);

        if (!room_of(mixed, c, own))
            continue;
        if (best == UINT_MAX || __builtin_popcount(own) < __builtin_popcount(*levels) ||
            (__builtin_popcount(own) == __builtin_popcount(*levels) &&
             is_better(mixed, c, best))) {
            best = c;
            *levels = own;
        }
    }
    return best;
}

/* One by one, the best place first. Where that ends too early, anyhow. */
static void fill_well(struct mixed *mixed)
{
    clear(mixed);
    for (unsigned n = 0; n < mixed->total; n++) {
        unsigned levels = 0;
        unsigned c = best_cluster(mixed, &levels);

        if (c == UINT_MAX) {
            (void)fill_anyhow(mixed);
            return;
        }
        take(mixed, c, levels, 1);
    }
}

/* Tries the bases of the levels from `level` on. Returns whether the total fits with some. */
static bool fits(struct mixed *mixed, unsigned level)
{
    if (level == DOMAIN_LEVELS)
        return fill_anyhow(mixed) == mixed->total;

    unsigned count = mixed->question->survive.count[level];
    if (count < 2) {
        mixed->base[level] = count ? mixed->spare : UINT_MAX;
        return fits(mixed, level + 1);
    }
    for (unsigned i = 0; i <= mixed->spare / count && i < BASES_MAX; i++) {
        mixed->base[level] = mixed->spare / count - i;
        if (fits(mixed, level + 1))
            return true;
    }
    return false;
}

/* Surviving. */

/* The sum of the `count` fullest: few are lost, so picking them one by one is fast. */
static unsigned fullest_sum(unsigned *load, unsigned domain_count, unsigned count)
{
    unsigned sum = 0;
    unsigned limit = UINT_MAX; /* loads above it are counted already */

    while (count) {
        unsigned most = 0;
        unsigned same = 0;

        for (unsigned d = 0; d < domain_count; d++) {
            if (load[d] >= limit || load[d] < most)
                continue;
            same = load[d] == most ? same + 1 : 1;
            most = load[d];
        }
        if (!most)
            break;
        unsigned taken = same < count ? same : count;
        sum += taken * most;
        count -= taken;
        limit = most;
    }
    return sum;
}

static bool holds(const struct spread *spread, const struct question *question, unsigned spare)
{
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (fullest_sum(spread->load[level], question->topology->domain_count[level],
                        question->survive.count[level]) > spare)
            return false;
    return true;
}

bool mixed_survives(struct spread *spread, const struct question *question,
                    const unsigned *replicas, unsigned total)
{
    const struct topology *topology = question->topology;

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        memset(spread->load[level], 0, topology->domain_count[level] * sizeof(unsigned));
        for (unsigned c = 0; c < topology->cluster_count; c++)
            spread->load[level][topology->domain[level][c]] += replicas[c];
    }
    return total >= question->needed && holds(spread, question, total - question->needed);
}

/* Improving. */

/* What an exchange changes, most important first; negative is better. */
struct gain {
    int64_t cost, moves, uneven[DOMAIN_LEVELS];
};

static int compare_gain(const struct gain *a, const struct gain *b)
{
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->moves != b->moves)
        return a->moves < b->moves ? -1 : 1;
    for (unsigned level = DOMAIN_LEVELS; level-- > 0;)
        if (a->uneven[level] != b->uneven[level])
            return a->uneven[level] < b->uneven[level] ? -1 : 1;
    return 0;
}

static struct gain gain_add(struct gain a, const struct gain *b)
{
    a.cost += b->cost;
    a.moves += b->moves;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        a.uneven[level] += b->uneven[level];
    return a;
}

/* Of moving one replica. Evenness is the sum of the squares of what domains hold. */
static struct gain gain_of(const struct mixed *mixed, unsigned from, unsigned to)
{
    const struct question *question = mixed->question;
    const unsigned *replicas = mixed->spread->replicas;
    struct gain gain = {
        .cost = (int64_t)question->topology->cost[to] - (int64_t)question->topology->cost[from],
        .moves = (replicas[from] <= question->current[from]) -
                 (replicas[to] < question->current[to]),
    };

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (load_of(mixed, level, from) != load_of(mixed, level, to))
            gain.uneven[level] =
                (int64_t)*load_of(mixed, level, to) - *load_of(mixed, level, from) + 1;
    return gain;
}

static bool can_exchange(const struct mixed *mixed, unsigned from, unsigned to)
{
    return from != to && mixed->spread->replicas[from] &&
           mixed->spread->replicas[to] < mixed->question->caps[to];
}

static void exchange(struct mixed *mixed, unsigned from, unsigned to)
{
    add(mixed, from, -1);
    add(mixed, to, 1);
}

struct step {
    unsigned from, to;
    struct gain gain;
};

/* The best exchange whose gain, after `before`, is below that of `best`. Returns if found. */
static bool best_step(struct mixed *mixed, const struct gain *before, struct step *best)
{
    unsigned cluster_count = mixed->question->topology->cluster_count;
    bool is_found = false;

    for (unsigned from = 0; from < cluster_count; from++)
        for (unsigned to = 0; to < cluster_count; to++) {
            if (!can_exchange(mixed, from, to))
                continue;
            struct gain own = gain_of(mixed, from, to);
            struct gain gain = gain_add(own, before);
            if (compare_gain(&gain, &best->gain) >= 0)
                continue;
            exchange(mixed, from, to);
            if (holds(mixed->spread, mixed->question, mixed->spare)) {
                *best = (struct step){from, to, gain};
                is_found = true;
            }
            exchange(mixed, to, from);
        }
    return is_found;
}

/* Two exchanges at once, of which the first alone need not survive. Does the first good pair.
 */
static bool improve_by_pair(struct mixed *mixed)
{
    unsigned cluster_count = mixed->question->topology->cluster_count;

    if (cluster_count > PAIRS_CLUSTERS_MAX)
        return false;
    for (unsigned from = 0; from < cluster_count; from++)
        for (unsigned to = 0; to < cluster_count; to++) {
            struct step second = {.gain = {0}};

            if (!can_exchange(mixed, from, to))
                continue;
            struct gain gain = gain_of(mixed, from, to);
            exchange(mixed, from, to);
            if (best_step(mixed, &gain, &second)) {
                exchange(mixed, second.from, second.to);
                return true;
            }
            exchange(mixed, to, from);
        }
    return false;
}

/* Every step makes the placement better, so that this ends. */
static void improve(struct mixed *mixed)
{
    static const struct gain none = {0};
    bool is_better_now = true;

    while (is_better_now) {
        struct step step = {.gain = none};

        is_better_now = best_step(mixed, &none, &step);
        if (is_better_now)
            exchange(mixed, step.from, step.to);
        else
            is_better_now = improve_by_pair(mixed);
    }
}

static uint64_t cost_of(const struct mixed *mixed)
{
    uint64_t cost = 0;

    for (unsigned c = 0; c < mixed->question->topology->cluster_count; c++)
        cost += mixed->question->topology->cost[c] * mixed->spread->replicas[c];
    return cost;
}

/* No answer needs more: a domain that holds more than `needed` could spare one. */
static unsigned spare_max(const struct question *question)
{
    unsigned count = 1;

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (question->survive.count[level] > count)
            count = question->survive.count[level];
    return count * question->needed;
}

int mixed_solve(struct spread *spread, const struct question *question, unsigned spare_min)
{
    struct mixed mixed = {.spread = spread, .question = question};
    unsigned max = spare_max(question);

    for (mixed.spare = spare_min; mixed.spare <= max;
         mixed.spare += 1 + mixed.spare / SPARE_EXACT_MAX) {
        mixed.total = question->needed + mixed.spare;
        if (!fits(&mixed, 0))
            continue;
        fill_well(&mixed);
        improve(&mixed);
        spread->total = mixed.total;
        spread->cost = cost_of(&mixed);
        return 0;
    }
    return SPREAD_IMPOSSIBLE;
}
