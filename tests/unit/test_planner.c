/* SPDX-License-Identifier: Apache-2.0 */
/* plan/planner: what is promised of a plan, each on a small fleet. */
#include "plan/planner.h"
#include "plan_world.h"
#include "unit.h"

#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define CPU UINT64_C(1000000000)

static void assert_placed(const struct plan *plan, const char *service, const char *expected)
{
    char text[256];

    assert_string_equal(world_placed(plan, service, text), expected);
}

static void test_survivors_of_any_one_provider_carry_the_load(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    (void)world_service(&world, "web", 4);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);
    const struct plan_service *web = plan_find_service(plan, "web");

    assert_placed(plan, "web", "amber-1:2 birch-1:2 cedar-1:2");
    assert_true(web->survives);
    assert_int_equal(web->placed, 6);
    assert_int_equal(web->certificate_count, 3);
    assert_string_equal(web->certificate[0].lost, "amber");
    assert_int_equal(web->certificate[0].left, 4);
    assert_int_equal(web->certificate[0].needed, 4);
    assert_string_equal(web->why, "4 needed + 2 spare: any one of 3 providers may be lost");
    assert_string_equal(plan->survive_source,
                        "any one provider may be lost: the file does not say, and the fleet "
                        "has 3 providers");
    assert_int_equal(plan->refusal_count, 0);
}

static void test_the_default_level_is_that_of_the_whole_fleet(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    (void)world_service(&world, "web", 1);
    (void)world_cluster(&world, "amber-1", "north", "amber");
    SCOPED(plan_freep) struct plan *one = world_plan(&world, NULL);
    assert_placed(one, "web", "amber-1:1");
    assert_false(one->services[0].survives);
    assert_string_equal(one->survive_source, "no loss can be survived: the file does not say, "
                                             "and the fleet has only one cluster");

    (void)world_cluster(&world, "amber-2", "north", "amber");
    SCOPED(plan_freep) struct plan *two = world_plan(&world, NULL);
    assert_placed(two, "web", "amber-1:1 amber-2:1");
    assert_int_equal(two->services[0].survive.count[DOMAIN_CLUSTER], 1);

    /* A cluster that is out of order still belongs to the fleet: the promise stays. */
    world_cluster(&world, "birch-1", "north", "birch")->usable = false;
    SCOPED(plan_freep) struct plan *three = world_plan(&world, NULL);
    assert_int_equal(three->services[0].survive.count[DOMAIN_PROVIDER], 1);
    assert_int_equal(three->refusal_count, 1);
}

static void test_a_fixed_port_takes_one_replica_per_cluster(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    (void)world_cluster(&world, "dogwood-1", "north", "dogwood");
    world_publish(world_service(&world, "api", 3), 443, 443);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);
    assert_placed(plan, "api", "amber-1:1 birch-1:1 cedar-1:1 dogwood-1:1");

    world_publish(world_service(&world, "web", 1), 440, 443);
    world_publish(world_service(&world, "xyz", 6), 440, 443);
    SCOPED(plan_freep) struct plan *shared = world_plan(&world, NULL);
    assert_placed(shared, "xyz", "amber-1:2 birch-1:2 cedar-1:2 dogwood-1:2");
    assert_int_equal(shared->refusal_count, 0);

    world.held[1][0] = (struct planner_port){443, PORT_TCP};
    world.rooms[1].port_count = 1;
    SCOPED(plan_freep) struct plan *held = world_plan(&world, NULL);
    assert_int_equal(held->refusal_count, 1);
    assert_string_equal(held->refusals[0].service, "api");
}

static void test_capacity_shapes_the_total(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world.rooms[0].memory_bytes = 1 * GIB;
    world_service(&world, "web", 4)->memory_reservation_bytes = 1 * GIB;
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);

    assert_placed(plan, "web", "amber-1:1 birch-1:3 cedar-1:3");
    assert_string_equal(plan->services[0].why,
                        "4 needed + 3 spare: any one of 3 providers may be lost; 2 spare would "
                        "do if memory were not short");
}

static void test_the_cheapest_of_equal_totals_is_taken(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world.clusters[0].cost_micro = 2000000;
    (void)world_cluster(&world, "dogwood-1", "north", "dogwood");
    (void)world_service(&world, "web", 4);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);

    assert_placed(plan, "web", "birch-1:2 cedar-1:2 dogwood-1:2");
}

static void test_nothing_moves_when_nothing_changed(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    (void)world_cluster(&world, "dogwood-1", "north", "dogwood");
    (void)world_service(&world, "web", 3);
    struct placement uneven[] = {
        {"amber-1", 1}, {"birch-1", 1}, {"cedar-1", 1}, {"dogwood-1", 1}};
    struct plan_service web = {.name = "web", .placements = uneven, .placement_count = 4};
    struct plan current = {.services = &web, .service_count = 1};
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, &current);
    assert_placed(plan, "web", "amber-1:1 birch-1:1 cedar-1:1 dogwood-1:1");

    /* Another six replicas that are as good stay, however uneven they are. */
    world.services[0].replicas = 4;
    struct placement kept[] = {{"amber-1", 2}, {"cedar-1", 2}, {"dogwood-1", 2}};
    web.placements = kept;
    web.placement_count = 3;
    SCOPED(plan_freep) struct plan *again = world_plan(&world, &current);
    assert_placed(again, "web", "amber-1:2 cedar-1:2 dogwood-1:2");
}

