/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/agenda.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>

struct entry {
    uint64_t at_ms, order;
    agenda_fn *fn;
    void *ctx;
    uint64_t number;
};

/* A binary heap: the earliest entry is the first. */
struct agenda {
    struct entry *entries;
    size_t count, capacity;
    uint64_t now_ms, added, steps;
};

struct agenda *agenda_new(void)
{
    return mem_new(struct agenda);
}

struct agenda *agenda_free(struct agenda *agenda)
{
    if (!agenda)
        return NULL;
    free(agenda->entries);
    free(agenda);
    return NULL;
}

uint64_t agenda_now_ms(const struct agenda *agenda)
{
    return agenda->now_ms;
}

uint64_t agenda_steps(const struct agenda *agenda)
{
    return agenda->steps;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void agenda_add(struct agenda *agenda, uint64_t after_ms, agenda_fn *fn, void *ctx,
                uint64_t number)
{
    struct entry entry = {
        .at_ms = agenda->now_ms + after_ms,
        .order = agenda->added++,
        .fn = fn,
        .ctx = ctx,
        .number = number,
    };

    agenda->entries =
        mem_grow(agenda->entries, agenda->count, &agenda->capacity, sizeof(entry));
    size_t at = agenda->count++;
    while (at && is_before(&entry, &agenda->entries[(at - 1) / 2])) {
        agenda->entries[at] = agenda->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->entries[at] = entry;
}

static struct entry take_first(struct agenda *agenda)
{
    struct entry first = agenda->entries[0], last = agenda->entries[--agenda->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < agenda->count &&
            is_before(&agenda->entries[child + 1], &agenda->entries[child]))
            child++;
        if (child >= agenda->count || !is_before(&agenda->entries[child], &last))
            break;
        agenda->entries[at] = agenda->entries[child];
        at = child;
    }
    agenda->entries[at] = last;
    return first;
}

bool agenda_step(struct agenda *agenda, uint64_t until_ms)
{
    if (!agenda->count || agenda->entries[0].at_ms > until_ms) {
        agenda->now_ms = until_ms;
        return false;
    }
    struct entry entry = take_first(agenda);
    agenda->now_ms = entry.at_ms;
    agenda->steps++;
    entry.fn(entry.ctx, entry.number);
    return true;
}
