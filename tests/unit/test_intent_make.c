/* SPDX-License-Identifier: Apache-2.0 */
/* control/intent_make: from copies and addresses to names and endpoints. */
#include "control/intent_make.h"
#include "unit.h"

#include <string.h>

struct world {
    struct cluster clusters[2];
    const char *addresses[2];
    struct observed_port ports[2];
    struct observed_replica replicas[2];
    struct observation observations[2];
    struct control_cluster seen[2];
    struct port port;
    struct service web;
    struct app app;
    struct fleet fleet;
    struct intent_app apps[1];
    struct intent_input input;
};

static void world_init(struct world *w)
{
    static const char *const names[] = {"amber", "birch"};
    static const char *const addresses[] = {"192.0.2.11", "192.0.2.12"};

    memset(w, 0, sizeof(*w));
    for (size_t i = 0; i < 2; i++) {
        w->addresses[i] = addresses[i];
        w->ports[i] = (struct observed_port){.published = 8080, .target = 80};
        w->replicas[i] = (struct observed_replica){.id = names[i],
                                                   .app = "shop",
                                                   .service = "web",
                                                   .state = REPLICA_RUNNING,
                                                   .ports = &w->ports[i],
                                                   .port_count = 1};
        w->clusters[i] = (struct cluster){.name = names[i],
                                          .provider = names[i],
                                          .region = names[i],
                                          .addresses = {.items = &w->addresses[i], .count = 1}};
        w->observations[i] =
            (struct observation){.replicas = &w->replicas[i], .replica_count = 1};
        w->seen[i] = (struct control_cluster){
            .cluster = &w->clusters[i], .observation = &w->observations[i], .visible = true};
    }
    w->port = (struct port){.published_first = 8080, .published_last = 8080, .target = 80};
    w->web = (struct service){
        .name = "web", .ports = &w->port, .port_count = 1, .probe.kind = PROBE_TCP};
    w->app = (struct app){.name = "shop",
                          .services = &w->web,
                          .service_count = 1,
                          .hostname = "shop.example.test",
                          .ttl_s = 5};
    w->fleet =
        (struct fleet){.clusters = w->clusters, .cluster_count = 2, .dns.zone = "example.test"};
    w->apps[0].app = &w->app;
    w->input = (struct intent_input){.fleet = &w->fleet,
                                     .apps = w->apps,
                                     .app_count = 1,
                                     .clusters = w->seen,
                                     .cluster_count = 2};
}

static void test_every_running_copy_is_an_endpoint_on_each_address(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->name_count, 1);
    assert_string_equal(intent->names[0].name, "shop.example.test");
    assert_int_equal(intent->names[0].ttl_s, 5);
    assert_int_equal(intent->names[0].endpoint_count, 2);
    assert_string_equal(intent->names[0].endpoints[0].address, "192.0.2.11");
    assert_int_equal(intent->names[0].endpoints[1].port, 8080);
    assert_string_equal(intent->nameservers.items[0], "ns1.example.test");
    (void)intent_free(intent);
}

static void test_a_cluster_that_cannot_be_seen_keeps_its_endpoints(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.seen[0].visible = false;
    struct intent *before = intent_make(&w.input);
    assert_int_equal(before->names[0].endpoint_count, 2);

    w.seen[0].observation = NULL; /* control was restarted meanwhile */
    w.input.before = before;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->names[0].endpoint_count, 2);
    assert_string_equal(intent->names[0].endpoints[0].cluster, "amber");
    (void)intent_free(intent);
    (void)intent_free(before);
}

static void test_a_copy_that_does_not_run_is_no_endpoint(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.replicas[0].state = REPLICA_EXITED;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->names[0].endpoint_count, 1);
    assert_string_equal(intent->names[0].endpoints[0].cluster, "birch");
    (void)intent_free(intent);
}

static bool amber_leaves(void *ctx, const char *cluster, const char *replica_id)
{
    (void)ctx;
    (void)replica_id;
    return strcmp(cluster, "amber") == 0;
}

static void test_nobody_new_is_sent_to_a_copy_on_its_way_out(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.input.is_leaving = amber_leaves;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->names[0].endpoints[0].pin, PIN_DOWN);
    assert_int_equal(intent->names[0].endpoints[1].pin, PIN_NONE);
    (void)intent_free(intent);
}

static void test_an_app_on_its_way_down_is_no_longer_answered(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.apps[0].removing = true;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->name_count, 0);
    (void)intent_free(intent);
}

static void test_copies_behind_one_port_are_one_endpoint_with_their_weight(void **state)
{
    static const char *addresses[] = {"198.51.100.1"};
    struct world w;

    (void)state;
    world_init(&w);
    w.replicas[1].addresses = w.replicas[0].addresses =
        (struct strings){.items = addresses, .count = 1};
    w.observations[0].replica_count = 2;
    w.input.cluster_count = 1;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->names[0].endpoint_count, 1);
    assert_string_equal(intent->names[0].endpoints[0].address, "198.51.100.1");
    assert_int_equal(intent->names[0].endpoints[0].weight, 2);

    /* What was known of a cluster that has not been seen since keeps its weight. */
    w.input.before = intent;
    w.seen[0].observation = NULL;
    struct intent *kept = intent_make(&w.input);
    assert_int_equal(kept->names[0].endpoints[0].weight, 2);
    (void)intent_free(kept);
    (void)intent_free(intent);
}

static void test_without_a_probe_controls_word_stands(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.web.probe.kind = PROBE_NONE;
    struct intent *intent = intent_make(&w.input);
    assert_int_equal(intent->names[0].endpoints[0].pin, PIN_UP);
    (void)intent_free(intent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_running_copy_is_an_endpoint_on_each_address),
        cmocka_unit_test(test_a_cluster_that_cannot_be_seen_keeps_its_endpoints),
        cmocka_unit_test(test_a_copy_that_does_not_run_is_no_endpoint),
        cmocka_unit_test(test_nobody_new_is_sent_to_a_copy_on_its_way_out),
        cmocka_unit_test(test_an_app_on_its_way_down_is_no_longer_answered),
        cmocka_unit_test(test_without_a_probe_controls_word_stands),
        cmocka_unit_test(test_copies_behind_one_port_are_one_endpoint_with_their_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
