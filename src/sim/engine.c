/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/engine.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Docker waits before it starts again what ended, longer each time; the first wait. */
#define RESTART_MS 100

/* From power on until the Engine answers. */
#define BOOT_MS 3000

/* How long until a health check that fails calls a container unhealthy. */
#define SICK_MS 3000

void engine_init(struct engine *engine, const struct cluster *cluster, struct agenda *agenda,
                 struct random *random)
{
    *engine = (struct engine){
        .cluster = cluster,
        .agenda = agenda,
        .random = random,
        .is_up = true,
        .has_api = true,
    };
}

static void container_free(struct container *container)
{
    free(container->app);
    free(container->service);
    free(container->digest);
    free(container->image);
    free(container);
}

static void objects_free(struct engine_object *objects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(objects[i].name);
        free(objects[i].app);
    }
    free(objects);
}

void engine_fini(struct engine *engine)
{
    for (size_t i = 0; i < engine->count; i++)
        container_free(engine->containers[i]);
    free(engine->containers);
    objects_free(engine->networks, engine->network_count);
    objects_free(engine->volumes, engine->volume_count);
}

static void changed(struct engine *engine)
{
    engine->changes++;
    if (engine->on_change)
        engine->on_change(engine->ctx, engine);
}

bool engine_answers(const struct engine *engine)
{
    return engine->is_up && engine->has_api && !engine->is_cut;
}

/* Containers. */

static struct container *find_id(const struct engine *engine, const char *id)
{
    for (size_t i = 0; i < engine->count; i++)
        if (strcmp(engine->containers[i]->id, id) == 0)
            return engine->containers[i];
    return NULL;
}

/* By its name, which Seawall makes from app, service and number. */
static struct container *find_number(const struct engine *engine, const struct action *action)
{
    for (size_t i = 0; i < engine->count; i++) {
        struct container *container = engine->containers[i];

        if (container->app && strcmp(container->app, action->app) == 0 &&
            strcmp(container->service, action->service) == 0 &&
            container->number == action->number)
            return container;
    }
    return NULL;
}

bool container_serves(const struct engine *engine, const struct container *container)
{
    return engine->is_up && container->state == REPLICA_RUNNING && !container->is_sick &&
           container->ready_ms <= agenda_now_ms(engine->agenda);
}

bool engine_serves(const struct engine *engine, uint16_t port)
{
    for (size_t i = 0; i < engine->count && !engine->is_cut; i++)
        if (engine->containers[i]->published == port &&
            container_serves(engine, engine->containers[i]))
            return true;
    return false;
}

/* Events of a container carry its number among all that the engine made, and its start. */
static struct container *find_start(const struct engine *engine, uint64_t number)
{
    char id[40];

    (void)snprintf(id, sizeof(id), "%.26s-%08x", engine->cluster->name,
                   (unsigned)(number >> 16));
    struct container *container = find_id(engine, id);
    return container && (container->starts & 0xffff) == (number & 0xffff) ? container : NULL;
}

static void on_ready(void *ctx, uint64_t number)
{
    struct engine *engine = ctx;
    struct container *container = find_start(engine, number);

    if (!container || container->state != REPLICA_RUNNING)
        return;
    if (container->has_check && !container->is_sick)
        container->health = HEALTH_HEALTHY;
    changed(engine);
}

static void on_sick(void *ctx, uint64_t number)
{
    struct engine *engine = ctx;
    struct container *container = find_start(engine, number);

    if (!container || container->state != REPLICA_RUNNING || !container->is_sick ||
        !container->has_check)
        return;
    container->health = HEALTH_UNHEALTHY;
    changed(engine);
}

static uint64_t start_number(const struct container *container)
{
    unsigned made = 0;

    for (const char *c = strrchr(container->id, '-') + 1; *c; c++)
        made = made << 4 | (unsigned)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
    return (uint64_t)made << 16 | (container->starts & 0xffff);
}

static void container_start(struct engine *engine, struct container *container)
{
    uint64_t ready =
        random_below(engine->random, random_below(engine->random, 3) ? ENGINE_READY_MS_MAX / 10
                                                                     : ENGINE_READY_MS_MAX);

    container->state = REPLICA_RUNNING;
    container->health = container->has_check ? HEALTH_STARTING : HEALTH_NONE;
    container->is_sick = false;
    container->exit_code = 0;
    container->starts++;
    container->started_ms = agenda_now_ms(engine->agenda);
    container->ready_ms = container->started_ms + ready;
    agenda_add(engine->agenda, ready, on_ready, engine, start_number(container));
    changed(engine);
}

static const struct port *first_port(const struct service *service)
{
    return service->port_count ? &service->ports[0] : NULL;
}

/* The first free host port of the range; 0: all are taken. */
static uint16_t free_port(const struct engine *engine, const struct port *port)
{
    for (unsigned p = port->published_first; p <= port->published_last; p++) {
        bool is_taken = false;

        for (size_t i = 0; i < engine->count; i++)
            is_taken = is_taken || (engine->containers[i]->published == p &&
                                    engine->containers[i]->state == REPLICA_RUNNING);
        if (!is_taken)
            return (uint16_t)p;
    }
    return 0;
}

