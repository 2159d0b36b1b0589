/* SPDX-License-Identifier: Apache-2.0 */
#include "steer/table.h"

#include "base/map.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How far apart two candidates are: the widest failure domain that they do not share. */
enum distance { SAME_CLUSTER, OTHER_CLUSTER, OTHER_REGION, OTHER_PROVIDER };

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

struct domains {
    struct map clusters, regions, providers; /* name -> id + 1 */
};

static uint32_t domain_id(struct map *map, const char *name)
{
    uintptr_t known = (uintptr_t)map_find(map, name);

    if (known)
        return (uint32_t)known - 1;
    uint32_t id = (uint32_t)map->count;
    (void)map_set(map, name, (void *)(uintptr_t)(id + 1));
    return id;
}

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

static void add_candidate(struct table_family *family, const struct table_endpoint *endpoint,
                          struct domains *domains)
{
    struct table_candidate *last = family->candidates + family->count;

    /* Sorted by address: the ports of one address are neighbours. */
    if (family->count && memcmp(last[-1].ip, endpoint->ip, sizeof(endpoint->ip)) == 0) {
        last[-1].weight = add_weights(last[-1].weight, endpoint->weight);
        return;
    }
    memcpy(last->ip, endpoint->ip, sizeof(last->ip));
    last->weight = endpoint->weight;
    last->cluster = domain_id(&domains->clusters, endpoint->cluster);
    last->region = domain_id(&domains->regions, endpoint->region);
    last->provider = domain_id(&domains->providers, endpoint->provider);
    family->count++;
}

static void family_seal(struct arena *arena, struct table_family *family,
                        const struct table_name *name, bool is_ipv6, struct domains *domains)
{
    size_t count = 0;

    for (size_t i = 0; i < name->endpoint_count; i++)
        count += name->endpoints[i].is_ipv6 == is_ipv6 && name->endpoints[i].weight;
    *family = (struct table_family){0};
    if (!count)
        return;
    family->candidates = arena_array(arena, count, sizeof(*family->candidates));
    for (size_t i = 0; i < name->endpoint_count; i++)
        if (name->endpoints[i].is_ipv6 == is_ipv6 && name->endpoints[i].weight)
            add_candidate(family, &name->endpoints[i], domains);
    for (size_t i = 0; i < family->count; i++)
        family->weight_sum += family->candidates[i].weight;
}

void table_seal(struct table *table)
{
    struct domains domains;

    map_init(&domains.clusters);
    map_init(&domains.regions);
    map_init(&domains.providers);
    for (size_t i = 0; i < table->name_count; i++) {
        struct table_name *name = &table->names[i];

        assert(i == 0 || strcmp(table->names[i - 1].name, name->name) < 0);
        for (size_t j = 0; j < name->endpoint_count; j++)
            read_address(&name->endpoints[j]);
        family_seal(table->arena, &name->a, name, false, &domains);
        family_seal(table->arena, &name->aaaa, name, true, &domains);
    }
    map_fini(&domains.clusters);
    map_fini(&domains.regions);
    map_fini(&domains.providers);
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

static enum distance distance_between(const struct table_candidate *a,
                                      const struct table_candidate *b)
{
    if (a->provider != b->provider)
        return OTHER_PROVIDER;
    if (a->region != b->region)
        return OTHER_REGION;
    return a->cluster != b->cluster ? OTHER_CLUSTER : SAME_CLUSTER;
}

/* The candidate whose share of [0, weight_sum) holds `at`. */
static const struct table_candidate *draw_first(const struct table_family *family, uint64_t at)
{
    const struct table_candidate *candidate = family->candidates;

    while (at >= candidate->weight)
        at -= candidate++->weight;
    return candidate;
}

/* What is left to pick from: how far each candidate is from the nearest one picked. */
struct rest {
    enum distance farthest;
    uint64_t weight_sum; /* of those that are farthest */
};

/* False when the candidate was picked itself. */
static bool distance_from_all(const struct table_candidate *candidate,
                              const struct table_candidate *const *picked, size_t count,
                              enum distance *out)
{
    *out = OTHER_PROVIDER;
    for (size_t i = 0; i < count; i++) {
        if (picked[i] == candidate)
            return false;
        enum distance distance = distance_between(picked[i], candidate);
        if (distance < *out)
            *out = distance;
    }
    return true;
}

static struct rest weigh_rest(const struct table_family *family,
                              const struct table_candidate *const *picked, size_t count)
{
    struct rest rest = {SAME_CLUSTER, 0};

    for (size_t i = 0; i < family->count; i++) {
        enum distance distance;

        if (!distance_from_all(&family->candidates[i], picked, count, &distance))
            continue;
        if (distance > rest.farthest)
            rest = (struct rest){distance, 0};
        if (distance == rest.farthest)
            rest.weight_sum += family->candidates[i].weight;
    }
    return rest;
}

/* The farthest candidate whose share of [0, rest->weight_sum) holds `at`. */
static const struct table_candidate *draw_rest(const struct table_family *family,
                                               const struct table_candidate *const *picked,
                                               size_t count, const struct rest *rest,
                                               uint64_t at)
{
    const struct table_candidate *candidate = family->candidates;

    for (;; candidate++) {
        enum distance distance;

        if (!distance_from_all(candidate, picked, count, &distance) ||
            distance != rest->farthest)
            continue;
        if (at < candidate->weight)
            return candidate;
        at -= candidate->weight;
    }
}

size_t table_pick(const struct table_family *family, struct random *random,
                  const struct table_candidate *out[TABLE_ANSWER_MAX])
{
    size_t count = 0;

    if (family->count == 0)
        return 0;
    out[count++] = draw_first(family, random_u64(random) % family->weight_sum);
    while (count < family->count && count < TABLE_ANSWER_MAX) {
        struct rest rest = weigh_rest(family, out, count);
        uint64_t at = random_u64(random) % rest.weight_sum;

        out[count] = draw_rest(family, out, count, &rest, at);
        count++;
    }
    return count;
}
