/* SPDX-License-Identifier: Apache-2.0 */
/* model/intent_json: an intent as JSON, both ways. */
#include "model/dns_name.h"
#include "model/intent_json.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const shop =
    "{'generation': 7, 'zone': 'example.test', 'nameservers': ['ns1.example.test'], 'names': ["
    "{'name': 'shop.example.test', 'app': 'shop', 'service': 'web', 'ttl': 5,"
    " 'probe': {'kind': 'http', 'port': 80, 'path': '/healthz', 'host': null, 'status': 204,"
    " 'interval_ms': 500, 'timeout_ms': 0},"
    " 'endpoints': [{'address': '192.0.2.20', 'port': 80, 'cluster': 'birch-1', 'region': 'b',"
    " 'provider': 'birch', 'weight': 2, 'pin': 'none'},"
    " {'address': '2001:DB8:0::1', 'port': 443, 'cluster': 'cedar-1', 'region': 'c',"
    " 'provider': 'cedar', 'weight': 1, 'pin': 'up'},"
    " {'address': '192.0.2.10', 'port': 8080, 'cluster': 'amber-1', 'region': 'a',"
    " 'provider': 'amber', 'weight': 1, 'pin': 'down'}]},"
    "{'name': 'api.example.test', 'app': 'shop', 'service': 'api', 'ttl': 60,"
    " 'probe': {'kind': 'tcp', 'port': 1, 'interval_ms': 0, 'timeout_ms': 900},"
    " 'endpoints': []}]}";

/* Replaces the first `from` of the shop by `to` and reads it as an intent, with ' for ". */
static int read_changed(const char *from, const char *to, struct intent **out, struct err *err)
{
    char text[4096];
    const char *at = strstr(shop, from);

    assert_non_null(at);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - shop), shop, to,
                   at + strlen(from));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return intent_parse(out, text, strlen(text), err);
}

static void test_an_intent_reads_back_as_it_was_written(void **state)
{
    struct intent *intent = NULL;
    struct intent *again = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_changed("", "", &intent, &err), 0);
    json_t *json = intent_to_json(intent);
    assert_int_equal(intent_from_json(&again, json, &err), 0);
    json_t *json_again = intent_to_json(again);

    assert_true(json_equal(json, json_again));
    assert_int_equal(again->generation, 7);
    assert_string_equal(again->names[0].name, "api.example.test");
    assert_int_equal(again->names[0].probe.kind, PROBE_TCP);
    assert_int_equal(again->names[1].probe.status, 204);
    assert_null(again->names[1].probe.host);

    json_decref(json);
    json_decref(json_again);
    intent = intent_free(intent);
    again = intent_free(again);
}

static void test_endpoints_are_sorted_and_spelled_in_one_way(void **state)
{
    struct intent *intent = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_changed("", "", &intent, &err), 0);
    assert_string_equal(intent->names[1].endpoints[0].address, "192.0.2.10");
    assert_int_equal(intent->names[1].endpoints[0].pin, PIN_DOWN);
    assert_string_equal(intent->names[1].endpoints[2].address, "2001:db8::1");
    intent = intent_free(intent);
}

