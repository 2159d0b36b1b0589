/* SPDX-License-Identifier: Apache-2.0 */
#include "steer/steer.h"

#include "model/intent_json.h"

/* Where an endpoint stands, best first; see the chart in the header. */
enum standing { STANDS_UP, STANDS_UNKNOWN, STANDS_DOWN, STANDS_PINNED_DOWN };

static enum verdict_state verdict_of(const struct finding *finding)
{
    return finding ? finding->state : VERDICT_UNKNOWN;
}

static enum standing standing_of(const struct endpoint *endpoint, const struct finding *finding)
{
    static const enum standing by_verdict[] = {
        [VERDICT_UNKNOWN] = STANDS_UNKNOWN,
        [VERDICT_UP] = STANDS_UP,
        [VERDICT_DOWN] = STANDS_DOWN,
    };

    if (endpoint->pin == PIN_UP)
        return STANDS_UP;
    if (endpoint->pin == PIN_DOWN)
        return STANDS_PINNED_DOWN;
    return by_verdict[verdict_of(finding)];
}

static enum standing best_standing(const struct intent_name *name,
                                   const struct finding *const *findings)
{
    enum standing best = STANDS_PINNED_DOWN;

    for (size_t i = 0; i < name->endpoint_count; i++) {
        enum standing standing = standing_of(&name->endpoints[i], findings[i]);

        if (standing < best)
            best = standing;
    }
    return best;
}

/* Percent of its weight that an endpoint gets; lowers *next_ms to when that changes. */
static unsigned slow_start(const struct endpoint *endpoint, const struct finding *finding,
                           uint64_t now_ms, uint64_t *next_ms)
{
    if (endpoint->pin != PIN_NONE || !finding || !finding->returned_ms)
        return 100;

    uint64_t up_ms = now_ms > finding->returned_ms ? now_ms - finding->returned_ms : 0;
    uint64_t steps = up_ms / SLOW_START_STEP_MS + 1;
    if (steps * SLOW_START_PERCENT >= 100)
        return 100;

    uint64_t change_ms = finding->returned_ms + steps * SLOW_START_STEP_MS;
    if (change_ms < *next_ms)
        *next_ms = change_ms;
    return (unsigned)steps * SLOW_START_PERCENT;
}

static const char *why_up(struct arena *arena, const struct endpoint *endpoint,
                          unsigned percent)
{
    if (endpoint->pin == PIN_UP)
        return "pinned up";
    return percent < 100 ? arena_printf(arena, "up; slow start: %u %%", percent) : "up";
}

/* The reason in words. `percent` is 0 when the endpoint is not answered. */
static const char *why(struct arena *arena, enum standing standing,
                       const struct endpoint *endpoint, const struct finding *finding,
                       unsigned percent)
{
    switch (standing) {
    case STANDS_UP:
        return why_up(arena, endpoint, percent);
    case STANDS_UNKNOWN:
        return percent ? "not known yet, and nothing else is up" : "not known yet";
    case STANDS_DOWN:
        return arena_printf(arena, "down: %s%s", finding->why,
                            percent ? "; answered, as everything looks down" : "");
    case STANDS_PINNED_DOWN:
    default:
        return percent ? "pinned down; answered, as there is nothing else" : "pinned down";
    }
}

static void fill_endpoint(struct arena *arena, struct table_endpoint *out,
                          const struct endpoint *endpoint)
{
    out->address = arena_strdup(arena, endpoint->address);
    out->port = endpoint->port;
    out->cluster = arena_strdup(arena, endpoint->cluster);
    out->region = arena_strdup(arena, endpoint->region);
    out->provider = arena_strdup(arena, endpoint->provider);
    out->pin = endpoint->pin;
}

static void decide_name(struct table *table, struct table_name *out,
                        const struct intent_name *name, const struct finding *const *findings,
                        uint64_t now_ms, uint64_t *next_ms)
{
    enum standing best = best_standing(name, findings);

    out->fail_open = name->endpoint_count && best >= STANDS_DOWN;
    for (size_t i = 0; i < name->endpoint_count; i++) {
        const struct endpoint *endpoint = &name->endpoints[i];
        enum standing standing = standing_of(endpoint, findings[i]);
        unsigned percent =
            standing == best ? slow_start(endpoint, findings[i], now_ms, next_ms) : 0;

        fill_endpoint(table->arena, &out->endpoints[i], endpoint);
        out->endpoints[i].verdict = verdict_of(findings[i]);
        out->endpoints[i].since_ms = findings[i] ? findings[i]->since_ms : 0;
        out->endpoints[i].weight = endpoint->weight * percent;
        out->endpoints[i].why = why(table->arena, standing, endpoint, findings[i], percent);
    }
}

static void copy_nameservers(struct table *table, const struct strings *in)
{
    table->nameservers.items = arena_array(table->arena, in->count, sizeof(*in->items));
    table->nameservers.count = in->count;
    for (size_t i = 0; i < in->count; i++)
        table->nameservers.items[i] = arena_strdup(table->arena, in->items[i]);
}

struct table *steer_make(const struct steer_input *input, uint64_t *next_ms)
{
    const struct intent *intent = input->intent;
    const struct finding *const *findings = input->findings;
    struct table *table = table_new(intent->name_count);

    *next_ms = STEER_NEVER;
    table->generation = intent->generation;
    table->serial = input->serial;
    table->zone = arena_strdup(table->arena, intent->zone);
    copy_nameservers(table, &intent->nameservers);
    for (size_t i = 0; i < intent->name_count; i++) {
        const struct intent_name *name = &intent->names[i];
        struct table_name *out = &table->names[i];

        out->name = arena_strdup(table->arena, name->name);
        out->app = arena_strdup(table->arena, name->app);
        out->service = arena_strdup(table->arena, name->service);
        out->ttl_s = name->ttl_s;
        table_endpoints_new(table, out, name->endpoint_count);
        decide_name(table, out, name, findings, input->now_ms, next_ms);
        findings += name->endpoint_count;
    }
    table_seal(table);
    return table;
}

enum steer_offer steer_weigh(const struct intent *current, const struct intent *offered)
{
    if (!current || offered->generation > current->generation)
        return STEER_NEWER;
    if (offered->generation < current->generation)
        return STEER_OLDER;
    return intent_is_equal(current, offered) ? STEER_SAME : STEER_FORGED;
}

uint32_t steer_serial(uint32_t last, int64_t wall_ms)
{
    uint32_t next = last + 1;
    uint32_t wall_s = (uint32_t)(wall_ms / 1000);

    return wall_s - next < UINT32_C(1) << 31 ? wall_s : next;
}
