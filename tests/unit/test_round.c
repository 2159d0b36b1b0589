/* SPDX-License-Identifier: Apache-2.0 */
/* control/round: one service with one copy in one cluster, and a steering that can be asked. */
#include "control/round.h"
#include "control/work.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

struct world {
    struct arena *arena;
    struct cluster cluster;
    struct observation observation;
    struct observed_replica replicas[2];
    struct observed_port published;
    struct control_cluster seen;
    struct service service;
    struct port port;
    struct app app;
    struct placement placement;
    struct plan_service planned;
    struct plan plan;
    const char *digest;
    struct revision revision;
    struct departures departures;
    struct round round;
    struct round_result result;

    enum replica_endpoint verdict;
    int answer; /* of submit */
    unsigned pending, submitted;
    bool has; /* every removal that is asked about is under way */
    enum action_kind kind;
    char error[40];
};

static enum replica_endpoint on_verdict(void *ctx, const char *address, unsigned port)
{
    const struct world *w = ctx;

    assert_string_equal(address, "192.0.2.10");
    assert_int_equal(port, 8080);
    return w->verdict;
}

static int on_submit(void *ctx, const struct action *action)
{
    struct world *w = ctx;

    w->submitted++;
    (void)snprintf(w->error, sizeof(w->error), "docker at amber: no space");
    w->kind = action->kind;
    return w->answer;
}

static bool on_has(void *ctx, const struct action *action)
{
    const struct world *w = ctx;

    return w->has && action->kind == ACTION_REPLICA_REMOVE;
}

static unsigned on_count_pending(void *ctx, const char *cluster)
{
    struct world *w = ctx;

    assert_string_equal(cluster, "amber");
    w->error[0] = '\0'; /* no longer than until the next is submitted */
    return w->pending;
}

static const char *on_error(void *ctx, const char *cluster)
{
    const struct world *w = ctx;

    (void)cluster;
    return w->error;
}

static void add_replica(struct world *w, unsigned number, const char *digest)
{
    w->replicas[w->observation.replica_count++] = (struct observed_replica){
        .id = arena_printf(w->arena, "web-%u", number),
        .name = "",
        .app = "shop",
        .service = "web",
        .number = number,
        .digest = digest,
        .state = REPLICA_RUNNING,
        .ports = &w->published,
        .port_count = 1,
    };
}

static struct world *world_new(void)
{
    static const char *addresses[] = {"192.0.2.10"};
    struct arena *arena = arena_new();
    struct world *w = arena_new_in(arena, struct world);

    w->arena = arena;
    w->cluster = (struct cluster){.name = "amber",
                                  .provider = "amber",
                                  .region = "amber",
                                  .addresses = {.items = addresses, .count = 1}};
    w->port = (struct port){.published_first = 8080, .published_last = 8081, .target = 80};
    w->published = (struct observed_port){.published = 8080, .target = 80};
    w->service = (struct service){.name = "web",
                                  .image = "shop/web:1",
                                  .replicas = 1,
                                  .restart = RESTART_ALWAYS,
                                  .ports = &w->port,
                                  .port_count = 1,
                                  .probe = {.kind = PROBE_TCP, .port = 80}};
    w->app =
        (struct app){.name = "shop", .services = &w->service, .service_count = 1, .ttl_s = 5};
    w->placement = (struct placement){.cluster = "amber", .replicas = 1};
    w->planned = (struct plan_service){.name = "web",
                                       .needed = 1,
                                       .placed = 1,
                                       .placements = &w->placement,
                                       .placement_count = 1};
    w->plan = (struct plan){.app = "shop", .services = &w->planned, .service_count = 1};
    w->digest = "new";
    w->revision = (struct revision){
        .refs = 1, .number = 1, .app = &w->app, .plan = &w->plan, .digests = &w->digest};
    w->observation.replicas = w->replicas;
    w->seen = (struct control_cluster){
        .cluster = &w->cluster, .observation = &w->observation, .visible = true};
    departures_init(&w->departures);
    w->round = (struct round){.app_name = "shop",
                              .revision = &w->revision,
                              .clusters = &w->seen,
                              .cluster_count = 1,
                              .departures = &w->departures,
                              .now_ms = 1000};
    w->verdict = REPLICA_ENDPOINT_UP;
    w->answer = WORK_TAKEN;
    return w;
}

