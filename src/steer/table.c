/* SPDX-License-Identifier: Apache-2.0 */
#include "steer/table.h"

#include "base/mem.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct table *table_new(size_t name_count)
{
    struct arena *arena = arena_new();
    struct table *table = arena_new_in(arena, struct table);

    table->arena = arena;
    table->names = arena_array(arena, name_count, sizeof(*table->names));
    table->name_count = name_count;
    return table;
}

void table_endpoints_new(struct table *table, struct table_name *name, size_t endpoint_count)
{
    name->endpoints = arena_array(table->arena, endpoint_count, sizeof(*name->endpoints));
    name->endpoint_count = endpoint_count;
}

struct table *table_free(struct table *table)
{
    if (table)
        (void)arena_free(table->arena);
    return NULL;
}

void table_freep(struct table **table)
{
    *table = table_free(*table);
}

/* Sealing. */

/* A candidate before it has its place. */
struct draft {
    const struct table_endpoint *endpoint; /* the first of its address */
    uint32_t weight;
};

static void read_address(struct table_endpoint *endpoint)
{
    endpoint->is_ipv6 = strchr(endpoint->address, ':') != NULL;
    int r = inet_pton(endpoint->is_ipv6 ? AF_INET6 : AF_INET, endpoint->address, endpoint->ip);
    assert(r == 1);
    (void)r;
}

