/* SPDX-License-Identifier: Apache-2.0 */
/* control/decide: each test is a small world of clusters and one app. */
#include "control/decide.h"
#include "unit.h"

#include <string.h>

#define CLUSTERS 3
#define REPLICAS 8

struct world {
    struct arena *arena;
    struct cluster clusters[CLUSTERS];
    struct observation observations[CLUSTERS];
    struct observed_replica replicas[CLUSTERS][REPLICAS];
    enum replica_endpoint endpoints[CLUSTERS][REPLICAS];
    struct observed_object networks[CLUSTERS][2];
    struct control_cluster seen[CLUSTERS];
    struct service services[2];
    struct network network;
    struct service_network joined;
    struct port port;
    struct dependency dependency;
    struct app app;
    struct placement placements[2][CLUSTERS];
    struct plan_service planned[2];
    struct plan plan;
    const char *digests[2];
    struct control_input input;
    struct control_output out;
};

static const char *const names[CLUSTERS] = {"amber", "birch", "coral"};

/* Three clouds of one cluster each; an app "shop" with one service "web", two copies in each.
 */
static struct world *world_new(void)
{
    struct arena *arena = arena_new();
    struct world *w = arena_new_in(arena, struct world);

    w->arena = arena;
    w->joined.network = "default";
    w->network = (struct network){.key = "default", .name = "shop_default"};
    w->services[0] = (struct service){.name = "web",
                                      .image = "shop/web:1",
                                      .replicas = 4,
                                      .restart = RESTART_ALWAYS,
                                      .networks = &w->joined,
                                      .network_count = 1};
    w->app = (struct app){.name = "shop",
                          .services = w->services,
                          .service_count = 1,
                          .networks = &w->network,
                          .network_count = 1};
    w->digests[0] = "new";
    w->planned[0] = (struct plan_service){.name = "web",
                                          .needed = 4,
                                          .placed = 6,
                                          .placements = w->placements[0],
                                          .placement_count = CLUSTERS,
                                          .survive.count[DOMAIN_PROVIDER] = 1,
                                          .survives = true};
    w->plan = (struct plan){.app = "shop", .services = w->planned, .service_count = 1};
    for (size_t c = 0; c < CLUSTERS; c++) {
        w->clusters[c] =
            (struct cluster){.name = names[c], .provider = names[c], .region = names[c]};
        w->placements[0][c] = (struct placement){.cluster = names[c], .replicas = 2};
        w->networks[c][0] = (struct observed_object){.name = "shop_default", .app = "shop"};
        w->observations[c] = (struct observation){
            .replicas = w->replicas[c], .networks = w->networks[c], .network_count = 1};
        w->seen[c] = (struct control_cluster){.cluster = &w->clusters[c],
                                              .observation = &w->observations[c],
                                              .visible = true,
                                              .endpoints = w->endpoints[c]};
    }
    w->input = (struct control_input){.app_name = "shop",
                                      .app = &w->app,
                                      .plan = &w->plan,
                                      .digests = w->digests,
                                      .clusters = w->seen,
                                      .cluster_count = CLUSTERS};
    return w;
}

static struct observed_replica *add(struct world *w, size_t c, unsigned number,
                                    const char *digest)
{
    struct observation *seen = &w->observations[c];
    struct observed_replica *replica = &w->replicas[c][seen->replica_count++];

    assert_true(seen->replica_count <= REPLICAS);
    *replica = (struct observed_replica){
        .id = arena_printf(w->arena, "%s-%u", names[c], number),
        .name = "",
        .app = "shop",
        .service = "web",
        .number = number,
        .digest = digest,
        .state = REPLICA_RUNNING,
    };
    return replica;
}

static void fill(struct world *w, const char *digest)
{
    for (size_t c = 0; c < CLUSTERS; c++)
        for (unsigned n = 1; n <= 2; n++)
            (void)add(w, c, n, digest);
}

static void decide(struct world *w)
{
    control_decide(&w->out, w->arena, &w->input);
}

static unsigned count(const struct world *w, enum action_kind kind, const char *cluster)
{
    unsigned found = 0;

    for (size_t i = 0; i < w->out.action_count; i++)
        found += w->out.actions[i].kind == kind &&
                 (!cluster || strcmp(w->out.actions[i].cluster, cluster) == 0);
    return found;
}

static bool holds(const struct world *w, const char *reason)
{
    for (size_t i = 0; i < w->out.hold_count; i++)
        if (strstr(w->out.holds[i].reason, reason))
            return true;
    return false;
}

