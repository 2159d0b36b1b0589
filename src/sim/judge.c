/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/judge.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void judge_init(struct judge *judge, const struct agenda *agenda,
                const struct sim_server *server, const struct sim_steering *steering,
                struct engine *engines, size_t engine_count)
{
    *judge = (struct judge){
        .agenda = agenda,
        .server = server,
        .steering = steering,
        .engines = engines,
        .engine_count = engine_count,
        .disturbed_ms = mem_array(engine_count, sizeof(uint64_t)),
    };
}

void judge_fini(struct judge *judge)
{
    free(judge->disturbed_ms);
}

/* The first one counts: what follows may be its consequence. */
static void PRINTF(2, 3) blame(struct judge *judge, const char *fmt, ...)
{
    va_list args;

    if (judge->broken[0])
        return;
    judge->broken_ms = agenda_now_ms(judge->agenda);
    va_start(args, fmt);
    (void)vsnprintf(judge->broken, sizeof(judge->broken), fmt, args);
    va_end(args);
}

void judge_on_disturbance(struct judge *judge, size_t engine)
{
    judge->disturbed_ms[engine] = agenda_now_ms(judge->agenda);
}

void judge_on_interruption(struct judge *judge)
{
    judge->interrupted_ms = agenda_now_ms(judge->agenda);
}

static bool was_lately(const struct judge *judge, uint64_t ms)
{
    return agenda_now_ms(judge->agenda) < ms + JUDGE_BLIND_MS;
}

static bool is_disturbed(const struct judge *judge, const struct engine *engine)
{
    return was_lately(judge, judge->disturbed_ms[engine - judge->engines]);
}

/* Counting the truth. */

static bool is_copy_of(const struct container *container, const char *app, const char *service)
{
    return container->app && strcmp(container->app, app) == 0 &&
           strcmp(container->service, service) == 0;
}

/* Copies that control may believe to serve. */
static unsigned count_serving(const struct judge *judge, const char *app, const char *service)
{
    unsigned count = 0;

    for (size_t e = 0; e < judge->engine_count; e++) {
        const struct engine *engine = &judge->engines[e];
        bool is_believed = is_disturbed(judge, engine);

        for (size_t i = 0; i < engine->count; i++)
            count += is_copy_of(engine->containers[i], app, service) &&
                     (is_believed ||
                      (!engine->is_cut && container_serves(engine, engine->containers[i])));
    }
    return count;
}

static const struct engine *find_engine(const struct judge *judge, const char *cluster)
{
    for (size_t i = 0; i < judge->engine_count; i++)
        if (strcmp(judge->engines[i].cluster->name, cluster) == 0)
            return &judge->engines[i];
    return NULL;
}

static unsigned count_copies(const struct engine *engine, const char *app, const char *service,
                             const char *digest)
{
    unsigned count = 0;

    for (size_t i = 0; i < engine->count; i++)
        count += is_copy_of(engine->containers[i], app, service) &&
                 (!digest || strcmp(engine->containers[i]->digest, digest) == 0);
    return count;
}

static const char *digest_of(const struct revision *revision, const char *name)
{
    const struct service *service = app_find_service(revision->app, name);

    return service ? revision->digests[service - revision->app->services] : NULL;
}

/* Actions. */

static unsigned count_serving_at(const struct judge *judge, const struct engine *engine,
                                 const char *app, const char *service)
{
    bool is_believed = is_disturbed(judge, engine);
    unsigned count = 0;

    for (size_t i = 0; i < engine->count; i++)
        count += is_copy_of(engine->containers[i], app, service) &&
                 (is_believed || container_serves(engine, engine->containers[i]));
    return count;
}

/* A domain that is short of copies while another one is being changed. */
static const struct engine *find_short(const struct judge *judge, const struct engine *engine,
                                       const struct sim_app *app, const char *service)
{
    for (size_t e = 0; e < judge->engine_count; e++) {
        const struct engine *other = &judge->engines[e];
        unsigned wanted = plan_replicas(app->revision->plan, service, other->cluster->name);

        if (strcmp(other->cluster->provider, engine->cluster->provider) != 0 &&
            engine_answers(other) &&
            count_serving_at(judge, other, app->name, service) < wanted)
            return other;
    }
    return NULL;
}