static struct container *container_new(struct engine *engine, const struct action *action,
                                       const struct service *service)
{
    struct container *container = mem_new(struct container);

    (void)snprintf(container->id, sizeof(container->id), "%.26s-%08x", engine->cluster->name,
                   (unsigned)engine->made++);
    container->app = mem_strdup(action->app);
    container->service = mem_strdup(action->service);
    container->digest = mem_strdup(action->digest);
    container->image = mem_strdup(service->image);
    container->number = action->number;
    container->restarts =
        service->restart == RESTART_ALWAYS || service->restart == RESTART_UNLESS_STOPPED;
    container->has_check = service->healthcheck.is_set && !service->healthcheck.disabled;
    engine->containers = mem_grow((void *)engine->containers, engine->count, &engine->capacity,
                                  sizeof(struct container *));
    engine->containers[engine->count++] = container;
    return container;
}

static void container_remove(struct engine *engine, struct container *container)
{
    for (size_t i = 0; i < engine->count; i++)
        if (engine->containers[i] == container)
            engine->containers[i] = engine->containers[--engine->count];
    container_free(container);
    changed(engine);
}

/* Objects. */

static bool object_add(struct engine_object **objects, size_t *count, size_t *capacity,
                       const char *name, const char *app)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*objects)[i].name, name) == 0)
            return false;
    *objects = mem_grow(*objects, *count, capacity, sizeof(**objects));
    (*objects)[(*count)++] =
        (struct engine_object){.name = mem_strdup(name), .app = mem_strdup(app)};
    return true;
}

static bool object_remove(struct engine_object *objects, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(objects[i].name, name) == 0) {
            free(objects[i].name);
            free(objects[i].app);
            objects[i] = objects[--*count];
            return true;
        }
    return false;
}

/* Actions. */

static void tell(const struct engine *engine, const struct action *action,
                 const struct container *target, bool is_superfluous)
{
    if (engine->watch.on_apply)
        engine->watch.on_apply(engine->watch.ctx, engine->cluster->name, action, target,
                               is_superfluous);
}

static int apply_start(struct engine *engine, const struct action *action,
                       const struct app *app, struct err *err)
{
    const struct service *service = app_find_service(app, action->service);
    const struct port *port = service ? first_port(service) : NULL;
    struct container *container = find_number(engine, action);

    if (!service)
        return err_set(err, -EINVAL, "docker at %s: no service %s", engine->cluster->name,
                       action->service);
    tell(engine, action, container, container && container->state == REPLICA_RUNNING);
    if (container && container->state == REPLICA_RUNNING)
        return 0;
    if (container && strcmp(container->digest, action->digest) != 0) {
        container_remove(engine, container);
        container = NULL;
    }
    uint16_t published = port ? free_port(engine, port) : 0;
    if (port && !published)
        return err_set(err, -EADDRINUSE, "docker at %s: port is already allocated",
                       engine->cluster->name);
    if (!container)
        container = container_new(engine, action, service);
    container->published = published;
    container->target = port ? port->target : 0;
    container_start(engine, container);
    return 0;
}

static int apply_to_container(struct engine *engine, const struct action *action)
{
    struct container *container = find_id(engine, action->id);

    tell(engine, action, container, !container);
    if (!container)
        return 0;
    if (action->kind == ACTION_REPLICA_REMOVE)
        container_remove(engine, container);
    else
        container_start(engine, container);
    return 0;
}

static const char *network_name(const struct app *app, const char *key)
{
    const struct network *network = app_find_network(app, key);

    return network ? network->name : key;
}

static const char *volume_name(const struct app *app, const char *key)
{
    const struct volume *volume = app_find_volume(app, key);

    return volume ? volume->name : key;
}

static void apply_object(struct engine *engine, const struct action *action,
                         const struct app *app)
{
    bool is_new;

    if (action->kind == ACTION_NETWORK_ENSURE)
        is_new =
            object_add(&engine->networks, &engine->network_count, &engine->network_capacity,
                       network_name(app, action->target), action->app);
    else if (action->kind == ACTION_VOLUME_ENSURE)
        is_new = object_add(&engine->volumes, &engine->volume_count, &engine->volume_capacity,
                            volume_name(app, action->target), action->app);
    else if (action->kind == ACTION_NETWORK_REMOVE)
        is_new = object_remove(engine->networks, &engine->network_count, action->target);
    else
        is_new = object_remove(engine->volumes, &engine->volume_count, action->target);
    tell(engine, action, NULL, !is_new);
    if (is_new)
        changed(engine);
}

int engine_apply(struct engine *engine, const struct action *action, const struct app *app,
                 struct err *err)
{
    if (action->kind == ACTION_REPLICA_START)
        return apply_start(engine, action, app, err);
    if (action->kind == ACTION_REPLICA_RESTART || action->kind == ACTION_REPLICA_REMOVE)
        return apply_to_container(engine, action);
    apply_object(engine, action, app);
    return 0;
}

