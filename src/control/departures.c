/* SPDX-License-Identifier: Apache-2.0 */
#include "control/departures.h"

#include "base/mem.h"

#include <stdlib.h>

struct departure {
    char *id;
    uint64_t since_ms;
    bool is_asked; /* in this round */
};

static void departure_free(struct departure *departure)
{
    if (!departure)
        return;
    free(departure->id);
    free(departure);
}

void departures_init(struct departures *departures)
{
    map_init(&departures->by_id);
}

void departures_fini(struct departures *departures)
{
    size_t at = 0;
    void *departure;

    while (map_next(&departures->by_id, &at, NULL, &departure))
        departure_free(departure);
    map_fini(&departures->by_id);
}

void departures_begin(struct departures *departures)
{
    size_t at = 0;
    void *departure;

    while (map_next(&departures->by_id, &at, NULL, &departure))
        ((struct departure *)departure)->is_asked = false;
}

uint64_t departures_wait(struct departures *departures, const char *id, unsigned ttl_ms,
                         uint64_t now_ms, bool *is_new)
{
    struct departure *departure = map_find(&departures->by_id, id);

    *is_new = !departure;
    if (!departure) {
        departure = mem_new(struct departure);
        *departure = (struct departure){.id = mem_strdup(id), .since_ms = now_ms};
        (void)map_set(&departures->by_id, departure->id, departure);
    }
    departure->is_asked = true;
    uint64_t until = departure->since_ms + ttl_ms + DEPARTURE_GRACE_MS;
    return until > now_ms ? until - now_ms : 0;
}

bool departures_has(const struct departures *departures, const char *id)
{
    return map_find(&departures->by_id, id) != NULL;
}

/* Walks a copy of the entries because removal moves slots. */
size_t departures_end(struct departures *departures, bool (*is_kept)(void *ctx, const char *id),
                      void *ctx)
{
    size_t at = 0, count = 0;
    void *value;

    if (!departures->by_id.count)
        return 0;
    struct departure **over = mem_array(departures->by_id.count, sizeof(*over));
    while (map_next(&departures->by_id, &at, NULL, &value)) {
        struct departure *departure = value;

        if (!departure->is_asked && !is_kept(ctx, departure->id))
            over[count++] = departure;
    }
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(&departures->by_id, over[i]->id);
        departure_free(over[i]);
    }
    free(over);
    return count;
}
