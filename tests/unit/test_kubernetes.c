/* SPDX-License-Identifier: Apache-2.0 */
/* driver/kubernetes: names, quantities, the mirror and what is observed in it. */
#include "driver/driver.h"
#include "driver/kubernetes_internal.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void test_names_stay_where_kubernetes_takes_them_and_are_kept_apart_elsewhere(
    void **state)
{
    static const char *const kept[] = {"web", "shop-2", "a"};
    static const char *const changed[] = {
        "Web",
        "web_",
        "we_b",
        "we.b",
        "9lives",
        "-web",
        "web-",
        "...",
        "W",
        "n-9lives-",
        "webweb1webweb2webweb3webweb4webweb5webweb6webweb7webweb8a",
        "webweb1webweb2webweb3webweb4webweb5webweb6webweb7webweb8b"};
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_string_equal(kubernetes_name(arena, kept[i]), kept[i]);
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        const char *name = kubernetes_name(arena, changed[i]);
        size_t len = strlen(name);

        assert_string_not_equal(name, changed[i]);
        assert_in_range(len, 1, 50);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), len);
        assert_in_range(name[0], 'a', 'z');
        assert_true(name[len - 1] != '-');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name, kubernetes_name(arena, changed[j]));
    }
    (void)arena_free(arena);
}

static void test_quantities_are_read_as_kubernetes_writes_them(void **state)
{
    /* clang-format off */
    static const struct { const char *text; double scale; uint64_t value; } good[] = {
        {"0", 1, 0},           {"1", 1, 1},            {"3920m", 1e9, 3920000000},
        {"4", 1e9, 4000000000}, {"1.5Gi", 1, 1610612736}, {"16Ki", 1, 16384},
        {"1e3", 1, 1000},      {"12E2", 1, 1200},      {"0.1", 1e9, 100000000},
        {"100M", 1, 100000000}, {"1m", 1, 1},          {"1500u", 1e9, 1500000},
        {"20E", 1, UINT64_MAX}, {".5", 1e9, 500000000},
        {"5e-1", 1e9, 500000000}, {"+2", 1, 2},
    };
    /* clang-format on */
    static const char *const bad[] = {"", "m", "-1", "1 Gi", "1GiB", "e3", "1e", "1e9999", "."};
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!kubernetes_quantity(good[i].text, good[i].scale, &value))
            fail_msg("'%s' is refused", good[i].text);
        if (value != good[i].value)
            fail_msg("'%s' is %llu", good[i].text, (unsigned long long)value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (kubernetes_quantity(bad[i], 1, &value))
            fail_msg("'%s' is taken for a quantity", bad[i]);
}

static json_t *pod(const char *name, bool is_ready, const char *app)
{
    return json_pack("{s:{s:s, s:s, s:s, s:{s:s*, s:s}}, s:{}, s:{s:s, s:[{s:s, s:s}], "
                     "s:[{s:s, s:{s:{}}}]}}",
                     "metadata", "name", name, "namespace", "shop", "uid", name, "labels",
                     "dev.seawall.app", app, "dev.seawall.service", "web", "spec", "status",
                     "phase", "Running", "conditions", "type", "Ready", "status",
                     is_ready ? "True" : "False", "containerStatuses", "name", "web", "state",
                     "running");
}

static bool put(struct kubernetes_mirror *mirror, json_t *object)
{
    struct kubernetes_change change;
    struct err err = {0};

    assert_int_equal(kubernetes_mirror_put(mirror, KUBERNETES_PODS, object, &change, &err), 0);
    json_decref(object);
    return change.matters;
}

static size_t count_observed(const struct kubernetes_mirror *mirror)
{
    static const struct cluster cluster = {.name = "amber"};
    struct observation *seen = kubernetes_mirror_observe(mirror, &cluster);
    size_t count = seen->replica_count;

    (void)observation_free(seen);
    return count;
}

static void test_the_mirror_tells_what_matters_and_a_list_drops_what_is_gone(void **state)
{
    struct kubernetes_mirror *mirror = kubernetes_mirror_new();

    (void)state;
    kubernetes_mirror_begin(mirror, KUBERNETES_PODS);
    assert_true(put(mirror, pod("web-1", false, "shop")));
    assert_false(put(mirror, pod("web-1", false, "shop")));
    assert_true(put(mirror, pod("web-1", true, "shop")));
    assert_true(put(mirror, pod("web-2", true, "shop")));
    assert_false(put(mirror, pod("other", true, NULL)));
    kubernetes_mirror_end(mirror, KUBERNETES_PODS);
    assert_int_equal(count_observed(mirror), 2);

    /* It loses its label: it is no longer ours. */
    assert_true(put(mirror, pod("web-1", true, NULL)));
    assert_int_equal(count_observed(mirror), 1);

    kubernetes_mirror_begin(mirror, KUBERNETES_PODS);
    assert_true(put(mirror, pod("web-3", true, "shop")));
    kubernetes_mirror_end(mirror, KUBERNETES_PODS);
    assert_int_equal(count_observed(mirror), 1);
    (void)kubernetes_mirror_free(mirror);
}