static void world_free(struct world *w)
{
    departures_fini(&w->departures);
    (void)arena_free(w->arena);
}

static void look(struct world *w)
{
    struct round_world world = {.verdict = on_verdict,
                                .submit = on_submit,
                                .has = on_has,
                                .count_pending = on_count_pending,
                                .error = on_error,
                                .ctx = w};

    w->submitted = 0;
    round_run(&w->result, w->arena, &w->round, &world);
}

static void test_what_is_right_and_serves_is_in_step(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    look(w);
    assert_int_equal(w->result.state, APP_IN_STEP);
    assert_int_equal(w->submitted, 0);
    world_free(w);
}

static void test_an_app_works_while_an_action_is_under_way(void **state)
{
    struct world *w = world_new();

    (void)state;
    look(w);
    assert_int_equal(w->submitted, 1);
    assert_int_equal(w->kind, ACTION_REPLICA_START);
    assert_int_equal(w->result.state, APP_WORKING);

    add_replica(w, 1, "new"); /* it is seen, but its action has not ended */
    w->pending = 1;
    look(w);
    assert_int_equal(w->result.state, APP_WORKING);
    world_free(w);
}

static void test_an_action_that_waits_to_be_tried_again_leaves_the_app_stuck_and_says_why(
    void **state)
{
    struct world *w = world_new();

    (void)state;
    w->answer = WORK_LATER;
    look(w);
    assert_int_equal(w->result.state, APP_STUCK);
    assert_string_equal(w->result.error, "docker at amber: no space");
    world_free(w);
}

static void test_a_cluster_out_of_reach_leaves_the_app_waiting(void **state)
{
    struct world *w = world_new();

    (void)state;
    w->seen.visible = false;
    look(w);
    assert_int_equal(w->submitted, 0);
    assert_int_equal(w->result.state, APP_WAITING);
    world_free(w);
}

static void test_a_copy_stays_for_the_ttl_of_those_who_know_it(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    add_replica(w, 2, "new");
    look(w);
    assert_int_equal(w->submitted, 0);
    assert_true(w->result.has_moved);
    assert_int_equal(w->result.wake_ms, 5000 + DEPARTURE_GRACE_MS);
    assert_int_equal(w->result.state, APP_WORKING);
    assert_true(departures_has(&w->departures, "web-2"));

    w->round.now_ms += 5000 + DEPARTURE_GRACE_MS - 1;
    look(w);
    assert_int_equal(w->submitted, 0);
    assert_false(w->result.has_moved);
    assert_int_equal(w->result.wake_ms, 1);

    w->round.now_ms += 1;
    look(w);
    assert_int_equal(w->submitted, 1);
    assert_int_equal(w->kind, ACTION_REPLICA_REMOVE);

    /* It is still there, and nobody new is sent to it while it stops. */
    look(w);
    assert_true(departures_has(&w->departures, "web-2"));
    w->observation.replica_count = 1;
    look(w);
    assert_false(departures_has(&w->departures, "web-2"));
    assert_true(w->result.has_moved);
    world_free(w);
}

static void test_a_copy_that_stays_after_all_is_answered_again(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    add_replica(w, 2, "new");
    look(w);
    assert_true(departures_has(&w->departures, "web-2"));
    w->placement.replicas = 2;
    look(w);
    assert_false(departures_has(&w->departures, "web-2"));
    assert_true(w->result.has_moved);
    world_free(w);
}

