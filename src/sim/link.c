/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/link.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

#define WAY_MS_MAX   40 /* one way, between two clouds */
#define RETRY_MS_MAX 2000

static void ask(struct sim_link *link);
static void plan_list(struct sim_link *link);
static void run_works(struct sim_link *link);

static unsigned way_ms(struct sim_link *link)
{
    return 1 + random_below(link->random, WAY_MS_MAX);
}

void sim_link_init(struct sim_link *link, struct engine *engine, struct agenda *agenda,
                   struct random *random)
{
    *link = (struct sim_link){.agenda = agenda, .random = random, .engine = engine};
    work_queue_init(&link->works, NULL);
}

void sim_link_reset(struct sim_link *link)
{
    link->life++;
    link->state = SIM_LINK_WAITING;
    link->is_asking = false;
    link->is_dirty = false;
    link->observation = observation_free(link->observation);
    work_queue_cancel(&link->works);
}

void sim_link_fini(struct sim_link *link)
{
    sim_link_reset(link);
    work_queue_fini(&link->works);
}

static void on_retry(void *ctx, uint64_t life)
{
    struct sim_link *link = ctx;

    if (link->life != life)
        return;
    link->state = SIM_LINK_ASKING;
    ask(link);
}

void sim_link_start(struct sim_link *link)
{
    agenda_add(link->agenda, 0, on_retry, link, link->life);
}

/* What runs at the other end goes on; its outcome will be seen there. */
static void fail(struct sim_link *link)
{
    bool was_ready = link->state == SIM_LINK_READY;

    link->life++;
    link->state = SIM_LINK_WAITING;
    link->is_asking = false;
    work_queue_cancel(&link->works);
    agenda_add(link->agenda, RETRY_MS_MAX / 2 + random_below(link->random, RETRY_MS_MAX / 2),
               on_retry, link, link->life);
    if (was_ready)
        link->on_news(link->ctx, link);
}

/* Listing. */

static void on_timeout(void *ctx, uint64_t asked)
{
    struct sim_link *link = ctx;

    if (link->is_asking && link->asked == asked)
        fail(link);
}

static void on_listed(void *ctx, uint64_t asked)
{
    struct sim_link *link = ctx;

    if (!link->is_asking || link->asked != asked)
        return;
    if (link->engine->is_cut)
        return; /* the answer is lost: the time limit will tell */
    link->is_asking = false;
    if (!engine_answers(link->engine)) {
        fail(link);
        return;
    }
    bool is_news =
        link->state != SIM_LINK_READY || link->observed_changes != link->engine->changes;
    if (is_news) {
        (void)observation_free(link->observation);
        link->observation = engine_observe(link->engine);
        link->observed_changes = link->engine->changes;
    }
    /* An action that is no longer remembered may be wanted again. */
    is_news = is_news || link->works.by_key.count;
    work_queue_forget_done(&link->works, link->asked_ms);
    link->state = SIM_LINK_READY;
    if (is_news)
        link->on_news(link->ctx, link);
    plan_list(link);
}

static void ask(struct sim_link *link)
{
    link->is_asking = true;
    link->is_dirty = false;
    link->asked++;
    link->asked_ms = agenda_now_ms(link->agenda);
    agenda_add(link->agenda, way_ms(link), on_listed, link, link->asked);
    agenda_add(link->agenda, SIM_LINK_TIMEOUT_MS, on_timeout, link, link->asked);
}

static void on_confirm(void *ctx, uint64_t asked)
{
    struct sim_link *link = ctx;

    if (link->state == SIM_LINK_READY && !link->is_asking && link->asked == asked)
        ask(link);
}

static void plan_list(struct sim_link *link)
{
    if (link->state == SIM_LINK_READY && !link->is_asking)
        agenda_add(link->agenda, link->is_dirty ? 0 : SIM_LINK_CONFIRM_MS, on_confirm, link,
                   link->asked);
}

static void on_event(void *ctx, uint64_t life)
{
    struct sim_link *link = ctx;

    if (link->life != life || link->state != SIM_LINK_READY || link->engine->is_cut)
        return;
    link->is_dirty = true;
    if (!link->is_asking)
        ask(link);
}

void sim_link_on_change(struct sim_link *link)
{
    if (link->state != SIM_LINK_READY || link->engine->is_cut)
        return;
    if (!link->engine->is_up || !link->engine->has_api) {
        /* Its machine's kernel, or that of the machine that still lives, ends the stream. */
        fail(link);
        return;
    }
    agenda_add(link->agenda, way_ms(link), on_event, link, link->life);
    if (random_below(link->random, 10) == 0) /* events come twice, and in any order */
        agenda_add(link->agenda, way_ms(link), on_event, link, link->life);
}