static void test_each_wrong_field_is_named(void **state)
{
    static const struct {
        const char *from, *to, *place;
    } cases[] = {
        {"{", "[", "line 1, column"},
        {"'generation': 7", "'generation': -1", "generation: found -1, expected 0 to"},
        {"'generation': 7, ", "", "generation: found nothing"},
        {"'generation': 7", "'generation': 7, 'x': 1", "x: unknown key"},
        {"'zone': 'example.test'", "'zone': 'Example.test'", "zone: found 'Example.test'"},
        {"'zone': 'example.test'", "'zone': 'example.test.'", "zone: found 'example.test.'"},
        {"['ns1.example.test']", "[]", "nameservers: found none"},
        {"['ns1.example.test']", "['ns1..test']", "nameservers: found 'ns1..test'"},
        {"'name': 'shop.example.test'", "'name': 'a b'", "names.name: found 'a b'"},
        {"'name': 'shop.example.test'", "'name': 'api.example.test'",
         "names: found 'api.example.test' twice"},
        {"'app': 'shop'", "'app': ''", "names.shop.example.test.app: found 0 bytes"},
        {"'app': 'shop'", "'app': 'a\\nb'",
         "names.shop.example.test.app: found a control character"},
        {"'ttl': 5", "'ttl': 0", "names.shop.example.test.ttl: found 0, expected 1 to 86400"},
        {"'kind': 'http'", "'kind': 'icmp'",
         "names.shop.example.test.probe.kind: found 'icmp'"},
        {"'kind': 'http'", "'kind': 'tcp'", "names.shop.example.test.probe."},
        {"'kind': 'http'", "'kind': 'none'", "names.shop.example.test.probe."},
        {"'path': '/healthz'", "'path': 'healthz'", "names.shop.example.test.probe.path: exp"},
        {"'path': '/healthz'", "'path': '/a\\r\\nb'",
         "names.shop.example.test.probe.path: found the byte 0xd"},
        {"'host': null", "'host': ''", "names.shop.example.test.probe.host: expected 1"},
        {"'host': null", "'host': 'a b'", "names.shop.example.test.probe.host: found the byte"},
        {"'status': 204", "'status': 99", "names.shop.example.test.probe.status: found 99"},
        {"'status': 204", "'status': 600", "names.shop.example.test.probe.status: found 600"},
        {"'interval_ms': 500", "'interval_ms': 99",
         "names.shop.example.test.probe.interval_ms: found 99, expected 0 or 100"},
        {"192.0.2.20", "192.0.2.256", "names.shop.example.test.endpoints.address: found '192."},
        {"192.0.2.20", "shop", "names.shop.example.test.endpoints.address: found 'shop'"},
        {"'192.0.2.20', 'port': 80", "'192.0.2.10', 'port': 8080",
         "names.shop.example.test.endpoints: found 192.0.2.10 port 8080 twice"},
        {"'192.0.2.20', 'port': 80", "'192.0.2.10', 'port': 0",
         "names.shop.example.test.endpoints.port: found 0, expected 1"},
        {"'weight': 2", "'weight': 0", "names.shop.example.test.endpoints.weight: found 0"},
        {"'pin': 'none'", "'pin': 'x'", "names.shop.example.test.endpoints.pin: found 'x'"},
        {"'kind': 'http', 'port': 80, 'path': '/healthz', 'host': null, 'status': 204,",
         "'kind': 'none', 'port': 80,", "names.shop.example.test.probe.kind: found none"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct intent *intent = NULL;
        struct err err = {0};
        int r = read_changed(cases[i].from, cases[i].to, &intent, &err);

        if (r != -EINVAL || strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0)
            fail_msg("%s: got %d '%s', expected '%s'", cases[i].to, r, err.text,
                     cases[i].place);
        assert_null(intent);
    }
}

static void test_a_key_that_stands_twice_is_refused(void **state)
{
    struct intent *intent = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_changed("'ttl': 5", "'ttl': 5, 'ttl': 6", &intent, &err), -EINVAL);
}

static void test_dns_names_are_lower_case_labels_of_63_at_most(void **state)
{
    static const char *const label63 =
        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123";
    char name[300];

    (void)state;
    assert_true(dns_name_is_valid("test"));
    assert_true(dns_name_is_valid("_http.a-1.example.test"));
    assert_true(dns_name_is_valid(label63));
    assert_false(dns_name_is_valid(""));
    assert_false(dns_name_is_valid("."));
    assert_false(dns_name_is_valid("a."));
    assert_false(dns_name_is_valid(".a"));
    assert_false(dns_name_is_valid("a..b"));
    assert_false(dns_name_is_valid("-a"));
    assert_false(dns_name_is_valid("a-.b"));
    assert_false(dns_name_is_valid("A"));
    assert_false(dns_name_is_valid("*.a"));
    (void)snprintf(name, sizeof(name), "%s4", label63);
    assert_false(dns_name_is_valid(name));
    (void)snprintf(name, sizeof(name), "%s.%s.%s.%.61s", label63, label63, label63, label63);
    assert_int_equal(strlen(name), DNS_NAME_TEXT_MAX);
    assert_true(dns_name_is_valid(name));
    (void)snprintf(name, sizeof(name), "%s.%s.%s.%.62s", label63, label63, label63, label63);
    assert_false(dns_name_is_valid(name));
}

static void test_a_name_is_within_a_zone_at_a_dot_only(void **state)
{
    (void)state;
    assert_true(dns_name_is_within("example.test", "example.test"));
    assert_true(dns_name_is_within("a.b.example.test", "example.test"));
    assert_false(dns_name_is_within("badexample.test", "example.test"));
    assert_false(dns_name_is_within("test", "example.test"));
    assert_false(dns_name_is_within("example.org", "example.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_intent_reads_back_as_it_was_written),
        cmocka_unit_test(test_endpoints_are_sorted_and_spelled_in_one_way),
        cmocka_unit_test(test_each_wrong_field_is_named),
        cmocka_unit_test(test_a_key_that_stands_twice_is_refused),
        cmocka_unit_test(test_dns_names_are_lower_case_labels_of_63_at_most),
        cmocka_unit_test(test_a_name_is_within_a_zone_at_a_dot_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
