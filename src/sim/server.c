/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/server.h"

#include "base/mem.h"
#include "control/rooms.h"
#include "plan/planner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_news(void *ctx, struct sim_link *link);

void sim_server_init(struct sim_server *server, const struct fleet *fleet,
                     struct engine *engines, struct sim_steering *steering,
                     struct agenda *agenda, struct random *random)
{
    *server = (struct sim_server){
        .agenda = agenda,
        .random = random,
        .fleet = fleet,
        .steering = steering,
        .links = mem_array(fleet->cluster_count, sizeof(struct sim_link)),
    };
    for (size_t i = 0; i < fleet->cluster_count; i++) {
        sim_link_init(&server->links[i], &engines[i], agenda, random);
        server->links[i].on_news = on_news;
        server->links[i].ctx = server;
    }
}

static void app_forget(struct sim_app *app)
{
    app->revision = revision_unref(app->revision);
    app->removing = false;
    departures_fini(&app->departures);
    departures_init(&app->departures);
}

void sim_server_fini(struct sim_server *server)
{
    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        sim_link_fini(&server->links[i]);
    free(server->links);
    for (size_t i = 0; i < server->app_count; i++) {
        app_forget(&server->apps[i]);
        departures_fini(&server->apps[i].departures);
        free(server->apps[i].name);
    }
    free(server->apps);
    (void)intent_free(server->intent);
}

struct sim_app *sim_server_find(const struct sim_server *server, const char *name)
{
    for (size_t i = 0; i < server->app_count; i++)
        if (strcmp(server->apps[i].name, name) == 0)
            return &server->apps[i];
    return NULL;
}

/* Rounds. */

static struct control_cluster *see_clusters(const struct sim_server *server,
                                            struct arena *arena)
{
    struct control_cluster *clusters =
        arena_array(arena, server->fleet->cluster_count, sizeof(*clusters));

    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        clusters[i] = (struct control_cluster){
            .cluster = &server->fleet->clusters[i],
            .observation = server->links[i].observation,
            .visible = server->links[i].state == SIM_LINK_READY,
        };
    return clusters;
}

struct round_ctx {
    struct sim_server *server;
    struct sim_app *app;
};

static struct sim_link *find_link(const struct sim_server *server, const char *cluster)
{
    const struct cluster *found = fleet_find_cluster(server->fleet, cluster);

    return &server->links[found - server->fleet->clusters];
}

static enum replica_endpoint round_on_verdict(void *ctx, const char *address, unsigned port)
{
    static const enum replica_endpoint endpoints[] = {
        [VERDICT_UNKNOWN] = REPLICA_ENDPOINT_UNKNOWN,
        [VERDICT_UP] = REPLICA_ENDPOINT_UP,
        [VERDICT_DOWN] = REPLICA_ENDPOINT_DOWN,
    };
    const struct round_ctx *round = ctx;

    return endpoints[sim_steering_verdict(round->server->steering, address, port)];
}

static int round_on_submit(void *ctx, const struct action *action)
{
    const struct round_ctx *round = ctx;

    return sim_link_submit(find_link(round->server, action->cluster), action,
                           round->app->revision);
}

static bool round_on_has(void *ctx, const struct action *action)
{
    const struct round_ctx *round = ctx;

    return work_queue_has(&find_link(round->server, action->cluster)->works, action);
}

static unsigned round_on_count_pending(void *ctx, const char *cluster)
{
    const struct round_ctx *round = ctx;

    return work_queue_count_pending(&find_link(round->server, cluster)->works,
                                    round->app->name);
}

static const char *round_on_error(void *ctx, const char *cluster)
{
    const struct round_ctx *round = ctx;

    return work_queue_error(&find_link(round->server, cluster)->works, round->app->name);
}

static void on_wake(void *ctx, uint64_t life);

static void wake_in(struct sim_server *server, uint64_t wait_ms)
{
    agenda_add(server->agenda, wait_ms, on_wake, server, server->life);
}

