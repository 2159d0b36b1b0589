/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While anything changes answers are looked at this often, and for so long after it. */
#define WATCH_MS      500
#define WATCH_LONG_MS 15000

/* From the end of a storm until everything has to be in step. The longest wait of an action
 * that failed is a minute, a rollout over 30 clusters with a TTL of 5 s takes three. */
#define CALM_MS (FAULTS_CALM_MS - 1000u)

struct world {
    struct world_options options;
    struct arena *arena;
    struct random random;
    struct agenda *agenda;
    struct fleet fleet;
    struct engine *engines;
    struct sim_steering steering;
    struct sim_server server;
    struct judge judge;
    struct faults faults;
    unsigned services;
    unsigned edition;                  /* of the app's definition */
    unsigned *replicas;                /* of each service, as the user wants them now */
    unsigned *editions;                /* of each service */
    unsigned kills;                    /* faults that keep control dead */
    unsigned downs;                    /* faults that keep the app down */
    unsigned *crashes, *cuts, *losses; /* faults that hold each cluster */
    uint64_t changed_ms;
    bool is_watching;
};

static void PRINTF(2, 3) note(struct world *world, const char *fmt, ...)
{
    char text[300];
    va_list args;

    if (!world->options.on_note)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    world->options.on_note(world->options.ctx, agenda_now_ms(world->agenda), text);
}

/* Making it. */

static void make_fleet(struct world *world, unsigned count)
{
    unsigned providers = 2 + random_below(&world->random, 4);

    if (providers > count)
        providers = count;
    world->fleet.clusters = arena_array(world->arena, count, sizeof(struct cluster));
    world->fleet.cluster_count = count;
    world->fleet.dns.zone = "example.test";
    for (unsigned i = 0; i < count; i++) {
        const char **address = arena_array(world->arena, 1, sizeof(const char *));
        unsigned provider = i % providers;

        *address = arena_printf(world->arena, "192.0.2.%u", 10 + i);
        world->fleet.clusters[i] = (struct cluster){
            .name = arena_printf(world->arena, "c%02u", i),
            .driver = "docker",
            .endpoint = "",
            .provider = arena_printf(world->arena, "p%u", provider),
            .region = arena_printf(world->arena, "p%u-r%u", provider, i / providers / 2),
            .addresses = {.items = address, .count = 1},
            .cost_micro = 1000000,
        };
    }
}

/* Every third service publishes no port, every fifth one fixed port, every fourth has a check.
 */
static void make_service(const struct world *world, struct app *app, unsigned index)
{
    struct service *service = &app->services[index];

    service->name = arena_printf(app->arena, "s%02u", index);
    service->image = "shop/web:1";
    service->replicas = world->replicas[index];
    service->restart = RESTART_ALWAYS;
    service->networks = arena_new_in(app->arena, struct service_network);
    service->networks[0].network = "default";
    service->network_count = 1;
    service->environment.items = arena_new_in(app->arena, struct key_value);
    service->environment.items[0] = (struct key_value){
        .key = "EDITION", .value = arena_printf(app->arena, "%u", world->editions[index])};
    service->environment.count = 1;
    service->healthcheck.is_set = index % 4 == 3;
    if (index % 3 != 2) {
        service->ports = arena_new_in(app->arena, struct port);
        service->ports[0] = (struct port){
            .published_first = (uint16_t)(10000 + index * 100),
            .published_last = (uint16_t)(10000 + index * 100 + (index % 5 == 4 ? 0 : 63)),
            .target = 80};
        service->port_count = 1;
        service->probe = (struct probe){.kind = PROBE_TCP, .port = 80};
    }
    if (index % 3 == 1) {
        service->dependencies = arena_new_in(app->arena, struct dependency);
        service->dependencies[0] = (struct dependency){.service = app->services[index - 1].name,
                                                       .condition = DEPENDS_STARTED,
                                                       .required = true};
        service->dependency_count = 1;
    }
}

