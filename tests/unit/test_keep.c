/* SPDX-License-Identifier: Apache-2.0 */
/* control/keep: two clouds that keep services by themselves and one that does not. */
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
    struct observed_service kept[CLUSTERS][2];
    struct observed_object spaces[CLUSTERS], volumes[CLUSTERS], networks[CLUSTERS];
    struct control_cluster seen[CLUSTERS];
    struct service services[2];
    struct network network;
    struct service_network joined;
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

/* amber and birch keep services, coral does not. "shop" has "web", two copies in each. */
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
    w->digests[0] = w->digests[1] = "new";
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
        w->spaces[c] = (struct observed_object){.name = "shop", .app = "shop"};
        w->networks[c] = (struct observed_object){.name = "shop_default", .app = "shop"};
        w->observations[c] = (struct observation){.replicas = w->replicas[c],
                                                  .services = w->kept[c],
                                                  .spaces = &w->spaces[c],
                                                  .space_count = c < 2,
                                                  .networks = &w->networks[c],
                                                  .network_count = c == 2,
                                                  .volumes = &w->volumes[c]};
        w->seen[c] = (struct control_cluster){.cluster = &w->clusters[c],
                                              .observation = &w->observations[c],
                                              .visible = true,
                                              .keeps_services = c < 2};
    }
    w->input = (struct control_input){.app_name = "shop",
                                      .app = &w->app,
                                      .plan = &w->plan,
                                      .digests = w->digests,
                                      .clusters = w->seen,
                                      .cluster_count = CLUSTERS};
    return w;
}

static void add_copies(struct world *w, size_t c, const char *service, const char *digest,
                       unsigned count)
{
    for (unsigned n = 1; n <= count; n++) {
        struct observation *seen = &w->observations[c];

        assert_true(seen->replica_count < REPLICAS);
        w->replicas[c][seen->replica_count++] = (struct observed_replica){
            .id = arena_printf(w->arena, "%s-%s-%u", names[c], service, n),
            .name = "",
            .app = "shop",
            .service = service,
            .number = n,
            .digest = digest,
            .state = REPLICA_RUNNING,
            .health = HEALTH_HEALTHY,
        };
    }
}

static struct observed_service *keep(struct world *w, size_t c, const char *service,
                                     const char *digest, unsigned replicas)
{
    struct observed_service *kept = &w->kept[c][w->observations[c].service_count++];

    *kept = (struct observed_service){.app = "shop",
                                      .service = service,
                                      .digest = digest,
                                      .replicas = replicas,
                                      .settled = true,
                                      .trouble = ""};
    add_copies(w, c, service, digest, replicas);
    return kept;
}

/* Everything runs as planned. */
static struct world *world_in_step(const char *digest)
{
    struct world *w = world_new();

    (void)keep(w, 0, "web", digest, 2);
    (void)keep(w, 1, "web", digest, 2);
    add_copies(w, 2, "web", digest, 2);
    return w;
}

static void add_database(struct world *w)
{
    w->services[1] = w->services[0];
    w->services[0].name = "db";
    w->services[0].replicas = 1;
    w->dependency =
        (struct dependency){.service = "db", .condition = DEPENDS_HEALTHY, .required = true};
    w->services[1].dependencies = &w->dependency;
    w->services[1].dependency_count = 1;
    w->app.service_count = w->plan.service_count = 2;
    w->planned[1] = w->planned[0];
    w->placements[1][0] = (struct placement){.cluster = "amber", .replicas = 1};
    w->planned[0] = (struct plan_service){.name = "db",
                                          .needed = 1,
                                          .placed = 1,
                                          .placements = w->placements[1],
                                          .placement_count = 1};
}

static void decide(struct world *w)
{
    control_decide(&w->out, w->arena, &w->input);
}

static const struct action *find(const struct world *w, enum action_kind kind, size_t cluster)
{
    for (size_t i = 0; i < w->out.action_count; i++)
        if (w->out.actions[i].kind == kind &&
            strcmp(w->out.actions[i].cluster, names[cluster]) == 0)
            return &w->out.actions[i];
    return NULL;
}

/* The one that must be there. */
static const struct action *get(const struct world *w, enum action_kind kind, size_t cluster)
{
    static const struct action none = {.service = "(none)", .target = "(none)"};
    const struct action *found = find(w, kind, cluster);

    assert_non_null(found);
    return found ? found : &none;
}

