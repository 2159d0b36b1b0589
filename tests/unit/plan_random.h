/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small random apps and fleets for property tests of plan/, and the loop over their seeds.
 *
 * Each case is made from a seed of its own, which is printed when it fails; SEED=n repeats it
 * alone, CASES=n runs that many.
 */
#pragma once

#include "base/number.h"
#include "base/random.h"
#include "plan_world.h"
#include "unit.h"

#include <inttypes.h>
#include <stdlib.h>

#define CPU          UINT64_C(1000000000)
#define MIB          (UINT64_C(1) << 20)
#define CLUSTERS_MAX 6

static inline uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    uint64_t number = otherwise;

    assert_true(!text || number_read(text, strlen(text), 1, UINT64_MAX, &number) == 0);
    return number;
}

static const char *const names[] = {"a", "b", "c", "d", "e", "f"};

/* One in `n`. */
static inline bool chance(struct random *random, unsigned n)
{
    return random_below(random, n) == 0;
}

static inline void random_clusters(struct world *world, struct random *random, unsigned count)
{
    unsigned provider_count = 1 + random_below(random, count);
    unsigned region_count = 1 + random_below(random, 3);
    bool has_costs = chance(random, 2);
    bool is_short = !chance(random, 3);

    for (unsigned c = 0; c < count; c++) {
        struct planner_room *room =
            world_cluster(world, names[c], names[random_below(random, region_count)],
                          names[random_below(random, provider_count)]);

        if (has_costs)
            world->clusters[c].cost_micro = random_below(random, 3) * 500000;
        if (is_short && chance(random, 2))
            room->cpus_nano = random_below(random, 6) * CPU / 2;
        if (is_short && chance(random, 3))
            room->memory_bytes = random_below(random, 5) * 64 * MIB;
        if (is_short && chance(random, 3)) {
            world->held[c][0] =
                (struct planner_port){(uint16_t)(80 + random_below(random, 3)), PORT_TCP};
            room->port_count = 1;
        }
        room->usable = !chance(random, 8);
        world->clusters[c].drained = !room->usable;
    }
}

static inline struct service *random_service(struct world *world, struct random *random,
                                             const char *name, unsigned replicas)
{
    struct service *service = world_service(world, name, replicas);

    if (chance(random, 2))
        service->cpus_reservation_nano = (1 + random_below(random, 2)) * CPU / 2;
    if (chance(random, 3))
        service->memory_reservation_bytes = 64 * MIB;
    if (chance(random, 3)) {
        unsigned first = 80 + random_below(random, 2);

        world_publish(service, first, first + random_below(random, 3));
    }
    service->has_survive = !chance(random, 4);
    for (unsigned level = 0; service->has_survive && level < DOMAIN_LEVELS; level++)
        if (chance(random, 2))
            service->survive.count[level] = 1 + random_below(random, 2 + (level == 0));
    return service;
}

/* What runs now, in one service of `current`. */
struct running {
    struct plan plan;
    struct plan_service service;
    struct placement placements[CLUSTERS_MAX];
};

static inline void random_running(struct running *running, struct world *world,
                                  struct random *random)
{
    size_t count = 0;

    for (size_t c = 0; c < world->fleet.cluster_count; c++)
        if (chance(random, 2))
            running->placements[count++] =
                (struct placement){world->clusters[c].name, 1 + random_below(random, 3)};
    running->service = (struct plan_service){.name = world->services[0].name,
                                             .placements = running->placements,
                                             .placement_count = count};
    running->plan = (struct plan){.services = &running->service, .service_count = 1};
}

/*
 * Runs a property on many seeds, or on the one of the environment. The same seeds in every run,
 * so that a change is judged by what it changes; BASE=n begins elsewhere.
 */
static inline void check(bool (*property)(uint64_t seed), uint64_t cases)
{
    uint64_t seed = number_from("SEED", 0);
    uint64_t base = number_from("BASE", 1);
    uint64_t failed = 0;

    if (seed) {
        assert_true(property(seed));
        return;
    }
    cases = number_from("CASES", cases);
    print_message("# seeds %" PRIu64 " to %" PRIu64 "\n", base, base + cases - 1);
    for (uint64_t i = 0; i < cases && failed < 5; i++)
        failed += !property(base + i);
    assert_int_equal(failed, 0);
}