static void test_a_lost_cluster_moves_only_what_it_held(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    (void)world_cluster(&world, "dogwood-1", "north", "dogwood");
    (void)world_service(&world, "api", 2);
    (void)world_service(&world, "web", 4);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);
    assert_placed(plan, "api", "amber-1:1 birch-1:1 cedar-1:1");
    assert_placed(plan, "web", "amber-1:2 birch-1:1 cedar-1:1 dogwood-1:2");

    world.rooms[3].usable = false;
    SCOPED(plan_freep) struct plan *after = world_plan(&world, plan);
    assert_placed(after, "api", "amber-1:1 birch-1:1 cedar-1:1");
    assert_placed(after, "web", "amber-1:2 birch-1:2 cedar-1:2");
}

static void test_data_in_one_place_is_told_as_not_surviving(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world.clusters[0].cost_micro = 3000000;
    world_pin(world_service(&world, "db", 2));
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);
    const struct plan_service *db = &plan->services[0];

    assert_placed(plan, "db", "birch-1:2");
    assert_true(db->pinned);
    assert_false(db->survives);
    assert_int_equal(db->certificate_count, 1);
    assert_int_equal(db->certificate[0].left, 0);
    assert_int_equal(plan->refusal_count, 0);
    assert_int_equal(plan->warnings.count, 1);
    assert_non_null(strstr(plan->warnings.items[0], "db does not survive the loss of birch-1"));
}

static void test_data_is_not_left_behind_by_a_move(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world_pin(world_service(&world, "db", 1));
    struct placement home[] = {{"cedar-1", 1}};
    struct plan_service db = {.name = "db", .placements = home, .placement_count = 1};
    struct plan current = {.services = &db, .service_count = 1};
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, &current);
    assert_placed(plan, "db", "cedar-1:1");

    world.rooms[2].usable = false;
    SCOPED(plan_freep) struct plan *drained = world_plan(&world, &current);
    assert_placed(drained, "db", "cedar-1:1");
    assert_int_equal(drained->refusal_count, 0);
    assert_non_null(strstr(drained->warnings.items[0], "db stays in cedar-1"));
}

static void test_no_replicas_means_no_place_and_no_complaint(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    (void)world_service(&world, "web", 0);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);

    assert_int_equal(plan->refusal_count, 0);
    assert_int_equal(plan->services[0].placed, 0);
    assert_string_equal(plan->services[0].why, "no replicas are asked for");
}

static void test_nothing_to_survive_means_no_spare(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    world_survive(world_service(&world, "web", 2), DOMAIN_PROVIDER, 0);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);

    assert_placed(plan, "web", "amber-1:1 birch-1:1");
    assert_false(plan->services[0].survives);
    assert_int_equal(plan->services[0].certificate_count, 0);
}

static void test_a_region_belongs_to_its_provider(void **state)
{
    struct world world;

    (void)state;
    world_three(&world); /* all three regions are called north */
    world_survive(world_service(&world, "web", 2), DOMAIN_REGION, 1);
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);

    assert_placed(plan, "web", "amber-1:1 birch-1:1 cedar-1:1");
    assert_string_equal(plan->services[0].certificate[1].lost, "birch/north");
}

static void test_the_worst_combinations_come_first(void **state)
{
    struct world world;

    (void)state;
    world_three(&world);
    (void)world_cluster(&world, "dogwood-1", "north", "dogwood");
    world.rooms[3].cpus_nano = CPU;
    world_survive(world_service(&world, "web", 3), DOMAIN_PROVIDER, 2);
    world.services[0].cpus_reservation_nano = CPU;
    SCOPED(plan_freep) struct plan *plan = world_plan(&world, NULL);
    const struct plan_service *web = &plan->services[0];

    assert_placed(plan, "web", "amber-1:2 birch-1:2 cedar-1:2 dogwood-1:1");
    assert_int_equal(web->certificate_count, 6);
    assert_string_equal(web->certificate[0].lost, "amber, birch");
    assert_int_equal(web->certificate[0].left, 3);
    assert_string_equal(web->certificate[5].lost, "cedar, dogwood");
    assert_int_equal(web->certificate[5].left, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survivors_of_any_one_provider_carry_the_load),
        cmocka_unit_test(test_the_default_level_is_that_of_the_whole_fleet),
        cmocka_unit_test(test_a_fixed_port_takes_one_replica_per_cluster),
        cmocka_unit_test(test_capacity_shapes_the_total),
        cmocka_unit_test(test_the_cheapest_of_equal_totals_is_taken),
        cmocka_unit_test(test_nothing_moves_when_nothing_changed),
        cmocka_unit_test(test_a_lost_cluster_moves_only_what_it_held),
        cmocka_unit_test(test_data_in_one_place_is_told_as_not_surviving),
        cmocka_unit_test(test_data_is_not_left_behind_by_a_move),
        cmocka_unit_test(test_no_replicas_means_no_place_and_no_complaint),
        cmocka_unit_test(test_nothing_to_survive_means_no_spare),
        cmocka_unit_test(test_a_region_belongs_to_its_provider),
        cmocka_unit_test(test_the_worst_combinations_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
