/* SPDX-License-Identifier: Apache-2.0 */
/* model/fleet_json: what is written is read back, what is wrong is refused by name. */
#include "model/fleet_json.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const char text[] =
    "{\"clusters\": {"
    " \"birch\": {\"driver\": \"docker\", \"endpoint\": \"unix:///run/docker.sock\","
    "  \"provider\": \"birch\", \"region\": \"birch\", \"addresses\": [\"2001:db8::2\"],"
    "  \"cpus_nano\": 0, \"memory_bytes\": 0, \"cost_micro\": 1000000, \"drained\": true},"
    " \"amber\": {\"driver\": \"docker\", \"endpoint\": \"tcp://192.0.2.11:2376\","
    "  \"tls\": {\"ca\": \"/etc/ca.pem\", \"cert\": \"/etc/cert.pem\", \"key\": "
    "\"/etc/k.pem\"},"
    "  \"provider\": \"amber\", \"region\": \"north\", \"addresses\": [\"192.0.2.11\"],"
    "  \"cpus_nano\": 2000000000, \"memory_bytes\": 1024, \"cost_micro\": 5, \"drained\": "
    "false}},"
    " \"dns\": {\"listen\": [\"127.0.0.1:5353\"], \"zone\": \"example.test\","
    "  \"nameservers\": [\"ns1.example.test\"]}}";

static json_t *parse(const char *json)
{
    json_error_t error;
    json_t *parsed = json_loads(json, 0, &error);

    assert_non_null(parsed);
    return parsed;
}

static void test_a_fleet_survives_the_way_through_json(void **state)
{
    json_t *before = parse(text);
    struct fleet *fleet;
    struct err err = {0};

    (void)state;
    assert_int_equal(fleet_from_json(&fleet, before, &err), 0);
    assert_int_equal(fleet->cluster_count, 2);
    assert_string_equal(fleet->clusters[0].name, "amber"); /* sorted, whatever the order was */
    assert_string_equal(fleet->clusters[0].tls_key, "/etc/k.pem");
    assert_true(fleet_find_cluster(fleet, "birch")->drained);
    assert_null(fleet_find_cluster(fleet, "coral"));

    json_t *after = fleet_to_json(fleet);
    assert_true(json_equal(before, after));
    json_decref(after);
    json_decref(before);
    (void)fleet_free(fleet);
}

static void test_what_is_wrong_is_refused_by_name(void **state)
{
    static const struct {
        const char *path[3], *value, *complaint;
    } cases[] = {
        {{"clusters", "amber", "endpoint"}, "\"http://x\"", "clusters.amber.endpoint"},
        {{"clusters", "amber", "provider"}, "\"A b\"", "clusters.amber.provider"},
        {{"clusters", "amber", "endpoint"}, "\"kubeconfig://relative\"", "amber.endpoint"},
        {{"clusters", "amber", "endpoint"}, "\"kubeconfig:///a:b#c\"", "amber.endpoint"},
        {{"clusters", "amber", "endpoint"}, "\"kubeconfig:///a#\"", "amber.endpoint"},
        {{"clusters", "amber", "expose"}, "\"magic\"", "clusters.amber.expose"},
        {{"clusters", "amber", "allow_exec"}, "1", "clusters.amber.allow_exec"},
        {{"clusters", "amber", "addresses"}, "[\"example.test\"]", "clusters.amber.addresses"},
        {{"clusters", "amber", "cost_micro"}, "-1", "clusters.amber.cost_micro"},
        {{"clusters", "amber", "colour"}, "1", "colour"},
        {{"clusters", "amber", "tls"},
         "{\"ca\": \"ca.pem\", \"cert\": \"\", \"key\": \"\"}",
         "clusters.amber.tls.ca"},
        {{"dns", "listen", NULL}, "[\"5353\"]", "dns.listen"},
        {{"dns", "zone", NULL}, "\"a..b\"", "dns.zone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *json = parse(text), *at = json;
        json_error_t error;
        struct fleet *fleet = NULL;
        struct err err = {0};
        size_t depth = cases[i].path[2] ? 2 : 1;

        for (size_t d = 0; d < depth; d++)
            at = json_object_get(at, cases[i].path[d]);
        (void)json_object_set_new(at, cases[i].path[depth],
                                  json_loads(cases[i].value, JSON_DECODE_ANY, &error));
        assert_int_equal(fleet_from_json(&fleet, json, &err), -EINVAL);
        if (!strstr(err.text, cases[i].complaint))
            fail_msg("'%s' does not name '%s'", err.text, cases[i].complaint);
        assert_null(fleet);
        json_decref(json);
    }
}

static void test_a_kubernetes_cluster_survives_the_way_through_json(void **state)
{
    json_t *json = parse(text);
    json_t *amber = json_object_get(json_object_get(json, "clusters"), "amber");
    struct fleet *fleet;
    struct err err = {0};

    (void)state;
    (void)json_object_set_new(amber, "endpoint",
                              json_string("kubeconfig:///etc/a.yaml:/etc/b.yaml#admin@kind"));
    (void)json_object_set_new(amber, "expose", json_string("loadbalancer"));
    (void)json_object_set_new(amber, "allow_exec", json_true());
    assert_int_equal(fleet_from_json(&fleet, json, &err), 0);
    const struct cluster *cluster = fleet_find_cluster(fleet, "amber");
    assert_int_equal(cluster->expose, EXPOSE_LOADBALANCER);
    assert_true(cluster->allow_exec);
    json_t *again = cluster_to_json(cluster);
    assert_true(json_equal(json_object_get(again, "expose"), json_object_get(amber, "expose")));
    assert_true(json_is_true(json_object_get(again, "allow_exec")));
    json_decref(again);
    (void)fleet_free(fleet);
    json_decref(json);
}

static void test_putting_and_removing_keeps_the_order(void **state)
{
    json_t *json = parse(text);
    struct fleet *fleet;
    struct err err = {0};

    (void)state;
    assert_int_equal(fleet_from_json(&fleet, json, &err), 0);
    struct fleet *copy = fleet_copy(fleet, 1);
    struct cluster more = *fleet_find_cluster(fleet, "amber");
    more.name = "aspen";
    fleet_put(copy, &more);
    assert_int_equal(copy->cluster_count, 3);
    assert_string_equal(copy->clusters[1].name, "aspen");
    assert_true(fleet_remove(copy, "amber"));
    assert_false(fleet_remove(copy, "amber"));
    assert_string_equal(copy->clusters[0].name, "aspen");
    (void)fleet_free(copy);
    (void)fleet_free(fleet);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fleet_survives_the_way_through_json),
        cmocka_unit_test(test_what_is_wrong_is_refused_by_name),
        cmocka_unit_test(test_a_kubernetes_cluster_survives_the_way_through_json),
        cmocka_unit_test(test_putting_and_removing_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
