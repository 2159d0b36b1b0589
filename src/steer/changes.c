/* SPDX-License-Identifier: Apache-2.0 */
#include "steer/changes.h"

#include <string.h>

struct finder {
    struct arena *arena;
    struct changes *out;
    size_t capacity;
};

static void add(struct finder *finder, struct change change)
{
    struct changes *out = finder->out;

    out->items = arena_grow(finder->arena, out->items, out->count, &finder->capacity,
                            sizeof(*out->items));
    out->items[out->count++] = change;
}

static bool families_answer_the_same(const struct table_family *a, const struct table_family *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(a->candidates[i].ip, b->candidates[i].ip, sizeof(a->candidates[i].ip)) != 0)
            return false;
    return true;
}

static int compare_endpoints(const struct table_endpoint *a, const struct table_endpoint *b)
{
    int order = strcmp(a->address, b->address);

    return order ? order : (int)a->port - (int)b->port;
}

/* Walks two sorted lists. Returns the first endpoint whose verdict changed, or NULL. */
static const struct table_endpoint *find_verdicts(struct finder *finder,
                                                  const struct table_name *before,
                                                  const struct table_name *after)
{
    const struct table_endpoint *first = NULL;
    size_t old = 0;

    for (size_t i = 0; i < after->endpoint_count; i++) {
        const struct table_endpoint *endpoint = &after->endpoints[i];
        enum verdict_state known = VERDICT_UNKNOWN;

        while (old < before->endpoint_count &&
               compare_endpoints(&before->endpoints[old], endpoint) < 0)
            old++;
        if (old < before->endpoint_count &&
            compare_endpoints(&before->endpoints[old], endpoint) == 0)
            known = before->endpoints[old].verdict;
        if (endpoint->verdict == known)
            continue;
        add(finder,
            (struct change){.kind = CHANGE_VERDICT, .name = after, .endpoint = endpoint});
        if (!first)
            first = endpoint;
    }
    return first;
}

static void find_in_name(struct finder *finder, const struct table_name *before,
                         const struct table_name *after)
{
    const struct table_endpoint *cause = find_verdicts(finder, before, after);

    if (!families_answer_the_same(&before->a, &after->a) ||
        !families_answer_the_same(&before->aaaa, &after->aaaa))
        add(finder, (struct change){.kind = CHANGE_ANSWERS, .name = after, .endpoint = cause});
}

static void find_gone(struct finder *finder, const struct table_name *before)
{
    if (before->a.count || before->aaaa.count)
        add(finder, (struct change){.kind = CHANGE_ANSWERS, .name = before, .is_gone = true});
}

struct changes changes_find(struct arena *arena, const struct table *before,
                            const struct table *after)
{
    static const struct table nothing;
    static const struct table_name no_name;
    struct changes out = {0};
    struct finder finder = {.arena = arena, .out = &out};
    size_t old = 0;

    if (!before)
        before = &nothing;
    for (size_t i = 0; i < after->name_count; i++) {
        const struct table_name *name = &after->names[i];

        while (old < before->name_count && strcmp(before->names[old].name, name->name) < 0)
            find_gone(&finder, &before->names[old++]);
        if (old < before->name_count && strcmp(before->names[old].name, name->name) == 0)
            find_in_name(&finder, &before->names[old++], name);
        else
            find_in_name(&finder, &no_name, name);
    }
    while (old < before->name_count)
        find_gone(&finder, &before->names[old++]);
    return out;
}