static bool holds(const struct world *w, size_t cluster, const char *reason)
{
    for (size_t i = 0; i < w->out.hold_count; i++)
        if (strstr(w->out.holds[i].reason, reason) &&
            strcmp(w->out.holds[i].cluster, names[cluster]) == 0)
            return true;
    return false;
}

static void test_the_namespace_comes_first_and_then_the_service_in_one_action(void **state)
{
    struct world *w = world_new();

    (void)state;
    w->observations[0].space_count = 0;
    decide(w);
    assert_non_null(find(w, ACTION_SPACE_ENSURE, 0));
    assert_null(find(w, ACTION_SERVICE_APPLY, 0));
    assert_null(find(w, ACTION_NETWORK_ENSURE, 0));
    const struct action *apply = get(w, ACTION_SERVICE_APPLY, 1);
    assert_int_equal(apply->number, 2);
    assert_string_equal(apply->service, "web");
    assert_string_equal(apply->digest, "new");
    assert_null(find(w, ACTION_REPLICA_START, 1));
    assert_non_null(find(w, ACTION_REPLICA_START, 2));
    (void)arena_free(w->arena);
}

static void test_what_is_settled_is_left_alone(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_int_equal(w->out.hold_count, 0);
    (void)arena_free(w->arena);
}

static void test_what_is_not_settled_is_waited_for_and_its_trouble_is_told(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    w->kept[0][0].settled = false;
    w->kept[0][0].trouble = "ImagePullBackOff: no such image";
    decide(w);
    assert_int_equal(w->out.action_count, 0);
    assert_true(holds(w, 0, "ImagePullBackOff"));
    (void)arena_free(w->arena);
}

static void test_one_domain_after_the_other_is_told_of_a_change(void **state)
{
    struct world *w = world_in_step("old");

    (void)state;
    decide(w);
    assert_non_null(find(w, ACTION_SERVICE_APPLY, 0));
    assert_null(find(w, ACTION_SERVICE_APPLY, 1));
    assert_true(holds(w, 1, "is replaced after amber"));

    /* amber was told and is half way through: birch still waits. */
    w->kept[0][0] = (struct observed_service){
        .app = "shop", .service = "web", .digest = "new", .replicas = 2, .trouble = ""};
    w->replicas[0][0].digest = "new";
    decide(w);
    assert_null(find(w, ACTION_SERVICE_APPLY, 0));
    assert_null(find(w, ACTION_SERVICE_APPLY, 1));

    /* All new, one does not serve: nobody else begins. */
    w->replicas[0][1].digest = "new";
    w->replicas[0][1].health = HEALTH_STARTING;
    decide(w);
    assert_int_equal(w->out.action_count, 0);

    w->replicas[0][1].health = HEALTH_HEALTHY;
    w->kept[0][0].settled = true;
    decide(w);
    assert_non_null(find(w, ACTION_SERVICE_APPLY, 1));
    (void)arena_free(w->arena);
}

static void test_a_domain_that_fails_may_be_told_again(void **state)
{
    struct world *w = world_in_step("old");

    (void)state;
    w->kept[0][0].digest = "broken";
    w->kept[0][0].settled = false;
    w->replicas[0][0].digest = "broken";
    w->replicas[0][0].state = REPLICA_RESTARTING;
    decide(w);
    assert_non_null(find(w, ACTION_SERVICE_APPLY, 0));
    assert_null(find(w, ACTION_SERVICE_APPLY, 1));
    (void)arena_free(w->arena);
}

static void test_fewer_copies_only_when_enough_serve(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    w->placements[0][0].replicas = 1;
    w->placements[0][1].replicas = 3;
    decide(w);
    assert_null(find(w, ACTION_SERVICE_APPLY, 0));
    assert_true(holds(w, 0, "old copies stay"));
    assert_int_equal(get(w, ACTION_SERVICE_APPLY, 1)->number, 3);

    w->kept[1][0].replicas = 3;
    add_copies(w, 1, "web", "new", 1);
    decide(w);
    assert_int_equal(get(w, ACTION_SERVICE_APPLY, 0)->number, 1);
    (void)arena_free(w->arena);
}

static void test_a_cluster_out_of_the_plan_keeps_its_copies_until_the_others_serve(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    w->placements[0][0] = (struct placement){.cluster = "birch", .replicas = 4};
    w->placements[0][1] = (struct placement){.cluster = "coral", .replicas = 2};
    w->planned[0].placement_count = 2;
    decide(w);
    assert_null(find(w, ACTION_SERVICE_REMOVE, 0));
    assert_int_equal(get(w, ACTION_SERVICE_APPLY, 1)->number, 4);

    w->kept[1][0].replicas = 4;
    add_copies(w, 1, "web", "new", 2);
    decide(w);
    assert_non_null(find(w, ACTION_SERVICE_REMOVE, 0));
    (void)arena_free(w->arena);
}

