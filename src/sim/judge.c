/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/judge.h"

#include <stdarg.h>
#include <stdio.h>
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
        .arena = arena_new(),
    };
}

void judge_fini(struct judge *judge)
{
    judge->arena = arena_free(judge->arena);
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

void judge_on_disturbance(struct judge *judge)
{
    judge->disturbed_ms = agenda_now_ms(judge->agenda);
}

static bool is_blind(const struct judge *judge)
{
    return agenda_now_ms(judge->agenda) < judge->disturbed_ms + JUDGE_BLIND_MS;
}

/* Counting the truth. */

static bool is_copy_of(const struct container *container, const char *app, const char *service)
{
    return container->app && strcmp(container->app, app) == 0 &&
           strcmp(container->service, service) == 0;
}

static unsigned count_serving(const struct judge *judge, const char *app, const char *service)
{
    unsigned count = 0;

    for (size_t e = 0; e < judge->engine_count; e++)
        for (size_t i = 0; i < judge->engines[e].count && !judge->engines[e].is_cut; i++)
            count += is_copy_of(judge->engines[e].containers[i], app, service) &&
                     container_serves(&judge->engines[e], judge->engines[e].containers[i]);
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

/* Somebody's copy is about to be taken away or stopped for a moment. */
static void judge_taking(struct judge *judge, const struct engine *engine,
                         const struct sim_app *app, const struct action *action,
                         const struct container *target)
{
    const struct plan *plan = app->revision->plan;
    const struct plan_service *planned = plan_find_service(plan, target->service);
    const char *digest = digest_of(app->revision, target->service);
    unsigned wanted = plan_replicas(plan, target->service, engine->cluster->name);

    if (app->removing || !planned || !container_serves(engine, target))
        return;
    unsigned serving = count_serving(judge, app->name, target->service);
    if (planned->survives && serving <= planned->needed)
        blame(judge,
              "%s at %s takes away %s-%u (%s), and %u of %u needed copies serve after it",
              action_kind_name(action->kind), engine->cluster->name, target->service,
              target->number, action->reason, serving - 1, planned->needed);
    if (digest && strcmp(target->digest, digest) == 0 &&
        count_copies(engine, app->name, target->service, digest) <= wanted)
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

    if (!target && copies > wanted)
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
    if (is_blind(judge) || !app || !app->revision)
        return;
    if (is_superfluous)
        blame(judge, "%s %s-%u at %s (%s) changes nothing", action_kind_name(action->kind),
              action->service ? action->service : action->target, action->number, cluster,
              action->reason);
    else if (action->kind == ACTION_REPLICA_START)
        judge_start(judge, engine, app, action, target);
    else if (target)
        judge_taking(judge, engine, app, action, target);
}

/* Answers. */

static struct judge_name *find_name(struct judge *judge, const char *name)
{
    for (size_t i = 0; i < judge->name_count; i++)
        if (strcmp(judge->names[i].name, name) == 0)
            return &judge->names[i];
    judge->names = arena_grow(judge->arena, judge->names, judge->name_count,
                              &judge->name_capacity, sizeof(*judge->names));
    judge->names[judge->name_count] =
        (struct judge_name){.name = arena_strdup(judge->arena, name)};
    return &judge->names[judge->name_count++];
}

static void judge_name(struct judge *judge, const struct intent_name *intended)
{
    struct judge_name *name = find_name(judge, intended->name);
    struct sim_answer answer = sim_steering_answer(judge->steering, intended);
    uint64_t now = agenda_now_ms(judge->agenda);

    if (answer.fail_open || answer.serving == answer.answered) {
        name->dead_since_ms = 0;
        return;
    }
    if (!name->dead_since_ms)
        name->dead_since_ms = now;
    if (now > name->dead_since_ms + JUDGE_ANSWERS_MS)
        blame(judge, "%s: %u of %u answered endpoints have not served for %llu ms",
              intended->name, answer.answered - answer.serving, answer.answered,
              (unsigned long long)(now - name->dead_since_ms));
}

void judge_answers(struct judge *judge)
{
    const struct intent *intent = judge->steering->intent;

    for (size_t i = 0; intent && i < intent->name_count; i++)
        judge_name(judge, &intent->names[i]);
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
            blame(judge, "%s is %s after a calm time", app->name, app_state_name(app->state));
        for (size_t s = 0; s < app->revision->app->service_count; s++)
            for (size_t e = 0; e < judge->engine_count; e++)
                judge_cell(judge, &judge->engines[e], app, &app->revision->app->services[s]);
    }
}