static void test_an_answer_that_the_watch_has_passed_is_no_news(void **state)
{
    struct kubernetes_mirror *mirror = kubernetes_mirror_new();
    json_t *json = json_pack("{s:{s:s}}", "metadata", "resourceVersion", "100");

    (void)state;
    assert_false(kubernetes_mirror_is_news(mirror, KUBERNETES_PODS, json));
    assert_true(kubernetes_mirror_set_version(mirror, KUBERNETES_PODS, "99"));
    assert_true(kubernetes_mirror_is_news(mirror, KUBERNETES_PODS, json));
    assert_true(kubernetes_mirror_set_version(mirror, KUBERNETES_PODS, "100"));
    assert_false(kubernetes_mirror_is_news(mirror, KUBERNETES_PODS, json));
    assert_true(kubernetes_mirror_set_version(mirror, KUBERNETES_PODS, "1000"));
    assert_false(kubernetes_mirror_is_news(mirror, KUBERNETES_PODS, json));
    json_decref(json);
    (void)kubernetes_mirror_free(mirror);
}

static void test_an_object_without_a_name_is_refused(void **state)
{
    struct kubernetes_mirror *mirror = kubernetes_mirror_new();
    struct kubernetes_change change;
    struct err err = {0};
    json_t *json = json_pack("{s:{s:s}}", "metadata", "name", "web");

    (void)state;
    assert_int_equal(kubernetes_mirror_put(mirror, KUBERNETES_PODS, json, &change, &err),
                     -EPROTO);
    json_decref(json);
    (void)kubernetes_mirror_free(mirror);
}

/* One service, and a call that applies it. */
struct world {
    struct arena *arena;
    struct service services[2];
    struct dependency dependency;
    struct mount mount;
    struct volume volume;
    struct app app;
    struct action action;
    struct cluster cluster;
    struct driver_call call;
};

static struct world *world_new(void)
{
    struct arena *arena = arena_new();
    struct world *w = arena_new_in(arena, struct world);

    w->arena = arena;
    w->services[0] = (struct service){.name = "init", .image = "init:1"};
    w->services[1] = (struct service){.name = "web", .image = "web:1"};
    w->volume = (struct volume){.key = "data", .name = "shop_data"};
    w->app = (struct app){.name = "shop",
                          .services = w->services,
                          .service_count = 2,
                          .volumes = &w->volume,
                          .volume_count = 1};
    w->action = (struct action){.kind = ACTION_SERVICE_APPLY,
                                .app = "shop",
                                .service = "web",
                                .number = 2,
                                .digest = "d1"};
    w->cluster.name = "amber";
    w->call = (struct driver_call){.op = DRIVER_APPLY,
                                   .arena = arena,
                                   .cluster = &w->cluster,
                                   .api_minor = 34,
                                   .action = &w->action,
                                   .app = &w->app,
                                   .service = &w->services[1]};
    return w;
}

/* The last body of the service: its workload. A new reference. */
static json_t *workload(struct world *w)
{
    struct kubernetes *k = arena_new_in(w->arena, struct kubernetes);
    struct err err = {0};

    w->call.state = k;
    assert_int_equal(kubernetes_make_service(&w->call, &err), 0);
    json_t *json = json_loads(k->steps[k->step_count - 1].body, 0, NULL);
    assert_non_null(json);
    return json;
}

static json_t *at(json_t *json, const char *path)
{
    char key[64];

    while (json && *path) {
        size_t len = strcspn(path, "/");

        assert_true(len < sizeof(key));
        memcpy(key, path, len);
        key[len] = '\0';
        json = json_is_array(json) ? json_array_get(json, (size_t)(key[0] - '0'))
                                   : json_object_get(json, key);
        path += len + (path[len] == '/');
    }
    return json;
}

