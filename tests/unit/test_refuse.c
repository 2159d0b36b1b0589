/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan/refuse: what a refusal proposes is read as an operator reads it, done, and planned
 * again. SEED=n repeats one fleet, CASES=n makes that many.
 */
#include "plan/planner.h"
#include "plan_random.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define CASES 20000

/* The cluster of that name. */
static size_t find(const struct world *world, const char *name, size_t len)
{
    size_t c = 0;

    while (c < world->fleet.cluster_count && (strlen(world->clusters[c].name) != len ||
                                              strncmp(world->clusters[c].name, name, len) != 0))
        c++;
    assert_true(c < world->fleet.cluster_count);
    return c;
}

/* What stood where a pattern has its stars. */
struct words {
    char item[4][32];
};

/* Whether `text` begins as the pattern says; a star is a word, up to what follows the star. */
static bool reads(const char *text, const char *pattern, struct words *words)
{
    unsigned word = 0;

    for (; *pattern; pattern++) {
        size_t len = 0;

        if (*pattern != '*') {
            if (*text++ != *pattern)
                return false;
            continue;
        }
        while (text[len] && text[len] != ' ' && text[len] != pattern[1])
            len++;
        assert_true(len < sizeof(words->item[word]));
        memcpy(words->item[word], text, len);
        words->item[word++][len] = '\0';
        text += len;
    }
    return true;
}

static unsigned number_of(const char *word)
{
    uint64_t number = 0;

    assert_int_equal(number_read(word, strlen(word), 0, UINT32_MAX, &number), 0);
    return (unsigned)number;
}

static bool apply_return(struct world *world, const char *fix)
{
    struct words words;

    if (!reads(fix, "let * take replicas again", &words) &&
        !reads(fix, "wait until * can be used again", &words))
        return false;
    size_t c = find(world, words.item[0], strlen(words.item[0]));
    assert_false(world->rooms[c].usable);
    world->rooms[c].usable = true;
    return true;
}

/* "1.5" as nanos. */
static uint64_t read_cpus(const char *word)
{
    const char *point = strchr(word, '.');
    uint64_t whole = 0, part = 0;

    assert_int_equal(
        number_read(word, point ? (size_t)(point - word) : strlen(word), 0, UINT32_MAX, &whole),
        0);
    if (point)
        assert_int_equal(number_read(point + 1, strlen(point + 1), 0, UINT32_MAX, &part), 0);
    for (size_t digits = point ? strlen(point + 1) : 9; digits < 9; digits++)
        part *= 10;
    return whole * CPU + part;
}

static uint64_t read_memory(const char *count, const char *unit)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    unsigned shift = 0;

    while (strcmp(units[shift], unit) != 0)
        assert_true(++shift < sizeof(units) / sizeof(*units));
    return (uint64_t)number_of(count) << 10 * shift;
}

/* Reads "give X 1.5 CPUs and 64 MiB more"; `less` takes a little of each away again. */
static bool apply_room(struct world *world, const char *fix, uint64_t less)
{
    struct words words;

    if (!reads(fix, "give * ", &words))
        return false;
    struct planner_room *room =
        &world->rooms[find(world, words.item[0], strlen(words.item[0]))];
    const char *rest = fix + strlen("give  ") + strlen(words.item[0]);
    if (reads(rest, "* CPU", &words)) {
        room->cpus_nano += read_cpus(words.item[0]) - less;
        rest = strstr(rest, " and ");
        rest = rest ? rest + 5 : NULL;
    }
    if (rest) {
        assert_true(reads(rest, "* * more", &words));
        room->memory_bytes += read_memory(words.item[0], words.item[1]) - less;
    }
    return true;
}

/* Reads "free host ports 80 to 82 in X", maybe with ", and give X ..." behind it. */
static bool apply_ports(struct world *world, const char *fix, bool spoil)
{
    const char *in = strstr(fix, " in ");
    const char *and = strstr(fix, ", and give ");

    if (strncmp(fix, "free host ports ", 16) != 0 || !in || (spoil && !and))
        return false;
    size_t len = and? (size_t)(and-in) - 4 : strlen(in + 4);
    world->rooms[find(world, in + 4, len)].port_count = 0;
    return !and || apply_room(world, and+6, spoil);
}

static void add_cluster(struct world *world, const char *name, const char *region,
                        const char *provider, unsigned replicas)
{
    const struct service *service = &world->services[0];
    struct planner_room *room = world_cluster(world, name, region, provider);

    room->cpus_nano = service->cpus_reservation_nano * replicas;
    room->memory_bytes = service->memory_reservation_bytes * replicas;
}