static struct app *make_app(const struct world *world)
{
    struct arena *arena = arena_new();
    struct app *app = arena_new_in(arena, struct app);

    *app = (struct app){
        .arena = arena,
        .name = "shop",
        .service_count = world->services,
        .services = arena_array(arena, world->services, sizeof(struct service)),
        .network_count = 1,
        .networks = arena_new_in(arena, struct network),
        .ttl_s = APP_TTL_DEFAULT_S,
    };
    app->networks[0] = (struct network){.key = "default", .name = "shop_default"};
    for (unsigned i = 0; i < world->services; i++)
        make_service(world, app, i);
    return app;
}

static void on_watch(void *ctx, uint64_t number)
{
    struct world *world = ctx;

    (void)number;
    world->is_watching = false;
    judge_answers(&world->judge);
    if (agenda_now_ms(world->agenda) < world->changed_ms + WATCH_LONG_MS) {
        agenda_add(world->agenda, WATCH_MS, on_watch, world, 0);
        world->is_watching = true;
    }
}

static void on_engine_change(void *ctx, struct engine *engine)
{
    struct world *world = ctx;

    world->changed_ms = agenda_now_ms(world->agenda);
    if (!world->is_watching)
        agenda_add(world->agenda, WATCH_MS, on_watch, world, 0);
    world->is_watching = true;
    sim_steering_on_change(&world->steering, engine);
    sim_server_on_change(&world->server, engine);
}

static void on_verdict(void *ctx)
{
    struct world *world = ctx;

    sim_server_on_verdict(&world->server);
}

/* Faults. */

static void up(struct world *world)
{
    struct err err = {0};

    judge_on_interruption(&world->judge);
    if (world->downs)
        return;
    if (sim_server_up(&world->server, make_app(world), &err) < 0)
        note(world, "up is refused: %s", err.text);
}

static struct container *pick_container(const struct engine *engine, unsigned pick)
{
    return engine->count ? engine->containers[pick % engine->count] : NULL;
}

static void hit_container(struct world *world, const struct fault *fault)
{
    struct engine *engine = &world->engines[fault->cluster];
    struct container *container = pick_container(engine, fault->pick);

    if (!container || !container->app || !engine->is_up)
        return;
    /* Without a health check nobody mends what runs and does not serve; steering avoids it. */
    if (fault->kind == FAULT_EXIT)
        engine_container_exit(engine, container, 1);
    else if (container->has_check)
        engine_container_sicken(engine, container);
}

/* Faults of one kind may overlap: the last one to end ends it. */
static void begin(struct world *world, const struct fault *fault)
{
    struct engine *engine = &world->engines[fault->cluster];
    unsigned service = fault->pick % world->services;

    switch (fault->kind) {
    case FAULT_CRASH:
        world->crashes[fault->cluster]++;
        engine_crash(engine);
        break;
    case FAULT_CUT:
        world->cuts[fault->cluster]++;
        engine_set_cut(engine, true);
        break;
    case FAULT_API_LOSS:
        world->losses[fault->cluster]++;
        engine_set_api(engine, false);
        break;
    case FAULT_KILL:
        world->kills++;
        sim_server_kill(&world->server);
        break;
    case FAULT_CHANGE:
        world->edition++;
        for (unsigned i = 0; i < world->services; i++)
            if (i == service || fault->pick % 2)
                world->editions[i] = world->edition;
        up(world);
        break;
    case FAULT_SCALE:
        world->replicas[service] = 1 + fault->pick % 6;
        up(world);
        break;
    case FAULT_DOWN:
        world->downs++;
        sim_server_down(&world->server, "shop");
        break;
    case FAULT_EXIT:
    case FAULT_SICKEN:
    default:
        hit_container(world, fault);
        break;
    }
}