unsigned engine_apply_ms(const struct engine *engine, const struct action *action)
{
    if (action->kind == ACTION_REPLICA_START)
        return 50 + random_below(engine->random, ENGINE_START_MS_MAX);
    if (action->kind == ACTION_REPLICA_RESTART || action->kind == ACTION_REPLICA_REMOVE)
        return 20 + random_below(engine->random, ENGINE_STOP_MS_MAX);
    return 10 + random_below(engine->random, 50);
}

/* Observing. */

static void observe_container(struct observation *seen, const struct container *container)
{
    struct arena *arena = seen->arena;
    struct observed_replica *replica = &seen->replicas[seen->replica_count++];

    *replica = (struct observed_replica){
        .id = arena_strdup(arena, container->id),
        .name = arena_printf(arena, "%s-%s-%u", container->app, container->service,
                             container->number),
        .app = arena_strdup(arena, container->app),
        .service = arena_strdup(arena, container->service),
        .number = container->number,
        .digest = arena_strdup(arena, container->digest),
        .image = arena_strdup(arena, container->image),
        .state = container->state,
        .health = container->health,
        .exit_code = container->exit_code,
        .status = "",
    };
    if (container->published && container->state == REPLICA_RUNNING) {
        replica->ports = arena_new_in(arena, struct observed_port);
        replica->ports[0] = (struct observed_port){.published = container->published,
                                                   .target = container->target};
        replica->port_count = 1;
    }
}

static struct observed_object *observe_objects(struct arena *arena,
                                               const struct engine_object *objects,
                                               size_t count)
{
    struct observed_object *seen = arena_array(arena, count, sizeof(*seen));

    for (size_t i = 0; i < count; i++)
        seen[i] = (struct observed_object){.name = arena_strdup(arena, objects[i].name),
                                           .app = arena_strdup(arena, objects[i].app)};
    return seen;
}

struct observation *engine_observe(const struct engine *engine)
{
    struct arena *arena = arena_new();
    struct observation *seen = arena_new_in(arena, struct observation);

    seen->arena = arena;
    seen->replicas = arena_array(arena, engine->count, sizeof(*seen->replicas));
    for (size_t i = 0; i < engine->count; i++)
        if (engine->containers[i]->app)
            observe_container(seen, engine->containers[i]);
    seen->networks = observe_objects(arena, engine->networks, engine->network_count);
    seen->network_count = engine->network_count;
    seen->volumes = observe_objects(arena, engine->volumes, engine->volume_count);
    seen->volume_count = engine->volume_count;
    return seen;
}

/* Faults. */

void engine_crash(struct engine *engine)
{
    if (!engine->is_up)
        return;
    engine->is_up = false;
    engine->boots++;
    for (size_t i = 0; i < engine->count; i++)
        if (engine->containers[i]->state == REPLICA_RUNNING ||
            engine->containers[i]->state == REPLICA_RESTARTING) {
            engine->containers[i]->state = REPLICA_EXITED;
            engine->containers[i]->health = HEALTH_NONE;
            engine->containers[i]->exit_code = 137;
        }
    changed(engine);
}

static void on_boot(void *ctx, uint64_t boots)
{
    struct engine *engine = ctx;

    if (engine->boots != boots || engine->is_up)
        return;
    engine->is_up = true;
    for (size_t i = 0; i < engine->count; i++)
        if (engine->containers[i]->restarts && engine->containers[i]->state == REPLICA_EXITED)
            container_start(engine, engine->containers[i]);
    changed(engine);
}

void engine_boot(struct engine *engine)
{
    if (!engine->is_up)
        agenda_add(engine->agenda, BOOT_MS, on_boot, engine, engine->boots);
}

void engine_set_api(struct engine *engine, bool has_api)
{
    engine->has_api = has_api;
    changed(engine);
}

void engine_set_cut(struct engine *engine, bool is_cut)
{
    engine->is_cut = is_cut;
    changed(engine);
}

static void on_restart(void *ctx, uint64_t number)
{
    struct engine *engine = ctx;
    struct container *container = find_start(engine, number);

    if (container && container->state == REPLICA_RESTARTING)
        container_start(engine, container);
}

void engine_container_exit(struct engine *engine, struct container *container, int code)
{
    if (container->state != REPLICA_RUNNING)
        return;
    container->exit_code = code;
    container->health = HEALTH_NONE;
    container->state = container->restarts ? REPLICA_RESTARTING : REPLICA_EXITED;
    if (container->restarts)
        agenda_add(engine->agenda, RESTART_MS, on_restart, engine, start_number(container));
    changed(engine);
}

void engine_container_sicken(struct engine *engine, struct container *container)
{
    if (container->state != REPLICA_RUNNING)
        return;
    container->is_sick = true;
    changed(engine);
    agenda_add(engine->agenda, SICK_MS, on_sick, engine, start_number(container));
}

void engine_add_foreign(struct engine *engine, const char *name)
{
    struct container *container = mem_new(struct container);

    (void)snprintf(container->id, sizeof(container->id), "foreign-%.12s", name);
    container->state = REPLICA_RUNNING;
    container->restarts = true;
    engine->containers = mem_grow((void *)engine->containers, engine->count, &engine->capacity,
                                  sizeof(struct container *));
    engine->containers[engine->count++] = container;
}