static bool apply_clusters(struct world *world, const char *fix, unsigned less)
{
    static const char *const added[] = {"u0", "u1", "u2", "u3", "u4", "u5", "v0", "v1",
                                        "v2", "v3", "v4", "v5", "w0", "w1", "w2", "w3",
                                        "w4", "w5", "x0", "x1", "x2", "x3", "x4", "x5"};
    static struct words words; /* the world keeps its names */
    unsigned count = 1, room;

    /* What takes nothing fits any cluster: there is no less. */
    if (less && !world->services[0].cpus_reservation_nano &&
        !world->services[0].memory_reservation_bytes)
        return false;
    if (reads(fix, "add a cluster to region * of provider *, with room for *", &words)) {
        room = number_of(words.item[2]);
        add_cluster(world, added[0], words.item[0], words.item[1], room - less);
        return true;
    }
    if (reads(fix, "add a cluster of another provider, with room for *", &words)) {
        room = number_of(words.item[0]);
    } else if (reads(fix, "add * clusters of * other providers, each with room for *",
                     &words)) {
        count = number_of(words.item[0]);
        room = number_of(words.item[2]);
    } else {
        return false;
    }
    assert_true(count <= sizeof(added) / sizeof(*added));
    for (unsigned i = 0; i < count; i++)
        add_cluster(world, added[i], "somewhere", added[i], room - less);
    return true;
}

static bool apply_replicas(struct world *world, const char *fix, unsigned more)
{
    struct words words;

    if (!reads(fix, "ask for * replica", &words))
        return false;
    unsigned count = number_of(words.item[0]);
    assert_true(count < world->services[0].replicas);
    world->services[0].replicas = count + more;
    return true;
}

static bool apply_unpublish(struct world *world, const char *fix)
{
    if (strcmp(fix, "publish no fixed host port") != 0)
        return false;
    world->services[0].port_count = 0;
    return true;
}

/* Reads "any one provider or any 2 clusters". */
static bool apply_survive(struct world *world, const char *fix)
{
    struct service *service = &world->services[0];

    if (strcmp(fix, "ask to survive no loss") != 0 &&
        strncmp(fix, "ask to survive the loss of ", 27) != 0)
        return false;
    service->has_survive = true;
    service->survive = (struct survive){{0}};
    for (const char *any = strstr(fix, "any "); any; any = strstr(any + 1, "any ")) {
        struct words words;

        assert_true(reads(any, "any * *", &words));
        unsigned count = strcmp(words.item[0], "one") == 0 ? 1 : number_of(words.item[0]);
        const char *level = words.item[1];
        for (enum domain_level l = DOMAIN_CLUSTER; l <= DOMAIN_PROVIDER; l++)
            if (strncmp(level, domain_level_name(l), strlen(domain_level_name(l))) == 0)
                service->survive.count[l] = count;
    }
    return true;
}

/* Does what the words say; `spoil` makes it a little less than that, where there is a less. */
static bool apply(struct world *world, const char *fix, bool spoil)
{
    const char *and = strstr(fix, ", and ");

    if (strncmp(fix, "ask for ", 8) == 0 && and)
        return apply_replicas(world, fix, 0) && apply(world, and+6, spoil);
    return (!spoil && (apply_return(world, fix) || apply_survive(world, fix) ||
                       apply_unpublish(world, fix))) ||
           apply_room(world, fix, spoil) || apply_ports(world, fix, spoil) ||
           apply_clusters(world, fix, spoil) || apply_replicas(world, fix, spoil);
}

static bool is_planned(const struct world *world, const struct plan *current)
{
    SCOPED(plan_freep) struct plan *plan = world_plan(world, current);

    return plan->refusal_count == 0;
}

/* The arrays of a world point into it. */
static void copy_world(struct world *to, const struct world *from)
{
    *to = *from;
    to->app.services = to->services;
    to->fleet.clusters = to->clusters;
    for (size_t c = 0; c < WORLD_CLUSTERS_MAX; c++)
        to->rooms[c].ports = to->held[c];
    for (size_t s = 0; s < WORLD_SERVICES_MAX; s++)
        to->services[s].ports = to->ports[s];
}