static void end(struct world *world, const struct fault *fault)
{
    struct engine *engine = &world->engines[fault->cluster];

    switch (fault->kind) {
    case FAULT_CRASH:
        if (--world->crashes[fault->cluster] == 0)
            engine_boot(engine);
        break;
    case FAULT_CUT:
        if (--world->cuts[fault->cluster] == 0)
            engine_set_cut(engine, false);
        break;
    case FAULT_API_LOSS:
        if (--world->losses[fault->cluster] == 0)
            engine_set_api(engine, true);
        break;
    case FAULT_KILL:
        if (--world->kills == 0) {
            sim_server_start(&world->server);
            up(world); /* whoever was refused comes back */
        }
        break;
    case FAULT_DOWN:
        if (--world->downs == 0)
            up(world);
        break;
    case FAULT_EXIT:
    case FAULT_SICKEN:
    case FAULT_CHANGE:
    case FAULT_SCALE:
    default:
        break;
    }
}

static void disturb(struct world *world, const struct fault *fault)
{
    bool is_interruption = fault->kind == FAULT_KILL || fault->kind == FAULT_CHANGE ||
                           fault->kind == FAULT_SCALE || fault->kind == FAULT_DOWN;

    if (is_interruption)
        judge_on_interruption(&world->judge);
    else
        judge_on_disturbance(&world->judge, fault->cluster);
}

static void on_fault(void *ctx, uint64_t index)
{
    struct world *world = ctx;
    const struct fault *fault = &world->faults.items[index];

    note(world, "%s at %s for %llu ms", fault_kind_name(fault->kind),
         world->fleet.clusters[fault->cluster].name, (unsigned long long)fault->for_ms);
    disturb(world, fault);
    begin(world, fault);
}

static void on_fault_end(void *ctx, uint64_t index)
{
    struct world *world = ctx;
    const struct fault *fault = &world->faults.items[index];

    note(world, "end of %s at %s", fault_kind_name(fault->kind),
         world->fleet.clusters[fault->cluster].name);
    disturb(world, fault);
    end(world, fault);
}

static void on_calm(void *ctx, uint64_t number)
{
    struct world *world = ctx;

    (void)number;
    judge_in_step(&world->judge);
}

/* The world. */

static void make_engines(struct world *world)
{
    size_t count = world->fleet.cluster_count;

    world->engines = arena_array(world->arena, count, sizeof(struct engine));
    for (size_t i = 0; i < count; i++) {
        struct engine *engine = &world->engines[i];

        engine_init(engine, &world->fleet.clusters[i], world->agenda, &world->random);
        engine_add_foreign(engine, "database");
        engine->watch = (struct engine_watch){.on_apply = judge_on_apply, .ctx = &world->judge};
        engine->on_change = on_engine_change;
        engine->ctx = world;
    }
}

struct world *world_new(const struct world_options *options)
{
    struct arena *arena = arena_new();
    struct world *world = arena_new_in(arena, struct world);
    uint64_t hours = options->hours ? options->hours : 24;

    world->options = *options;
    world->arena = arena;
    random_init(&world->random, options->seed);
    world->agenda = agenda_new();
    unsigned clusters = 3 + random_below(&world->random, 28);
    if (options->clusters)
        clusters = options->clusters;
    world->services = 1 + random_below(&world->random, 8);
    if (options->services)
        world->services = options->services;
    make_fleet(world, clusters);
    world->replicas = arena_array(arena, world->services, sizeof(unsigned));
    world->editions = arena_array(arena, world->services, sizeof(unsigned));
    for (unsigned i = 0; i < world->services; i++)
        world->replicas[i] = 1 + random_below(&world->random, 6);
    world->crashes = arena_array(arena, clusters, sizeof(unsigned));
    world->cuts = arena_array(arena, clusters, sizeof(unsigned));
    world->losses = arena_array(arena, clusters, sizeof(unsigned));
    make_engines(world);
    sim_steering_init(&world->steering, world->engines, clusters, world->agenda,
                      &world->random);
    world->steering.on_verdict = on_verdict;
    world->steering.ctx = world;
    sim_server_init(&world->server, &world->fleet, world->engines, &world->steering,
                    world->agenda, &world->random);
    judge_init(&world->judge, world->agenda, &world->server, &world->steering, world->engines,
               clusters);
    world->faults = faults_make(arena, &world->random, clusters, hours * 3600000);
    return world;
}