static uint32_t add_weights(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* Returns how many candidates the answered endpoints of this family make. */
static size_t collect(struct draft *drafts, const struct table_name *name, bool is_ipv6)
{
    size_t count = 0;

    for (size_t i = 0; i < name->endpoint_count; i++) {
        const struct table_endpoint *endpoint = &name->endpoints[i];
        struct draft *last = drafts + count;

        if (endpoint->is_ipv6 != is_ipv6 || !endpoint->weight)
            continue;
        /* Sorted by address: the ports of one address are neighbours. */
        if (count && memcmp(last[-1].endpoint->ip, endpoint->ip, sizeof(endpoint->ip)) == 0) {
            last[-1].weight = add_weights(last[-1].weight, endpoint->weight);
        } else {
            *last = (struct draft){endpoint, endpoint->weight};
            count++;
        }
    }
    return count;
}

/* A cluster is inside a region is inside a provider; equal: in the same domain of this level.
 */
static int compare_domains(const struct table_endpoint *a, const struct table_endpoint *b,
                           enum domain_level level)
{
    int order = strcmp(a->provider, b->provider);

    if (!order && level <= DOMAIN_REGION)
        order = strcmp(a->region, b->region);
    if (!order && level == DOMAIN_CLUSTER)
        order = strcmp(a->cluster, b->cluster);
    return order;
}

static int compare_drafts(const void *a, const void *b)
{
    const struct table_endpoint *left = ((const struct draft *)a)->endpoint;
    const struct table_endpoint *right = ((const struct draft *)b)->endpoint;
    int order = compare_domains(left, right, DOMAIN_CLUSTER);

    return order ? order : memcmp(left->ip, right->ip, sizeof(left->ip));
}

static void find_domains(struct table_candidate *candidates, const struct draft *drafts,
                         size_t count, enum domain_level level)
{
    size_t begin = 0;

    for (size_t i = 1; i <= count; i++) {
        if (i < count &&
            compare_domains(drafts[begin].endpoint, drafts[i].endpoint, level) == 0)
            continue;
        for (size_t j = begin; j < i; j++)
            candidates[j].domains[level] = (struct table_range){(uint32_t)begin, (uint32_t)i};
        begin = i;
    }
}

/* `drafts` has room for every endpoint of the name. */
static void family_seal(struct arena *arena, struct table_family *family,
                        const struct table_name *name, bool is_ipv6, struct draft *drafts)
{
    size_t count = collect(drafts, name, is_ipv6);

    *family = (struct table_family){.count = count};
    if (!count)
        return;
    qsort(drafts, count, sizeof(*drafts), compare_drafts);

    struct table_candidate *candidates = arena_array(arena, count, sizeof(*candidates));
    for (size_t i = 0; i < count; i++) {
        memcpy(candidates[i].ip, drafts[i].endpoint->ip, sizeof(candidates[i].ip));
        candidates[i].weight = drafts[i].weight;
        candidates[i].before = family->weight_sum;
        family->weight_sum += drafts[i].weight;
    }
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        find_domains(candidates, drafts, count, (enum domain_level)level);
    family->candidates = candidates;
}

static size_t endpoint_count_max(const struct table *table)
{
    size_t max = 0;

    for (size_t i = 0; i < table->name_count; i++)
        if (table->names[i].endpoint_count > max)
            max = table->names[i].endpoint_count;
    return max;
}

void table_seal(struct table *table)
{
    SCOPED(scope_free)
    struct draft *drafts = mem_array(endpoint_count_max(table), sizeof(*drafts));

    for (size_t i = 0; i < table->name_count; i++) {
        struct table_name *name = &table->names[i];

        assert(i == 0 || strcmp(table->names[i - 1].name, name->name) < 0);
        for (size_t j = 0; j < name->endpoint_count; j++)
            read_address(&name->endpoints[j]);
        family_seal(table->arena, &name->a, name, false, drafts);
        family_seal(table->arena, &name->aaaa, name, true, drafts);
    }
}

/* Reading. */

static int compare_name(const void *key, const void *element)
{
    return strcmp(key, ((const struct table_name *)element)->name);
}

const struct table_name *table_find(const struct table *table, const char *name)
{
    return bsearch(name, table->names, table->name_count, sizeof(*table->names), compare_name);
}

/* What may not be picked any more: ranges of candidates, in their order, each once. */
struct exclusion {
    struct table_range ranges[TABLE_ANSWER_MAX];
    size_t count;
    uint64_t weight_sum;
};

/* The weights of all candidates before this one; `at` may be the end. */
static uint64_t weight_before(const struct table_family *family, uint32_t at)
{
    return at < family->count ? family->candidates[at].before : family->weight_sum;
}

static uint64_t range_weight(const struct table_family *family, struct table_range range)
{
    return weight_before(family, range.end) - weight_before(family, range.begin);
}

/* Ranges of one level are equal or apart. */
static void exclude(struct exclusion *exclusion, const struct table_family *family,
                    struct table_range range)
{
    size_t at = exclusion->count;

    while (at > 0 && exclusion->ranges[at - 1].begin >= range.begin)
        at--;
    if (at < exclusion->count && exclusion->ranges[at].begin == range.begin)
        return;
    for (size_t i = exclusion->count; i > at; i--)
        exclusion->ranges[i] = exclusion->ranges[i - 1];
    exclusion->ranges[at] = range;
    exclusion->count++;
    exclusion->weight_sum += range_weight(family, range);
}

/* The candidate whose weight holds `at`, counted without what is excluded. */
static const struct table_candidate *find_weight(const struct table_family *family,
                                                 const struct exclusion *exclusion, uint64_t at)
{
    size_t low = 0;
    size_t high = family->count;

    for (size_t i = 0; i < exclusion->count; i++)
        if (at >= weight_before(family, exclusion->ranges[i].begin))
            at += range_weight(family, exclusion->ranges[i]);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (family->candidates[middle].before <= at)
            low = middle;
        else
            high = middle;
    }
    return &family->candidates[low];
}

/* The failure domain around a candidate; of the narrowest level, which has none, itself. */
static struct table_range domain_around(const struct table_family *family,
                                        const struct table_candidate *candidate, unsigned level)
{
    uint32_t at = (uint32_t)(candidate - family->candidates);

    return level ? candidate->domains[level - 1] : (struct table_range){at, at + 1};
}

/* One by weight of those that share the least with what is picked. Not all are picked. */
static const struct table_candidate *draw(const struct table_family *family,
                                          struct random *random,
                                          const struct table_candidate *const *picked,
                                          size_t count)
{
    for (unsigned level = DOMAIN_LEVELS;; level--) {
        struct exclusion exclusion = {.count = 0};

        for (size_t i = 0; i < count; i++)
            exclude(&exclusion, family, domain_around(family, picked[i], level));
        uint64_t left = family->weight_sum - exclusion.weight_sum;
        if (left)
            return find_weight(family, &exclusion, random_u64(random) % left);
    }
}

size_t table_pick(const struct table_family *family, struct random *random,
                  const struct table_candidate *out[TABLE_ANSWER_MAX])
{
    size_t count = 0;

    while (count < family->count && count < TABLE_ANSWER_MAX) {
        out[count] = draw(family, random, out, count);
        count++;
    }
    return count;
}