static bool one_fix_is_right(const struct world *world, const struct plan *current,
                             const char *fix, uint64_t seed)
{
    struct world fixed, spoiled;

    copy_world(&fixed, world);
    copy_world(&spoiled, world);
    if (!apply(&fixed, fix, false)) {
        print_error("SEED=%" PRIu64 ": nobody understands '%s'\n", seed, fix);
        return false;
    }
    if (!is_planned(&fixed, current)) {
        print_error("SEED=%" PRIu64 ": '%s' does not help\n", seed, fix);
        return false;
    }
    if (apply(&spoiled, fix, true) && is_planned(&spoiled, current)) {
        print_error("SEED=%" PRIu64 ": less than '%s' would do\n", seed, fix);
        return false;
    }
    return true;
}

static bool fixes_are_right(uint64_t seed)
{
    struct random random;
    struct world world;
    struct running running;
    char fixes[512];

    random_init(&random, seed);
    world_init(&world);
    random_clusters(&world, &random, 1 + random_below(&random, 5));
    struct service *service =
        random_service(&world, &random, "web", 1 + random_below(&random, 6));
    if (chance(&random, 6))
        world_pin(service);
    for (size_t c = 0; c < world.fleet.cluster_count; c++)
        world.clusters[c].drained = !world.rooms[c].usable && chance(&random, 2);
    random_running(&running, &world, &random);
    const struct plan *current = chance(&random, 3) ? &running.plan : NULL;
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, current);

    if (!plan->refusal_count)
        return true;
    assert_true(*plan->refusals[0].reason);
    (void)snprintf(fixes, sizeof(fixes), "%s", plan->refusals[0].fix);
    if (!*fixes) {
        print_error("SEED=%" PRIu64 ": no fix is proposed: %s\n", seed,
                    plan->refusals[0].reason);
        return false;
    }
    char *second = strstr(fixes, "; or ");
    if (second) {
        *second = '\0';
        second += 5;
    }
    return one_fix_is_right(&world, current, fixes, seed) &&
           (!second || one_fix_is_right(&world, current, second, seed));
}

static void test_what_a_refusal_proposes_is_the_least_that_helps(void **state)
{
    (void)state;
    check(fixes_are_right, CASES);
}

static void assert_refused(const struct world *world, const char *reason, const char *fix)
{
    SCOPED(plan_freep) struct plan *plan = world_plan(world, NULL);

    assert_int_equal(plan->refusal_count, 1);
    assert_string_equal(plan->refusals[0].reason, reason);
    assert_string_equal(plan->refusals[0].fix, fix);
}

static void test_too_few_providers(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    (void)world_cluster(&world, "amber-1", "north", "amber");
    world_survive(world_service(&world, "web", 4), DOMAIN_PROVIDER, 1);
    assert_refused(&world,
                   "it has to survive the loss of any one provider, which takes 2; the fleet "
                   "has 1",
                   "add a cluster of another provider, with room for 4 replicas of it; or ask "
                   "to survive no loss");
}

static void test_too_little_memory(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world_service(&world, "web", 4)->memory_reservation_bytes = 256 * MIB;
    for (size_t c = 0; c < 3; c++)
        world.rooms[c].memory_bytes = 512 * MIB;
    world.rooms[1].memory_bytes = 256 * MIB;
    assert_refused(&world,
                   "4 replicas that survive the loss of any one provider do not fit: memory is "
                   "short; there is room for 2 in amber-1, 1 in birch-1, 2 in cedar-1",
                   "give birch-1 256 MiB more; or ask for 3 replicas");
}

static void test_a_drained_cluster_could_help(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world_service(&world, "web", 4)->cpus_reservation_nano = CPU;
    for (size_t c = 0; c < 3; c++)
        world.rooms[c].cpus_nano = 2 * CPU;
    world.rooms[2].usable = false;
    world.clusters[2].drained = true;
    assert_refused(
        &world,
        "4 replicas that survive the loss of any one provider do not fit: "
        "processors are short; there is room for 2 in amber-1, 2 in birch-1, none in "
        "cedar-1 (takes nothing new)",
        "let cedar-1 take replicas again (seawall fleet drain cedar-1 --undo); or ask "
        "for 2 replicas");
}

static void test_a_fixed_port_needs_clusters(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world_publish(world_service(&world, "web", 4), 443, 443);
    assert_refused(
        &world,
        "4 replicas that survive the loss of any one provider do not fit: host "
        "ports are short; there is room for 1 in amber-1, 1 in birch-1, 1 in cedar-1",
        "add 2 clusters of 2 other providers, each with room for 1 replica of it; or "
        "ask for 2 replicas");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_refusal_proposes_is_the_least_that_helps),
        cmocka_unit_test(test_too_few_providers),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_a_drained_cluster_could_help),
        cmocka_unit_test(test_a_fixed_port_needs_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