static void judge_taking_outdated(struct judge *judge, const struct engine *engine,
                                  const struct sim_app *app, const struct action *action,
                                  const struct container *target)
{
    const struct service *service = app_find_service(app->revision->app, target->service);
    unsigned wanted =
        plan_replicas(app->revision->plan, target->service, engine->cluster->name);
    const struct engine *other = find_short(judge, engine, app, target->service);

    if (other)
        blame(judge, "%s-%u is taken away at %s (%s) while %s of another provider is short",
              target->service, target->number, engine->cluster->name, action->reason,
              other->cluster->name);
    if (service && service_replicas_per_host_max(service) > wanted &&
        count_serving_at(judge, engine, app->name, target->service) <= wanted)
        blame(judge, "%s-%u is taken away at %s (%s) before its replacement serves",
              target->service, target->number, engine->cluster->name, action->reason);
}

/* Whoever was sent there may come for as long as the answer lives. */
static void judge_leave(struct judge *judge, const struct engine *engine,
                        const struct sim_app *app, const struct container *target)
{
    const struct sim_endpoint *endpoint = sim_steering_find(
        judge->steering, engine->cluster->addresses.items[0], target->published);
    uint64_t now = agenda_now_ms(judge->agenda);

    if (!endpoint || (!sim_endpoint_is_answered(endpoint) &&
                      (!endpoint->answered_ms ||
                       now >= endpoint->answered_ms + app->revision->app->ttl_s * 1000)))
        return;
    blame(judge, "%s-%u is taken away at %s, and clients may know it for %u s", target->service,
          target->number, engine->cluster->name, app->revision->app->ttl_s);
}

/* Somebody's copy is about to be taken away or stopped for a moment. */
static void judge_taking(struct judge *judge, const struct engine *engine,
                         const struct sim_app *app, const struct action *action,
                         const struct container *target)
{
    const struct plan *plan = app->revision->plan;
    const struct plan_service *planned = plan_find_service(plan, target->service);
    const char *digest = digest_of(app->revision, target->service);
    unsigned wanted = plan_replicas(plan, target->service, engine->cluster->name);

    if (app->removing || !planned || is_disturbed(judge, engine) ||
        !container_serves(engine, target))
        return;
    unsigned serving = count_serving(judge, app->name, target->service);
    if (planned->survives && serving <= planned->needed)
        blame(judge,
              "%s at %s takes away %s-%u (%s), and %u of %u needed copies serve after it",
              action_kind_name(action->kind), engine->cluster->name, target->service,
              target->number, action->reason, serving - 1, planned->needed);
    if (target->published)
        judge_leave(judge, engine, app, target);
    if (!digest || strcmp(target->digest, digest) != 0)
        judge_taking_outdated(judge, engine, app, action, target);
    else if (count_copies(engine, app->name, target->service, digest) <= wanted)
        blame(judge, "%s at %s takes away %s-%u (%s), which is right",
              action_kind_name(action->kind), engine->cluster->name, target->service,
              target->number, action->reason);
}

/* One more than the plan is room for a replacement; two are a mistake. */
static void judge_start(struct judge *judge, const struct engine *engine,
                        const struct sim_app *app, const struct action *action,
                        const struct container *target)
{
    unsigned wanted =
        plan_replicas(app->revision->plan, action->service, engine->cluster->name);
    unsigned copies = count_copies(engine, app->name, action->service, NULL);

    if (!target && copies > wanted && !is_disturbed(judge, engine))
        blame(judge, "starts %s-%u at %s, which has %u copies; the plan says %u",
              action->service, action->number, engine->cluster->name, copies, wanted);
}