static void test_a_new_service_waits_for_what_it_depends_on(void **state)
{
    struct world *w = world_new();

    (void)state;
    add_database(w);
    decide(w);
    assert_string_equal(get(w, ACTION_SERVICE_APPLY, 0)->service, "db");
    assert_null(find(w, ACTION_SERVICE_APPLY, 1));
    assert_true(holds(w, 1, "waits for db to be healthy"));

    (void)keep(w, 0, "db", "new", 1);
    decide(w);
    assert_string_equal(get(w, ACTION_SERVICE_APPLY, 0)->service, "web");
    (void)arena_free(w->arena);
}

static void test_a_service_that_left_the_file_is_removed(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    (void)keep(w, 0, "old", "new", 0);
    decide(w);
    assert_int_equal(w->out.action_count, 1);
    assert_string_equal(get(w, ACTION_SERVICE_REMOVE, 0)->service, "old");
    (void)arena_free(w->arena);
}

static void test_down_goes_from_dependents_to_the_namespace(void **state)
{
    struct world *w = world_in_step("new");

    (void)state;
    add_database(w);
    (void)keep(w, 0, "db", "new", 1);
    w->input.removing = true;
    decide(w);
    assert_string_equal(get(w, ACTION_SERVICE_REMOVE, 0)->service, "web");
    assert_true(holds(w, 0, "is removed after what depends on it"));
    assert_null(find(w, ACTION_SPACE_REMOVE, 0));

    /* The Deployment is gone, its pods are not. */
    w->observations[1].service_count = 0;
    decide(w);
    assert_true(holds(w, 1, "copies are stopping"));
    assert_null(find(w, ACTION_SPACE_REMOVE, 1));

    w->observations[1].replica_count = 0;
    decide(w);
    assert_string_equal(get(w, ACTION_SPACE_REMOVE, 1)->target, "shop");
    (void)arena_free(w->arena);
}

static void test_down_keeps_the_namespace_of_volumes_that_are_to_stay(void **state)
{
    struct world *w = world_new();

    (void)state;
    w->input.removing = true;
    w->volumes[0] = (struct observed_object){.name = "data-db-0", .app = "shop"};
    w->observations[0].volume_count = 1;
    decide(w);
    assert_null(find(w, ACTION_SPACE_REMOVE, 0));
    assert_null(find(w, ACTION_VOLUME_REMOVE, 0));
    assert_non_null(find(w, ACTION_SPACE_REMOVE, 1));

    w->input.remove_volumes = true;
    decide(w);
    assert_string_equal(get(w, ACTION_VOLUME_REMOVE, 0)->target, "data-db-0");
    (void)arena_free(w->arena);
}

static void test_a_cluster_that_cannot_be_seen_is_not_touched(void **state)
{
    struct world *w = world_in_step("old");

    (void)state;
    w->seen[0].visible = false;
    w->observations[0].replica_count = 0;
    decide(w);
    for (size_t i = 0; i < w->out.action_count; i++)
        assert_string_not_equal(w->out.actions[i].cluster, "amber");
    assert_true(holds(w, 0, "cannot be reached"));
    (void)arena_free(w->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_namespace_comes_first_and_then_the_service_in_one_action),
        cmocka_unit_test(test_what_is_settled_is_left_alone),
        cmocka_unit_test(test_what_is_not_settled_is_waited_for_and_its_trouble_is_told),
        cmocka_unit_test(test_one_domain_after_the_other_is_told_of_a_change),
        cmocka_unit_test(test_a_domain_that_fails_may_be_told_again),
        cmocka_unit_test(test_fewer_copies_only_when_enough_serve),
        cmocka_unit_test(
            test_a_cluster_out_of_the_plan_keeps_its_copies_until_the_others_serve),
        cmocka_unit_test(test_a_new_service_waits_for_what_it_depends_on),
        cmocka_unit_test(test_a_service_that_left_the_file_is_removed),
        cmocka_unit_test(test_down_goes_from_dependents_to_the_namespace),
        cmocka_unit_test(test_down_keeps_the_namespace_of_volumes_that_are_to_stay),
        cmocka_unit_test(test_a_cluster_that_cannot_be_seen_is_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
