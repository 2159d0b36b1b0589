/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/helm.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "nameserver/table_json.h"
#include "steer/changes.h"

#include <stdio.h>
#include <stdlib.h>

/* A cloud that comes back within this time gets its traffic back slowly, with whatever copies.
 */
#define REMEMBER_MS (10u * 60 * 1000)

/* By then no worker reads the table before any more: a query takes microseconds. */
#define RECLAIM_MS 1000

struct helm {
    uv_loop_t *loop;
    struct dns_server *dns;
    struct feed *events;
    struct prober *prober;
    struct intent *intent; /* NULL: none yet */
    uint32_t serial;

    bool is_dirty;
    uv_prepare_t tick;  /* the end of a tick in which something changed */
    uv_timer_t moment;  /* the table changes by itself */
    uv_timer_t reclaim; /* the table before can be freed */
    unsigned handles_open;
};

static void on_tick(uv_prepare_t *tick);

/* All that happens in one turn of the loop makes one table. */
static void touch(struct helm *helm)
{
    helm->is_dirty = true;
    (void)uv_prepare_start(&helm->tick, on_tick);
}

static void on_verdict(void *ctx)
{
    touch(ctx);
}

static void on_moment(uv_timer_t *timer)
{
    touch(timer->data);
}

static void on_reclaim(uv_timer_t *timer)
{
    struct helm *helm = timer->data;

    if (helm->dns)
        dns_server_reclaim(helm->dns);
}

static struct table *make_table(struct helm *helm)
{
    uint64_t next_ms;
    uint64_t now_ms = clock_monotonic_ms();
    struct steer_input input = {
        .intent = helm->intent,
        .findings = prober_findings(helm->prober),
        .now_ms = now_ms,
        .serial = steer_serial(helm->serial, clock_wall_ms()),
    };
    struct table *table = steer_make(&input, &next_ms);

    helm->serial = input.serial;
    uv_update_time(helm->loop);
    if (next_ms == STEER_NEVER)
        (void)uv_timer_stop(&helm->moment);
    else
        (void)uv_timer_start(&helm->moment, on_moment, next_ms - now_ms, 0);
    return table;
}

/* Looks at the event alone: the table before, which a name that is gone was in, may be gone. */
static void announce(struct helm *helm, json_t *event)
{
    log_info("%s=changed name=%s cluster=%s reason=\"%s\"",
             json_string_value(json_object_get(event, "kind")),
             json_string_value(json_object_get(event, "name")),
             json_string_value(json_object_get(event, "cluster")),
             json_string_value(json_object_get(event, "reason")));
    feed_publish(helm->events, event);
}

/* The workers first: what the answers are now matters more than who hears of it. */
static void publish(struct helm *helm)
{
    if (!helm->dns || !helm->intent)
        return;

    struct arena *arena = arena_new();
    const struct table *before = dns_server_table(helm->dns);
    struct table *table = make_table(helm);
    struct changes changes = changes_find(arena, before, table);
    json_t **events = arena_array(arena, changes.count, sizeof(json_t *));

    for (size_t i = 0; i < changes.count; i++)
        events[i] = change_to_json(&changes.items[i]);
    dns_server_publish(helm->dns, table);
    for (size_t i = 0; i < changes.count; i++)
        announce(helm, events[i]);
    (void)arena_free(arena);
    (void)uv_timer_start(&helm->reclaim, on_reclaim, RECLAIM_MS, 0);
}

static void on_tick(uv_prepare_t *tick)
{
    struct helm *helm = tick->data;

    (void)uv_prepare_stop(tick);
    if (helm->is_dirty)
        publish(helm);
    helm->is_dirty = false;
}

struct helm *helm_new(uv_loop_t *loop, const struct helm_options *options)
{
    struct helm *helm = mem_new(struct helm);
    struct prober_options probing = {.attempts_max = options->probe_sockets_max,
                                     .seed = random_seed(),
                                     .remember_ms = REMEMBER_MS};

    helm->loop = loop;
    helm->dns = options->dns;
    helm->events = options->events;
    helm->prober = prober_new(loop, &probing, on_verdict, helm);
    (void)uv_prepare_init(loop, &helm->tick);
    (void)uv_timer_init(loop, &helm->moment);
    (void)uv_timer_init(loop, &helm->reclaim);
    helm->tick.data = helm->moment.data = helm->reclaim.data = helm;
    helm->handles_open = 3;
    return helm;
}

static void on_closed(uv_handle_t *handle)
{
    struct helm *helm = handle->data;

    if (--helm->handles_open == 0)
        free(helm);
}

struct helm *helm_free(struct helm *helm)
{
    if (!helm)
        return NULL;
    helm->prober = prober_free(helm->prober);
    helm->intent = intent_free(helm->intent);
    uv_close((uv_handle_t *)&helm->tick, on_closed);
    uv_close((uv_handle_t *)&helm->moment, on_closed);
    uv_close((uv_handle_t *)&helm->reclaim, on_closed);
    return NULL;
}

static void announce_intent(struct helm *helm)
{
    const struct intent *intent = helm->intent;
    char reason[80];

    (void)snprintf(reason, sizeof(reason), "intent %llu with %zu names",
                   (unsigned long long)intent->generation, intent->name_count);
    log_info("intent=followed generation=%llu names=%zu",
             (unsigned long long)intent->generation, intent->name_count);
    feed_publish(helm->events,
                 json_pack("{s:s, s:I, s:s, s:s, s:i, s:s, s:s, s:[], s:s}", "kind", "intent",
                           "generation", (json_int_t)intent->generation, "name", "", "address",
                           "", "port", 0, "cluster", "", "verdict", "", "answers", "reason",
                           reason));
}

enum steer_offer helm_offer(struct helm *helm, struct intent **intent)
{
    enum steer_offer offer = steer_weigh(helm->intent, *intent);

    if (offer != STEER_NEWER)
        return offer;
    (void)intent_free(helm->intent);
    helm->intent = *intent;
    *intent = NULL;
    prober_set(helm->prober, helm->intent);
    announce_intent(helm);
    /* At once, not at the end of the tick: whoever asks next must see the new answers. */
    publish(helm);
    return STEER_NEWER;
}

void helm_set_dns(struct helm *helm, struct dns_server *dns)
{
    helm->dns = dns;
    if (dns && helm->intent)
        dns_server_publish(dns, make_table(helm)); /* as before: no news */
}

const struct intent *helm_intent(const struct helm *helm)
{
    return helm->intent;
}

const struct table *helm_table(const struct helm *helm)
{
    return helm->dns ? dns_server_table(helm->dns) : NULL;
}

void helm_stats(const struct helm *helm, struct prober_stats *out)
{
    prober_stats(helm->prober, out);
}