void judge_on_apply(void *ctx, const char *cluster, const struct action *action,
                    const struct container *target, bool is_superfluous)
{
    struct judge *judge = ctx;
    const struct engine *engine = find_engine(judge, cluster);
    const struct sim_app *app = sim_server_find(judge->server, action->app);

    judge->actions++;
    judge->superfluous += is_superfluous;
    if (target && !target->app) {
        blame(judge, "%s at %s touches %s, which is not ours", action_kind_name(action->kind),
              cluster, target->id);
        return;
    }
    if (was_lately(judge, judge->interrupted_ms) || !app || !app->revision)
        return;
    if (is_superfluous && !is_disturbed(judge, engine))
        blame(judge, "%s %s-%u at %s (%s) changes nothing", action_kind_name(action->kind),
              action->service ? action->service : action->target, action->number, cluster,
              action->reason);
    else if (action->kind == ACTION_REPLICA_START)
        judge_start(judge, engine, app, action, target);
    else if (target)
        judge_taking(judge, engine, app, action, target);
}

/* Answers. */

/* An endpoint that is answered, and does not serve. */
static void judge_endpoint(struct judge *judge, struct sim_endpoint *endpoint)
{
    uint64_t now = agenda_now_ms(judge->agenda);

    if (!sim_endpoint_is_answered(endpoint) ||
        engine_serves(endpoint->engine, endpoint->port)) {
        endpoint->dead_since_ms = 0;
        return;
    }
    if (!endpoint->dead_since_ms)
        endpoint->dead_since_ms = now;
    if (now > endpoint->dead_since_ms + JUDGE_ANSWERS_MS)
        blame(judge, "%s port %u at %s is answered and has not served for %llu ms",
              endpoint->address, (unsigned)endpoint->port, endpoint->engine->cluster->name,
              (unsigned long long)(now - endpoint->dead_since_ms));
}

/* Whoever is served somewhere is answered somebody who serves, once the verdicts are there. */
void judge_answers(struct judge *judge)
{
    for (size_t i = 0; i < judge->steering->count; i++)
        judge_endpoint(judge, judge->steering->endpoints[i]);
}

/* In step. */

static void judge_cell(struct judge *judge, const struct engine *engine,
                       const struct sim_app *app, const struct service *service)
{
    const char *digest = digest_of(app->revision, service->name);
    unsigned wanted = plan_replicas(app->revision->plan, service->name, engine->cluster->name);
    unsigned serving = 0, copies = count_copies(engine, app->name, service->name, NULL);

    for (size_t i = 0; i < engine->count; i++)
        serving += is_copy_of(engine->containers[i], app->name, service->name) &&
                   container_serves(engine, engine->containers[i]) &&
                   strcmp(engine->containers[i]->digest, digest) == 0;
    if (serving != wanted || copies != wanted)
        blame(judge, "%s at %s: the plan says %u, %u right ones serve, %u are there",
              service->name, engine->cluster->name, wanted, serving, copies);
}

static bool is_known(const struct judge *judge, const struct container *container)
{
    const struct sim_app *app = sim_server_find(judge->server, container->app);

    return app && app->revision && app_find_service(app->revision->app, container->service);
}

static void judge_engine(struct judge *judge, const struct engine *engine)
{
    for (size_t i = 0; i < engine->count; i++) {
        const struct container *container = engine->containers[i];

        if (container->app && !is_known(judge, container))
            blame(judge, "%s-%u of %s is still at %s", container->service, container->number,
                  container->app, engine->cluster->name);
        if (!container->app && container->state != REPLICA_RUNNING)
            blame(judge, "%s at %s is not ours and does not run", container->id,
                  engine->cluster->name);
    }
}

void judge_in_step(struct judge *judge)
{
    for (size_t e = 0; e < judge->engine_count; e++)
        judge_engine(judge, &judge->engines[e]);
    for (size_t a = 0; a < judge->server->app_count; a++) {
        const struct sim_app *app = &judge->server->apps[a];

        if (!app->revision)
            continue;
        if (app->removing)
            blame(judge, "%s is still there after its end", app->name);
        if (app->state != APP_IN_STEP)
            blame(judge, "%s is %s after a calm time: %s", app->name,
                  app_state_name(app->state), app->waits);
        for (size_t s = 0; s < app->revision->app->service_count; s++)
            for (size_t e = 0; e < judge->engine_count; e++)
                judge_cell(judge, &judge->engines[e], app, &app->revision->app->services[s]);
    }
}