/* Actions. */

/* A request on its way: it outlives the connection that it was made on. */
struct flight {
    struct sim_link *link;
    struct arena *arena;
    struct action action;
    struct revision *revision;
    struct work *work; /* valid while life is the link's */
    uint64_t life;
    struct err err;
};

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static void flight_free(struct flight *flight)
{
    flight->link->flights--;
    (void)revision_unref(flight->revision);
    (void)arena_free(flight->arena);
    free(flight);
}

static void on_reply(void *ctx, uint64_t number)
{
    struct flight *flight = ctx;
    struct sim_link *link = flight->link;

    (void)number;
    /* A reply that finds the way cut is lost: the next list meets its time limit. */
    if (link->life == flight->life && !link->engine->is_cut) {
        work_queue_finish(&link->works, flight->work, agenda_now_ms(link->agenda),
                          flight->err.code ? &flight->err : NULL);
        link->is_dirty = true;
        link->on_news(link->ctx, link);
        run_works(link);
        if (!link->is_asking)
            ask(link);
    }
    flight_free(flight);
}

static void on_carried_out(void *ctx, uint64_t boots)
{
    struct flight *flight = ctx;
    struct engine *engine = flight->link->engine;

    if (!engine->is_up || !engine->has_api || engine->boots != boots)
        (void)err_set(&flight->err, -ECONNRESET, "docker at %s: the connection broke",
                      engine->cluster->name);
    else
        (void)engine_apply(engine, &flight->action, flight->revision->app, &flight->err);
    agenda_add(flight->link->agenda, way_ms(flight->link), on_reply, flight, 0);
}

static void on_arrival(void *ctx, uint64_t number)
{
    struct flight *flight = ctx;
    struct engine *engine = flight->link->engine;

    (void)number;
    if (engine_answers(engine)) {
        agenda_add(flight->link->agenda, engine_apply_ms(engine, &flight->action),
                   on_carried_out, flight, engine->boots);
        return;
    }
    (void)err_set(&flight->err, -ECONNREFUSED, "docker at %s: connection refused",
                  engine->cluster->name);
    agenda_add(flight->link->agenda, 1, on_reply, flight, 0);
}

static void send(struct sim_link *link, struct work *work)
{
    struct flight *flight = mem_new(struct flight);
    const struct action *action = &work->action;

    link->flights++;
    flight->link = link;
    flight->arena = arena_new();
    flight->action = *action;
    flight->action.cluster = copy(flight->arena, action->cluster);
    flight->action.app = copy(flight->arena, action->app);
    flight->action.service = copy(flight->arena, action->service);
    flight->action.id = copy(flight->arena, action->id);
    flight->action.target = copy(flight->arena, action->target);
    flight->action.digest = copy(flight->arena, action->digest);
    flight->action.reason = copy(flight->arena, action->reason);
    flight->revision = revision_ref(work->revision);
    flight->work = work;
    flight->life = link->life;
    agenda_add(link->agenda, way_ms(link), on_arrival, flight, 0);
}

static void run_works(struct sim_link *link)
{
    struct work *work;

    while (link->state == SIM_LINK_READY && link->works.running < SIM_LINK_ACTIONS_MAX &&
           (work = work_queue_begin(&link->works)))
        send(link, work);
}

static void on_work_retry(void *ctx, uint64_t life)
{
    struct sim_link *link = ctx;
    bool is_due = false;

    if (link->life != life)
        return;
    while (work_queue_take_retry(&link->works, agenda_now_ms(link->agenda)))
        is_due = true;
    if (is_due)
        link->on_news(link->ctx, link);
}

int sim_link_submit(struct sim_link *link, const struct action *action,
                    struct revision *revision)
{
    uint64_t now = agenda_now_ms(link->agenda);
    int r = work_queue_add(&link->works, action, revision, NULL, now);

    if (r == WORK_LATER) {
        uint64_t due = work_queue_retry_due(&link->works);

        if (due)
            agenda_add(link->agenda, due > now ? due - now : 0, on_work_retry, link,
                       link->life);
    } else if (r == WORK_TAKEN) {
        run_works(link);
    }
    return r;
}

unsigned sim_link_flights(const struct sim_link *links, size_t count)
{
    unsigned flights = 0;

    for (size_t i = 0; i < count; i++)
        flights += links[i].flights;
    return flights;
}