static void note_hold(struct sim_app *app, const struct control_output *output)
{
    const struct control_hold *hold = output->holds;

    app->waits[0] = '\0';
    if (output->hold_count)
        (void)snprintf(app->waits, sizeof(app->waits), "%s at %s: %s",
                       hold->service ? hold->service : "", hold->cluster, hold->reason);
}

static void look(struct sim_server *server, struct sim_app *app)
{
    struct arena *arena = arena_new();
    struct round_ctx ctx = {.server = server, .app = app};
    struct round_world world = {
        .verdict = round_on_verdict,
        .submit = round_on_submit,
        .has = round_on_has,
        .count_pending = round_on_count_pending,
        .error = round_on_error,
        .ctx = &ctx,
    };
    struct round round = {
        .app_name = app->name,
        .revision = app->revision,
        .removing = app->removing,
        .clusters = see_clusters(server, arena),
        .cluster_count = server->fleet->cluster_count,
        .departures = &app->departures,
        .now_ms = agenda_now_ms(server->agenda),
    };
    struct round_result result;

    server->rounds++;
    round_run(&result, arena, &round, &world);
    app->state = result.state;
    note_hold(app, &result.output);
    server->intent_is_dirty = server->intent_is_dirty || result.has_moved;
    if (result.wake_ms)
        wake_in(server, result.wake_ms);
    if (app->removing && app->state == APP_IN_STEP)
        app_forget(app);
    (void)arena_free(arena);
}

static bool is_leaving(void *ctx, const char *cluster, const char *replica_id)
{
    const struct sim_server *server = ctx;

    (void)cluster;
    for (size_t i = 0; i < server->app_count; i++)
        if (departures_has(&server->apps[i].departures, replica_id))
            return true;
    return false;
}

static void make_intent(struct sim_server *server)
{
    struct arena *arena = arena_new();
    struct intent_app *apps = arena_array(arena, server->app_count, sizeof(*apps));
    size_t count = 0;

    for (size_t i = 0; i < server->app_count; i++)
        if (server->apps[i].revision)
            apps[count++] = (struct intent_app){.app = server->apps[i].revision->app,
                                                .removing = server->apps[i].removing};
    struct intent_input input = {
        .fleet = server->fleet,
        .apps = apps,
        .app_count = count,
        .clusters = see_clusters(server, arena),
        .cluster_count = server->fleet->cluster_count,
        .before = server->intent,
        .is_leaving = is_leaving,
        .ctx = server,
    };
    struct intent *intent = intent_make(&input);

    intent->generation = ++server->generation;
    (void)intent_free(server->intent);
    server->intent = intent;
    sim_steering_take(server->steering, intent);
    (void)arena_free(arena);
}

static void on_tick(void *ctx, uint64_t life)
{
    struct sim_server *server = ctx;

    if (server->life != life)
        return;
    server->is_woken = false;
    for (size_t i = 0; i < server->app_count; i++) {
        struct sim_app *app = &server->apps[i];

        if (!app->is_dirty || !app->revision)
            continue;
        app->is_dirty = false;
        look(server, app);
    }
    if (server->intent_is_dirty)
        make_intent(server);
    server->intent_is_dirty = false;
}

static void touch_all(struct sim_server *server)
{
    if (!server->is_alive)
        return;
    for (size_t i = 0; i < server->app_count; i++)
        server->apps[i].is_dirty = true;
    server->intent_is_dirty = true;
    if (!server->is_woken)
        agenda_add(server->agenda, 0, on_tick, server, server->life);
    server->is_woken = true;
}

static void on_wake(void *ctx, uint64_t life)
{
    struct sim_server *server = ctx;

    if (server->life == life)
        touch_all(server);
}

static void on_news(void *ctx, struct sim_link *link)
{
    (void)link;
    touch_all(ctx);
}

