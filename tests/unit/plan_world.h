/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small app and a small fleet for tests of plan/: made by calls instead of files.
 *
 * Names must be added in their order. Everything lives as long as the world.
 */
#pragma once

#include "plan/planner.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define WORLD_CLUSTERS_MAX 32
#define WORLD_SERVICES_MAX 16
#define WORLD_PORTS_MAX    4

struct world {
    struct app app;
    struct fleet fleet;
    struct service services[WORLD_SERVICES_MAX];
    struct port ports[WORLD_SERVICES_MAX][WORLD_PORTS_MAX];
    struct cluster clusters[WORLD_CLUSTERS_MAX];
    struct planner_room rooms[WORLD_CLUSTERS_MAX];
    struct planner_port held[WORLD_CLUSTERS_MAX][WORLD_PORTS_MAX];
};

static struct mount world_volume = {.kind = MOUNT_VOLUME, .source = "data", .target = "/data"};

static inline void world_init(struct world *world)
{
    *world = (struct world){0};
    world->app = (struct app){.name = "shop", .services = world->services};
    world->fleet = (struct fleet){.clusters = world->clusters};
}

/* Endless room, cost 1. */
static inline struct planner_room *world_cluster(struct world *world, const char *name,
                                                 const char *region, const char *provider)
{
    size_t c = world->fleet.cluster_count++;

    assert(c < WORLD_CLUSTERS_MAX);
    assert(!c || strcmp(world->clusters[c - 1].name, name) < 0);
    world->clusters[c] = (struct cluster){
        .name = name, .region = region, .provider = provider, .cost_micro = 1000000};
    world->rooms[c] = (struct planner_room){
        .usable = true,
        .cpus_nano = UINT64_MAX,
        .memory_bytes = UINT64_MAX,
        .ports = world->held[c],
    };
    return &world->rooms[c];
}

static inline struct service *world_service(struct world *world, const char *name,
                                            unsigned replicas)
{
    size_t s = world->app.service_count++;

    assert(s < WORLD_SERVICES_MAX);
    assert(!s || strcmp(world->services[s - 1].name, name) < 0);
    world->services[s] =
        (struct service){.name = name, .replicas = replicas, .ports = world->ports[s]};
    return &world->services[s];
}

/* Publishes host ports first to last, one for each replica. */
static inline void world_publish(struct service *service, unsigned first, unsigned last)
{
    assert(service->port_count < WORLD_PORTS_MAX);
    service->ports[service->port_count++] = (struct port){
        .published_first = (uint16_t)first, .published_last = (uint16_t)last, .target = 80};
}

static inline void world_pin(struct service *service)
{
    service->mounts = &world_volume;
    service->mount_count = 1;
}

/* The number of a level asked of one service. */
static inline void world_survive(struct service *service, enum domain_level level,
                                 unsigned count)
{
    service->has_survive = true;
    service->survive.count[level] = count;
}

/* Three clusters of three providers, amber, birch and cedar. */
static inline void world_three(struct world *world)
{
    world_init(world);
    (void)world_cluster(world, "amber-1", "north", "amber");
    (void)world_cluster(world, "birch-1", "north", "birch");
    (void)world_cluster(world, "cedar-1", "north", "cedar");
}

static inline struct plan *world_plan(const struct world *world, const struct plan *current)
{
    struct planner_input input = {&world->app, &world->fleet, world->rooms, current};
    struct plan *plan = NULL;
    struct err err = {0};

    if (planner_make(&plan, &input, &err) != 0)
        (void)fprintf(stderr, "planner_make: %s\n", err.text);
    assert(plan);
    return plan;
}

/* "amber-1:2 birch-1:2", in `text`. */
static inline const char *world_placed(const struct plan *plan, const char *service,
                                       char text[256])
{
    const struct plan_service *s = plan_find_service(plan, service);
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; s && i < s->placement_count && len < 256; i++)
        len += (size_t)snprintf(text + len, 256 - len, "%s%s:%u", i ? " " : "",
                                s->placements[i].cluster, s->placements[i].replicas);
    return text;
}
