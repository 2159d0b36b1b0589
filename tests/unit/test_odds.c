/* SPDX-License-Identifier: Apache-2.0 */
/* sim/odds and sim/advice: against what can be computed with a pencil. */
#include "plan_world.h"
#include "sim/advice.h"
#include "unit.h"

/* What a copy of the fleet needs. */
static void complete(struct world *world)
{
    for (size_t i = 0; i < world->fleet.cluster_count; i++) {
        world->clusters[i].driver = "docker";
        world->clusters[i].endpoint = "unix:///docker.sock";
    }
}

/* Four copies of web needed on three clouds of one cluster each, any one provider lost. */
static struct plan *make_plan(struct world *world, bool survives)
{
    struct plan *plan = NULL;
    struct err err = {0};

    world_init(world);
    (void)world_cluster(world, "amber", "amber", "amber");
    (void)world_cluster(world, "birch", "birch", "birch");
    (void)world_cluster(world, "coral", "coral", "coral");
    complete(world);
    (void)world_service(world, "web", 4);
    if (survives) {
        world->app.has_survive = true;
        world->app.survive.count[DOMAIN_PROVIDER] = 1;
    } else {
        world_pin(&world->services[0]);
    }
    assert_int_equal(planner_make_alone(&plan, &world->app, &world->fleet, &err), 0);
    assert_int_equal(plan->refusal_count, 0);
    return plan;
}

static struct odds_input input_of(const struct world *world, const struct plan *plan)
{
    return (struct odds_input){
        .plan = plan,
        .fleet = &world->fleet,
        .rates[DOMAIN_PROVIDER] = {.per_year = 12, .hours = 73},
        .years = 2000,
        .seed = 7,
    };
}

static void assert_near(double value, double expected, double part)
{
    if (value < expected * (1 - part) || value > expected * (1 + part))
        fail_msg("%f is not within %.0f %% of %f", value, part * 100, expected);
}

static void test_a_pinned_service_is_gone_as_often_as_its_cloud(void **state)
{
    struct world world;
    struct plan *plan = make_plan(&world, false);
    struct odds_input input = input_of(&world, plan);
    struct odds *odds = odds_make(&input);

    (void)state;
    /* Lost for 73 h, there for 730 h: a share of 1/11. */
    assert_near(odds->services[0].dark_hours, 8760.0 / 11, 0.03);
    assert_near(odds->services[0].short_hours, 8760.0 / 11, 0.03);
    assert_near(odds->services[0].falls, 8760.0 / 803, 0.03);
    (void)odds_free(odds);
    (void)plan_free(plan);
}

static void test_a_survivor_is_short_only_when_two_are_lost_at_once(void **state)
{
    struct world world;
    struct plan *plan = make_plan(&world, true);
    struct odds_input input = input_of(&world, plan);
    struct odds *odds = odds_make(&input);
    double p = 1.0 / 11;

    (void)state;
    assert_near(odds->services[0].short_hours, 8760 * (3 * p * p * (1 - p) + p * p * p), 0.06);
    assert_near(odds->services[0].dark_hours, 8760 * p * p * p, 0.2);
    (void)odds_free(odds);
    (void)plan_free(plan);
}

static void test_the_same_seed_gives_the_same_years(void **state)
{
    struct world world;
    struct plan *plan = make_plan(&world, true);
    struct odds_input input = input_of(&world, plan);
    struct odds *a = odds_make(&input), *b = odds_make(&input);

    (void)state;
    assert_true(a->short_hours == b->short_hours);
    input.seed++;
    struct odds *c = odds_make(&input);
    assert_true(a->short_hours != c->short_hours);
    (void)odds_free(a);
    (void)odds_free(b);
    (void)odds_free(c);
    (void)plan_free(plan);
}

static void test_without_losses_nothing_is_ever_short(void **state)
{
    struct world world;
    struct plan *plan = make_plan(&world, false);
    struct odds_input input = input_of(&world, plan);

    (void)state;
    input.rates[DOMAIN_PROVIDER].per_year = 0;
    struct odds *odds = odds_make(&input);
    assert_true(odds->short_hours == 0);
    assert_null(advice_make(&world.app, &input, odds));
    (void)odds_free(odds);
    (void)plan_free(plan);
}

static void test_a_loss_leaves_what_runs_elsewhere(void **state)
{
    struct world world;
    struct plan *plan = make_plan(&world, true);
    const struct plan_service *web = plan_find_service(plan, "web");

    (void)state;
    assert_int_equal(odds_left(web, &world.fleet, DOMAIN_PROVIDER, "birch"), 4);
    assert_int_equal(odds_left(web, &world.fleet, DOMAIN_CLUSTER, "nobody"), web->placed);
    (void)plan_free(plan);
}

/* Any one cluster may be lost, but two of three are of one provider, who is lost now and then.
 */
static void test_the_best_purchase_is_what_helps_most(void **state)
{
    struct world world;
    struct plan *plan = NULL;
    struct err err = {0};

    (void)state;
    world_init(&world);
    (void)world_cluster(&world, "amber-1", "amber-1", "amber");
    (void)world_cluster(&world, "amber-2", "amber-2", "amber");
    (void)world_cluster(&world, "birch-1", "birch-1", "birch");
    complete(&world);
    (void)world_service(&world, "web", 4);
    world.app.has_survive = true;
    world.app.survive.count[DOMAIN_CLUSTER] = 1;
    assert_int_equal(planner_make_alone(&plan, &world.app, &world.fleet, &err), 0);
    struct odds_input input = input_of(&world, plan);
    struct odds *odds = odds_make(&input);
    struct advice *advice = advice_make(&world.app, &input, odds);

    assert_non_null(advice);
    assert_string_equal(advice->text, "a cluster like amber-1 of a new provider");
    assert_true(advice->short_hours < odds->short_hours / 2);

    (void)advice_free(advice);
    (void)odds_free(odds);
    (void)plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pinned_service_is_gone_as_often_as_its_cloud),
        cmocka_unit_test(test_a_survivor_is_short_only_when_two_are_lost_at_once),
        cmocka_unit_test(test_the_same_seed_gives_the_same_years),
        cmocka_unit_test(test_without_losses_nothing_is_ever_short),
        cmocka_unit_test(test_a_loss_leaves_what_runs_elsewhere),
        cmocka_unit_test(test_the_best_purchase_is_what_helps_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