static void test_a_removal_under_way_cannot_be_taken_back(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    add_replica(w, 2, "new");
    look(w);
    w->has = true;
    w->placement.replicas = 2;
    look(w);
    assert_true(departures_has(&w->departures, "web-2"));
    world_free(w);
}

static void test_a_copy_out_of_sight_is_still_leaving(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    add_replica(w, 2, "new");
    look(w);
    w->seen.visible = false;
    look(w);
    assert_true(departures_has(&w->departures, "web-2"));
    world_free(w);
}

static void test_an_app_that_is_taken_down_takes_no_leave(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_replica(w, 1, "new");
    w->round.removing = true;
    look(w);
    assert_int_equal(w->submitted, 1);
    assert_int_equal(w->kind, ACTION_REPLICA_REMOVE);
    world_free(w);
}

static void test_a_kept_service_stays_until_all_its_copies_were_forgotten(void **state)
{
    struct world *w = world_new();
    struct observed_service kept = {.app = "shop",
                                    .service = "web",
                                    .digest = "new",
                                    .replicas = 2,
                                    .settled = true,
                                    .trouble = ""};

    (void)state;
    add_replica(w, 1, "new");
    add_replica(w, 2, "new");
    w->seen.keeps_services = true;
    w->observation.services = &kept;
    w->observation.service_count = 1;
    w->planned.needed = w->planned.placed = 0;
    w->planned.placement_count = 0;
    look(w);
    assert_int_equal(w->submitted, 0);
    assert_int_equal(w->result.wake_ms, 5000 + DEPARTURE_GRACE_MS);
    assert_true(departures_has(&w->departures, "web-1"));
    assert_true(departures_has(&w->departures, "web-2"));

    w->round.now_ms += 5000 + DEPARTURE_GRACE_MS;
    look(w);
    assert_int_equal(w->submitted, 1);
    assert_int_equal(w->kind, ACTION_SERVICE_REMOVE);
    world_free(w);
}

static enum replica_endpoint endpoint_of(struct world *w)
{
    struct round_world world = {.verdict = on_verdict, .ctx = w};

    return round_endpoint(&w->revision, &w->departures, &world, &w->cluster, &w->replicas[0]);
}

static void test_a_leaving_copy_is_told_from_one_that_is_down(void **state)
{
    struct world *w = world_new();
    bool is_new;

    (void)state;
    add_replica(w, 1, "new");
    assert_int_equal(endpoint_of(w), REPLICA_ENDPOINT_UP);
    (void)departures_wait(&w->departures, "web-1", 5000, 1000, &is_new);
    assert_true(is_new);
    assert_int_equal(endpoint_of(w), REPLICA_ENDPOINT_LEAVING);
    w->verdict = REPLICA_ENDPOINT_DOWN;
    assert_int_equal(endpoint_of(w), REPLICA_ENDPOINT_DOWN);
    w->service.probe.kind = PROBE_NONE;
    assert_int_equal(endpoint_of(w), REPLICA_ENDPOINT_LEAVING);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_right_and_serves_is_in_step),
        cmocka_unit_test(test_an_app_works_while_an_action_is_under_way),
        cmocka_unit_test(
            test_an_action_that_waits_to_be_tried_again_leaves_the_app_stuck_and_says_why),
        cmocka_unit_test(test_a_cluster_out_of_reach_leaves_the_app_waiting),
        cmocka_unit_test(test_a_copy_stays_for_the_ttl_of_those_who_know_it),
        cmocka_unit_test(test_a_copy_that_stays_after_all_is_answered_again),
        cmocka_unit_test(test_a_removal_under_way_cannot_be_taken_back),
        cmocka_unit_test(test_a_copy_out_of_sight_is_still_leaving),
        cmocka_unit_test(test_an_app_that_is_taken_down_takes_no_leave),
        cmocka_unit_test(test_a_kept_service_stays_until_all_its_copies_were_forgotten),
        cmocka_unit_test(test_a_leaving_copy_is_told_from_one_that_is_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
