/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/steering.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_steering_init(struct sim_steering *steering, struct engine *engines,
                       size_t engine_count, struct agenda *agenda, struct random *random)
{
    *steering = (struct sim_steering){
        .agenda = agenda,
        .random = random,
        .engines = engines,
        .engine_count = engine_count,
    };
}

void sim_steering_fini(struct sim_steering *steering)
{
    for (size_t i = 0; i < steering->count; i++)
        free(steering->endpoints[i]);
    free(steering->endpoints);
    (void)intent_free(steering->intent);
}

struct sim_endpoint *sim_steering_find(const struct sim_steering *steering, const char *address,
                                       unsigned port)
{
    for (size_t i = 0; i < steering->count; i++) {
        struct sim_endpoint *endpoint = steering->endpoints[i];

        if (endpoint->port == port && strcmp(endpoint->address, address) == 0)
            return endpoint;
    }
    return NULL;
}

bool sim_endpoint_is_answered(const struct sim_endpoint *endpoint)
{
    return endpoint->verdict.state == VERDICT_UP && !endpoint->is_pinned_down;
}

/* To be called before it may cease to be answered. */
static void note_answered(const struct sim_steering *steering, struct sim_endpoint *endpoint)
{
    if (sim_endpoint_is_answered(endpoint))
        endpoint->answered_ms = agenda_now_ms(steering->agenda);
}

static struct sim_endpoint *find_serial(const struct sim_steering *steering, uint64_t serial)
{
    for (size_t i = 0; i < steering->count; i++)
        if (steering->endpoints[i]->serial == serial)
            return steering->endpoints[i];
    return NULL;
}

static struct engine *find_engine(const struct sim_steering *steering, const char *cluster)
{
    for (size_t i = 0; i < steering->engine_count; i++)
        if (strcmp(steering->engines[i].cluster->name, cluster) == 0)
            return &steering->engines[i];
    return NULL;
}

/* Probing. */

static void on_probed(void *ctx, uint64_t serial);

static bool is_settled(const struct sim_endpoint *endpoint)
{
    bool serves = engine_serves(endpoint->engine, endpoint->port);

    return endpoint->verdict.state == (serves ? VERDICT_UP : VERDICT_DOWN) &&
           !verdict_is_in_doubt(&endpoint->verdict);
}

static void probe_in(struct sim_steering *steering, struct sim_endpoint *endpoint,
                     uint64_t wait_ms)
{
    /* Silence is known only when the time limit is over. */
    if (endpoint->engine->is_cut)
        wait_ms += endpoint->schedule.timeout_ms;
    endpoint->is_asked = true;
    agenda_add(steering->agenda, wait_ms, on_probed, steering, endpoint->serial);
}

/* The probes that were not simulated since the last one, all of them successes. */
static void credit(const struct sim_steering *steering, struct sim_endpoint *endpoint)
{
    uint64_t now = agenda_now_ms(steering->agenda);
    uint64_t probes = (now - endpoint->settled_ms) / endpoint->schedule.interval_ms;

    for (uint64_t i = 0; i < probes && i < VERDICT_CALM; i++)
        (void)verdict_add(&endpoint->verdict, endpoint->verdict.state == VERDICT_UP);
}

static void on_probed(void *ctx, uint64_t serial)
{
    struct sim_steering *steering = ctx;
    struct sim_endpoint *endpoint = find_serial(steering, serial);

    if (!endpoint)
        return;
    endpoint->is_asked = false;
    endpoint->settled_ms = agenda_now_ms(steering->agenda);
    note_answered(steering, endpoint);
    bool has_changed =
        verdict_add(&endpoint->verdict, engine_serves(endpoint->engine, endpoint->port));
    if (!is_settled(endpoint))
        probe_in(steering, endpoint,
                 verdict_is_in_doubt(&endpoint->verdict)
                     ? schedule_retry_ms(&endpoint->schedule)
                     : schedule_next_ms(&endpoint->schedule, steering->random));
    if (has_changed)
        steering->on_verdict(steering->ctx);
}

static void doubt(struct sim_steering *steering, struct sim_endpoint *endpoint)
{
    if (endpoint->is_asked || is_settled(endpoint))
        return;
    if (endpoint->verdict.state != VERDICT_UNKNOWN)
        credit(steering, endpoint);
    probe_in(steering, endpoint,
             random_below(steering->random, endpoint->schedule.interval_ms));
}

void sim_steering_on_change(struct sim_steering *steering, const struct engine *engine)
{
    for (size_t i = 0; i < steering->count; i++)
        if (steering->endpoints[i]->engine == engine)
            doubt(steering, steering->endpoints[i]);
}

/* Intents. */

static void take_endpoint(struct sim_steering *steering, const struct intent_name *name,
                          const struct endpoint *given)
{
    struct sim_endpoint *endpoint = sim_steering_find(steering, given->address, given->port);

    if (!endpoint) {
        endpoint = mem_new(struct sim_endpoint);
        (void)snprintf(endpoint->address, sizeof(endpoint->address), "%s", given->address);
        endpoint->port = given->port;
        endpoint->engine = find_engine(steering, given->cluster);
        endpoint->schedule = schedule_of(&name->probe);
        endpoint->serial = ++steering->serial;
        endpoint->settled_ms = agenda_now_ms(steering->agenda);
        verdict_init(&endpoint->verdict, PROBE_RISE, PROBE_FALL);
        steering->endpoints = mem_grow((void *)steering->endpoints, steering->count,
                                       &steering->capacity, sizeof(struct sim_endpoint *));
        steering->endpoints[steering->count++] = endpoint;
    }
    note_answered(steering, endpoint);
    endpoint->is_pinned_down = given->pin == PIN_DOWN;
    endpoint->is_wanted = true;
    doubt(steering, endpoint);
}

void sim_steering_take(struct sim_steering *steering, struct intent *intent)
{
    size_t kept = 0;

    if (intent->generation < steering->generation)
        return;
    (void)intent_free(steering->intent);
    steering->intent = intent_share(intent);
    steering->generation = intent->generation;
    for (size_t i = 0; i < steering->count; i++)
        steering->endpoints[i]->is_wanted = false;
    for (size_t n = 0; n < intent->name_count; n++)
        for (size_t e = 0; e < intent->names[n].endpoint_count; e++)
            take_endpoint(steering, &intent->names[n], &intent->names[n].endpoints[e]);
    for (size_t i = 0; i < steering->count; i++) {
        if (steering->endpoints[i]->is_wanted)
            steering->endpoints[kept++] = steering->endpoints[i];
        else
            free(steering->endpoints[i]);
    }
    steering->count = kept;
}

enum verdict_state sim_steering_verdict(const struct sim_steering *steering,
                                        const char *address, unsigned port)
{
    const struct sim_endpoint *endpoint = sim_steering_find(steering, address, port);

    return endpoint ? endpoint->verdict.state : VERDICT_UNKNOWN;
}