void sim_server_on_verdict(struct sim_server *server)
{
    touch_all(server);
}

void sim_server_on_change(struct sim_server *server, const struct engine *engine)
{
    if (!server->is_alive)
        return;
    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        if (server->links[i].engine == engine)
            sim_link_on_change(&server->links[i]);
}

/* Life and death. */

void sim_server_kill(struct sim_server *server)
{
    if (!server->is_alive)
        return;
    server->is_alive = false;
    server->is_woken = false;
    server->life++;
    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        sim_link_reset(&server->links[i]);
    for (size_t i = 0; i < server->app_count; i++) {
        departures_fini(&server->apps[i].departures);
        departures_init(&server->apps[i].departures);
    }
}

void sim_server_start(struct sim_server *server)
{
    if (server->is_alive)
        return;
    server->is_alive = true;
    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        sim_link_start(&server->links[i]);
    touch_all(server);
}

/* Commands. */

static int make_plan(const struct sim_server *server, const struct app *app,
                     const struct plan *current, struct plan **out, struct err *err)
{
    struct arena *arena = arena_new();
    struct rooms_cluster *known =
        arena_array(arena, server->fleet->cluster_count, sizeof(*known));
    const struct revision **others =
        arena_array(arena, server->app_count, sizeof(struct revision *));
    size_t other_count = 0;

    for (size_t i = 0; i < server->fleet->cluster_count; i++)
        known[i] = (struct rooms_cluster){.is_ready = server->links[i].state == SIM_LINK_READY,
                                          .seen = server->links[i].observation};
    for (size_t i = 0; i < server->app_count; i++)
        if (server->apps[i].revision && !server->apps[i].removing &&
            strcmp(server->apps[i].name, app->name) != 0)
            others[other_count++] = server->apps[i].revision;
    struct rooms_input rooms = {.fleet = server->fleet,
                                .clusters = known,
                                .app = app->name,
                                .current = current,
                                .others = others,
                                .other_count = other_count};
    struct planner_input input = {.app = app,
                                  .fleet = server->fleet,
                                  .rooms = rooms_make(arena, &rooms),
                                  .current = current};
    int r = planner_make(out, &input, err);

    (void)arena_free(arena);
    return r;
}

static struct sim_app *add_app(struct sim_server *server, const char *name)
{
    struct sim_app *app = sim_server_find(server, name);

    if (app)
        return app;
    server->apps =
        mem_grow(server->apps, server->app_count, &server->app_capacity, sizeof(*app));
    app = &server->apps[server->app_count++];
    *app = (struct sim_app){.name = mem_strdup(name)};
    departures_init(&app->departures);
    return app;
}

int sim_server_up(struct sim_server *server, struct app *app, struct err *err)
{
    struct sim_app *known = sim_server_find(server, app->name);
    struct revision *before = known && !known->removing ? known->revision : NULL;
    struct plan *plan = NULL;
    int r = 0;

    if (!server->is_alive)
        r = err_set(err, -EAGAIN, "the server is dead");
    else
        r = make_plan(server, app, before ? before->plan : NULL, &plan, err);
    if (r == 0 && plan->refusal_count)
        r = err_set(err, -EPERM, "%s: %s", plan->refusals[0].service, plan->refusals[0].reason);
    if (r < 0) {
        (void)plan_free(plan);
        (void)app_free(app);
        return r;
    }
    known = add_app(server, app->name);
    uint64_t number = known->revision ? known->revision->number + 1 : 1;
    (void)revision_unref(known->revision);
    known->revision = revision_new(number, app, plan);
    known->removing = false;
    known->state = APP_WORKING;
    touch_all(server);
    return 0;
}

void sim_server_down(struct sim_server *server, const char *name)
{
    struct sim_app *app = sim_server_find(server, name);

    if (!server->is_alive || !app || !app->revision)
        return;
    app->removing = true;
    app->state = APP_WORKING;
    touch_all(server);
}