static void test_an_empty_fleet_gets_its_networks_first_and_then_every_copy_at_once(
    void **state)
{
    struct world *w = world_new();

    (void)state;
    for (size_t c = 0; c < CLUSTERS; c++)
        w->observations[c].network_count = 0;
    decide(w);
    assert_int_equal(count(w, ACTION_NETWORK_ENSURE, NULL), 3);
    assert_int_equal(w->out.action_count, 3);

    for (size_t c = 0; c < CLUSTERS; c++)
        w->observations[c].network_count = 1;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, NULL), 6);
    assert_int_equal(w->out.action_count, 6);
    assert_int_equal(w->out.actions[0].number, 1);
    assert_int_equal(w->out.actions[1].number, 2);
    arena_free(w->arena);
}

static void test_what_is_right_is_left_alone(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_int_equal(w->out.hold_count, 0);
    arena_free(w->arena);
}

static void test_copies_of_another_app_are_not_seen(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    add(w, 0, 3, "new")->app = "other";
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    arena_free(w->arena);
}

static void test_a_lost_cluster_starts_nothing_elsewhere(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->seen[0].visible = false;
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_int_equal(w->out.hold_count, 1);
    assert_true(w->out.holds[0].unreachable);
    arena_free(w->arena);
}

static void test_a_returning_cluster_is_brought_up_without_touching_what_is_right(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->replicas[0][1].state = REPLICA_EXITED;
    w->replicas[0][1].exit_code = 137;
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(w->out.actions[0].kind, ACTION_REPLICA_START);
    assert_int_equal(w->out.actions[0].number, 2);
    assert_string_equal(w->out.actions[0].id, "amber-2");
    arena_free(w->arena);
}

static void test_a_copy_beyond_the_plan_that_stopped_is_removed_and_not_started(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->placements[0][0].replicas = 1;
    w->planned[0].placed = 5;
    w->replicas[0][1].state = REPLICA_EXITED;
    w->replicas[0][1].exit_code = 143;
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(w->out.actions[0].kind, ACTION_REPLICA_REMOVE);
    assert_string_equal(w->out.actions[0].id, "amber-2");

    /* With neither running, the one that the plan wants is brought up. */
    w->replicas[0][0].state = REPLICA_EXITED;
    w->replicas[0][0].exit_code = 143;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, "amber"), 1);
    arena_free(w->arena);
}

static void test_a_copy_that_ended_well_is_not_started_again(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->services[0].restart = RESTART_NO;
    w->replicas[0][0].state = REPLICA_EXITED;
    decide(w);
    assert_int_equal(w->out.action_count, 0);

    w->replicas[0][0].exit_code = 1; /* its owner should see that it failed */
    decide(w);
    assert_int_equal(w->out.action_count, 0);

    w->replicas[0][0].exit_code = 137; /* killed with its cluster */
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, "amber"), 1);
    arena_free(w->arena);
}

static void test_what_the_engine_calls_unhealthy_is_restarted(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->replicas[1][0].health = HEALTH_UNHEALTHY;
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(w->out.actions[0].kind, ACTION_REPLICA_RESTART);
    assert_string_equal(w->out.actions[0].id, "birch-1");
    arena_free(w->arena);
}

static void test_a_change_touches_one_domain_and_starts_the_new_copy_first(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "old");
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(count(w, ACTION_REPLICA_START, "amber"), 1);
    assert_int_equal(w->out.actions[0].number, 3);
    assert_true(holds(w, "is replaced after amber"));
    arena_free(w->arena);
}

static void test_an_old_copy_stays_until_its_replacement_serves(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "old");
    struct observed_replica *fresh = add(w, 0, 3, "new");
    fresh->health = HEALTH_STARTING;
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_true(holds(w, "an old copy stays"));

    fresh->health = HEALTH_HEALTHY;
    w->endpoints[0][2] = REPLICA_ENDPOINT_UNKNOWN; /* steering has the last word */
    decide(w);
    assert_int_equal(w->out.action_count, 0);

    w->endpoints[0][2] = REPLICA_ENDPOINT_UP;
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "amber"), 1);
    arena_free(w->arena);
}

static void test_a_change_without_room_takes_the_old_copy_away_first(void **state)
{
    struct world *w = world_new();

    (void)state;
    w->port = (struct port){.published_first = 8080, .published_last = 8081, .target = 80};
    w->services[0].ports = &w->port;
    w->services[0].port_count = 1;
    fill(w, "old");
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "amber"), 1);
    arena_free(w->arena);
}

static void test_no_change_takes_a_copy_away_while_too_few_serve(void **state)
{
    struct world *w = world_new();

    (void)state;
    w->port = (struct port){.published_first = 8080, .published_last = 8081, .target = 80};
    w->services[0].ports = &w->port;
    w->services[0].port_count = 1;
    fill(w, "old");
    w->seen[2].visible = false; /* four are left, four are needed */
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_true(holds(w, "too few serve"));
    arena_free(w->arena);
}