static void test_a_copy_leaves_a_lost_node_soon_and_drains_before_it_stops(void **state)
{
    struct world *w = world_new();
    json_t *json = workload(w);
    json_t *spec = at(json, "spec/template/spec");

    (void)state;
    assert_int_equal(json_array_size(at(spec, "tolerations")), 2);
    assert_in_range(json_integer_value(at(spec, "tolerations/0/tolerationSeconds")), 1, 30);
    assert_int_equal(
        json_integer_value(at(spec, "containers/0/lifecycle/preStop/sleep/seconds")), 5);
    assert_int_equal(json_integer_value(at(json, "spec/strategy/rollingUpdate/maxUnavailable")),
                     0);
    json_decref(json);

    w->call.api_minor = 25; /* knows no sleep of its own */
    json = workload(w);
    spec = at(json, "spec/template/spec");
    assert_string_equal(
        json_string_value(at(spec, "containers/0/lifecycle/preStop/exec/command/0")), "sleep");
    assert_null(at(spec, "topologySpreadConstraints/0/matchLabelKeys"));
    json_decref(json);
    (void)arena_free(w->arena);
}

static void test_the_workload_follows_from_the_file(void **state)
{
    struct world *w = world_new();

    (void)state;
    assert_int_equal(kubernetes_workload(&w->app, &w->services[0]), WORKLOAD_DEPLOYMENT);
    w->dependency = (struct dependency){.service = "init", .condition = DEPENDS_COMPLETED};
    w->services[1].dependencies = &w->dependency;
    w->services[1].dependency_count = 1;
    assert_int_equal(kubernetes_workload(&w->app, &w->services[0]), WORKLOAD_JOB);
    w->services[0].restart = RESTART_ALWAYS; /* it never ends */
    assert_int_equal(kubernetes_workload(&w->app, &w->services[0]), WORKLOAD_DEPLOYMENT);

    w->mount = (struct mount){.kind = MOUNT_VOLUME, .source = "data", .target = "/data"};
    w->services[1].mounts = &w->mount;
    w->services[1].mount_count = 1;
    assert_int_equal(kubernetes_workload(&w->app, &w->services[1]), WORKLOAD_STATEFULSET);
    w->volume.external = true;
    assert_int_equal(kubernetes_workload(&w->app, &w->services[1]), WORKLOAD_DEPLOYMENT);
    (void)arena_free(w->arena);
}

static void test_a_dollar_stays_a_dollar(void **state)
{
    static const char *words[] = {"sh", "-c", "echo $(A) $$ $B"};
    struct world *w = world_new();

    (void)state;
    w->services[1].has_command = true;
    w->services[1].command = (struct strings){.items = words, .count = 3};
    json_t *json = workload(w);
    assert_string_equal(json_string_value(at(json, "spec/template/spec/containers/0/args/2")),
                        "echo $$(A) $$$$ $$B");
    json_decref(json);
    (void)arena_free(w->arena);
}

static void test_a_health_check_becomes_probes_with_dockers_defaults(void **state)
{
    static const char *test[] = {"CMD", "/ok", "$X"};
    struct world *w = world_new();

    (void)state;
    w->services[1].healthcheck = (struct healthcheck){.is_set = true,
                                                      .test = {.items = test, .count = 3},
                                                      .interval_ns = 1500000000,
                                                      .start_period_ns = 10000000000};
    json_t *json = workload(w);
    json_t *container = at(json, "spec/template/spec/containers/0");
    assert_int_equal(json_integer_value(at(container, "readinessProbe/periodSeconds")), 2);
    assert_int_equal(json_integer_value(at(container, "livenessProbe/timeoutSeconds")), 30);
    assert_int_equal(json_integer_value(at(container, "livenessProbe/failureThreshold")), 3);
    assert_int_equal(json_integer_value(at(container, "startupProbe/failureThreshold")), 10);
    assert_string_equal(json_string_value(at(container, "livenessProbe/exec/command/1")),
                        "$$X");
    json_decref(json);
    (void)arena_free(w->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_names_stay_where_kubernetes_takes_them_and_are_kept_apart_elsewhere),
        cmocka_unit_test(test_quantities_are_read_as_kubernetes_writes_them),
        cmocka_unit_test(test_the_mirror_tells_what_matters_and_a_list_drops_what_is_gone),
        cmocka_unit_test(test_an_answer_that_the_watch_has_passed_is_no_news),
        cmocka_unit_test(test_an_object_without_a_name_is_refused),
        cmocka_unit_test(test_a_copy_leaves_a_lost_node_soon_and_drains_before_it_stops),
        cmocka_unit_test(test_the_workload_follows_from_the_file),
        cmocka_unit_test(test_a_dollar_stays_a_dollar),
        cmocka_unit_test(test_a_health_check_becomes_probes_with_dockers_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