struct world *world_free(struct world *world)
{
    if (!world)
        return NULL;
    sim_server_kill(&world->server);
    /* What is under way holds memory until it has arrived. */
    while (sim_link_flights(world->server.links, world->fleet.cluster_count) &&
           agenda_step(world->agenda, UINT64_MAX))
        continue;
    sim_server_fini(&world->server);
    sim_steering_fini(&world->steering);
    for (size_t i = 0; i < world->fleet.cluster_count; i++)
        engine_fini(&world->engines[i]);
    judge_fini(&world->judge);
    (void)agenda_free(world->agenda);
    (void)arena_free(world->arena);
    return NULL;
}

struct faults *world_faults(struct world *world)
{
    return &world->faults;
}

static void add_faults(struct world *world, uint64_t end_ms)
{
    for (size_t i = 0; i < world->faults.count; i++) {
        const struct fault *fault = &world->faults.items[i];

        if (fault->is_off)
            continue;
        agenda_add(world->agenda, fault->at_ms, on_fault, world, i);
        agenda_add(world->agenda, fault->at_ms + fault->for_ms, on_fault_end, world, i);
    }
    for (uint64_t at = CALM_MS; at < end_ms; at += FAULTS_STORM_MS + FAULTS_CALM_MS)
        agenda_add(world->agenda, at, on_calm, world, 0);
}

/* What was there when a promise broke. */
static void note_engine(struct world *world, const struct engine *engine)
{
    static const char *const verdicts[] = {"unknown", "up", "down"};

    note(world, "%s of %s:%s%s%s", engine->cluster->name, engine->cluster->provider,
         engine->is_up ? "" : " crashed", engine->has_api ? "" : " without API",
         engine->is_cut ? " cut" : "");
    for (size_t i = 0; i < engine->count; i++) {
        const struct container *container = engine->containers[i];

        if (container->app)
            note(world, "  %s-%u %s of %.6s since %.3f s, %s, verdict %s", container->service,
                 container->number, replica_state_name(container->state), container->digest,
                 (double)container->started_ms / 1000,
                 container_serves(engine, container) ? "serves" : "does not serve",
                 verdicts[sim_steering_verdict(&world->steering,
                                               engine->cluster->addresses.items[0],
                                               container->published)]);
    }
}

bool world_run(struct world *world)
{
    uint64_t hours = world->options.hours ? world->options.hours : 24;
    uint64_t end_ms = hours * 3600000;

    add_faults(world, end_ms);
    sim_server_start(&world->server);
    /* The user waits until the clusters are connected. */
    while (agenda_step(world->agenda, 1000))
        continue;
    up(world);
    while (!world->judge.broken[0] && agenda_step(world->agenda, end_ms))
        continue;
    for (size_t i = 0; world->judge.broken[0] && i < world->fleet.cluster_count; i++)
        note_engine(world, &world->engines[i]);
    return !world->judge.broken[0];
}

const char *world_broken(const struct world *world, uint64_t *at_ms)
{
    *at_ms = world->judge.broken_ms;
    return world->judge.broken;
}

struct world_figures world_figures(const struct world *world)
{
    return (struct world_figures){
        .steps = agenda_steps(world->agenda),
        .rounds = world->server.rounds,
        .actions = world->judge.actions,
        .superfluous = world->judge.superfluous,
        .clusters = (unsigned)world->fleet.cluster_count,
        .services = world->services,
    };
}