static void test_a_change_waits_while_another_domain_does_not_serve(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "old");
    w->replicas[2][0].digest = "new";
    w->replicas[2][0].health = HEALTH_STARTING;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, "amber"), 0);
    assert_true(holds(w, "when all other domains serve"));
    arena_free(w->arena);
}

static void test_a_broken_revision_can_be_replaced_everywhere_at_once(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "old");
    for (size_t c = 0; c < CLUSTERS; c++)
        for (size_t i = 0; i < 2; i++)
            w->replicas[c][i].state = REPLICA_RESTARTING;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 3);
    arena_free(w->arena);
}

static void test_a_move_removes_only_after_the_new_place_serves(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->planned[0].placements = &w->placements[0][1]; /* amber is drained: birch 3, coral 3 */
    w->planned[0].placement_count = 2;
    w->placements[0][1].replicas = w->placements[0][2].replicas = 3;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, "birch"), 1);
    assert_int_equal(count(w, ACTION_REPLICA_START, "coral"), 1);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 0);
    assert_true(holds(w, "an old copy stays"));

    (void)add(w, 1, 3, "new");
    (void)add(w, 2, 3, "new");
    decide(w);
    assert_int_equal(w->out.action_count, 2);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "amber"), 2);
    arena_free(w->arena);
}

static void test_scaling_down_takes_the_highest_numbers(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->planned[0].needed = 2;
    for (size_t c = 0; c < CLUSTERS; c++)
        w->placements[0][c].replicas = 1;
    decide(w);
    assert_int_equal(w->out.action_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(w->out.actions[i].number, 2);
    arena_free(w->arena);
}

static void add_worker(struct world *w, enum depends_condition condition)
{
    w->services[1] = w->services[0];
    w->services[1].name = "worker";
    w->dependency = (struct dependency){.service = "web", .condition = condition};
    w->services[1].dependencies = &w->dependency;
    w->services[1].dependency_count = 1;
    w->app.service_count = 2;
    w->digests[1] = "worker";
    w->placements[1][0] = (struct placement){.cluster = "amber", .replicas = 1};
    w->planned[1] = (struct plan_service){
        .name = "worker", .needed = 1, .placements = w->placements[1], .placement_count = 1};
    w->plan.service_count = 2;
}

static void test_a_dependent_waits_for_the_health_of_what_it_depends_on(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_worker(w, DEPENDS_HEALTHY);
    fill(w, "new");
    for (size_t i = 0; i < 2; i++)
        w->replicas[0][i].health = HEALTH_STARTING;
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_true(holds(w, "waits for web to be healthy"));

    w->replicas[0][0].health = HEALTH_HEALTHY;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_START, "amber"), 1);
    arena_free(w->arena);
}

static void test_what_is_replaced_with_its_dependency_comes_after_it(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_worker(w, DEPENDS_STARTED);
    w->dependency.restart = true;
    fill(w, "old");
    add(w, 0, 1, "older")->service = "worker";
    decide(w);
    assert_true(holds(w, "is replaced after web"));
    for (size_t i = 0; i < w->out.action_count; i++)
        assert_string_equal(w->out.actions[i].service, "web");

    for (size_t c = 0; c < CLUSTERS; c++)
        w->replicas[c][0].digest = w->replicas[c][1].digest = "new";
    decide(w);
    assert_false(holds(w, "is replaced after web"));
    assert_int_equal(w->out.action_count, 1);
    assert_string_equal(w->out.actions[0].service, "worker");
    arena_free(w->arena);
}

static void test_down_removes_dependents_first_and_networks_last(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_worker(w, DEPENDS_STARTED);
    (void)add(w, 0, 1, "new");
    add(w, 0, 1, "worker")->service = "worker";
    w->input.removing = true;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "amber"), 1);
    assert_string_equal(w->out.actions[0].service, "worker");
    assert_int_equal(count(w, ACTION_NETWORK_REMOVE, "amber"), 0);
    assert_int_equal(count(w, ACTION_NETWORK_REMOVE, "birch"), 1);

    w->observations[0].replica_count = 0;
    decide(w);
    assert_int_equal(count(w, ACTION_NETWORK_REMOVE, "amber"), 1);
    arena_free(w->arena);
}

static void test_down_goes_on_where_it_can_and_owes_the_rest(void **state)
{
    struct world *w = world_new();

    (void)state;
    fill(w, "new");
    w->seen[1].visible = false;
    w->input.removing = true;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 4);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "birch"), 0);
    assert_int_equal(w->out.hold_count, 1);
    assert_true(w->out.holds[0].unreachable);
    arena_free(w->arena);
}

static void test_down_waits_for_a_lost_cluster_where_something_may_have_been_started(
    void **state)
{
    struct world *w = world_new();

    (void)state;
    w->seen[1].visible = false; /* planned there, nothing seen there yet */
    w->input.removing = true;
    decide(w);
    assert_int_equal(w->out.hold_count, 1);
    assert_true(w->out.holds[0].unreachable);

    w->planned[0].placement_count = 1; /* not planned there, but not seen since the start */
    w->seen[1].observation = NULL;
    decide(w);
    assert_int_equal(w->out.hold_count, 1);

    w->seen[1].observation = &w->observations[1]; /* neither planned nor seen there */
    decide(w);
    assert_int_equal(w->out.hold_count, 0);
    arena_free(w->arena);
}

/* One copy in each of three clouds on a fixed port; two are needed, "new" replaces "old". */
static struct world *world_new_in_place(void)
{
    struct world *w = world_new();

    w->port = (struct port){.published_first = 8080, .published_last = 8080, .target = 80};
    w->services[0].ports = &w->port;
    w->services[0].port_count = 1;
    w->planned[0].needed = 2;
    w->planned[0].placed = 3;
    for (size_t c = 0; c < CLUSTERS; c++) {
        w->placements[0][c].replicas = 1;
        (void)add(w, c, 1, "old");
        w->endpoints[c][0] = REPLICA_ENDPOINT_UP;
    }
    return w;
}

static void test_copies_without_room_beside_them_go_one_at_a_time(void **state)
{
    struct world *w = world_new_in_place();

    (void)state;
    for (size_t c = 0; c < CLUSTERS; c++)
        w->clusters[c].provider = c < 2 ? "one" : "two";
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 1);
    assert_true(holds(w, "too few serve elsewhere"));
    (void)arena_free(w->arena);
}

static void test_a_leaving_copy_goes_on_leaving_and_counts_for_nobody(void **state)
{
    struct world *w = world_new_in_place();

    (void)state;
    w->endpoints[0][0] = REPLICA_ENDPOINT_LEAVING;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 1);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, "amber"), 1);
    (void)arena_free(w->arena);
}

static void test_a_leaving_copy_stays_when_another_one_is_lost_meanwhile(void **state)
{
    struct world *w = world_new_in_place();

    (void)state;
    w->endpoints[0][0] = REPLICA_ENDPOINT_LEAVING;
    w->seen[1].visible = false;
    decide(w);
    assert_int_equal(count(w, ACTION_REPLICA_REMOVE, NULL), 0);
    assert_true(holds(w, "too few serve elsewhere"));
    (void)arena_free(w->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_an_empty_fleet_gets_its_networks_first_and_then_every_copy_at_once),
        cmocka_unit_test(test_what_is_right_is_left_alone),
        cmocka_unit_test(test_copies_of_another_app_are_not_seen),
        cmocka_unit_test(test_a_lost_cluster_starts_nothing_elsewhere),
        cmocka_unit_test(test_a_returning_cluster_is_brought_up_without_touching_what_is_right),
        cmocka_unit_test(test_a_copy_beyond_the_plan_that_stopped_is_removed_and_not_started),
        cmocka_unit_test(test_a_copy_that_ended_well_is_not_started_again),
        cmocka_unit_test(test_what_the_engine_calls_unhealthy_is_restarted),
        cmocka_unit_test(test_a_change_touches_one_domain_and_starts_the_new_copy_first),
        cmocka_unit_test(test_an_old_copy_stays_until_its_replacement_serves),
        cmocka_unit_test(test_a_change_without_room_takes_the_old_copy_away_first),
        cmocka_unit_test(test_no_change_takes_a_copy_away_while_too_few_serve),
        cmocka_unit_test(test_a_change_waits_while_another_domain_does_not_serve),
        cmocka_unit_test(test_a_broken_revision_can_be_replaced_everywhere_at_once),
        cmocka_unit_test(test_a_move_removes_only_after_the_new_place_serves),
        cmocka_unit_test(test_scaling_down_takes_the_highest_numbers),
        cmocka_unit_test(test_a_dependent_waits_for_the_health_of_what_it_depends_on),
        cmocka_unit_test(test_what_is_replaced_with_its_dependency_comes_after_it),
        cmocka_unit_test(test_down_removes_dependents_first_and_networks_last),
        cmocka_unit_test(test_down_goes_on_where_it_can_and_owes_the_rest),
        cmocka_unit_test(
            test_down_waits_for_a_lost_cluster_where_something_may_have_been_started),
        cmocka_unit_test(test_copies_without_room_beside_them_go_one_at_a_time),
        cmocka_unit_test(test_a_leaving_copy_goes_on_leaving_and_counts_for_nobody),
        cmocka_unit_test(test_a_leaving_copy_stays_when_another_one_is_lost_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
