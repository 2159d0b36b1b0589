/* SPDX-License-Identifier: Apache-2.0 */
/* model/plan_json: a plan as JSON, both ways. */
#include "model/plan_json.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const shop =
    "{'app': 'shop', 'services': {"
    "'web': {'needed': 4, 'placed': {'birch-1': 2, 'amber-1': 2, 'cedar-1': 2}, 'total': 6,"
    " 'survives': true, 'pinned': false, 'survive': {'provider': 1}, 'why': '4 + 2',"
    " 'certificate': [{'level': 'provider', 'lost': 'amber', 'left': 4, 'needed': 4}]},"
    "'db': {'needed': 1, 'placed': {'amber-1': 1}, 'total': 1, 'survives': false,"
    " 'pinned': true, 'survive': {}, 'why': 'pinned', 'certificate': []}},"
    "'survive_source': 'the file', 'refusals': [{'service': 'x', 'reason': 'r', 'fix': 'f'}],"
    "'warnings': ['db is pinned']}";

/* Replaces the first `from` of the shop by `to` and reads it as a plan, with ' for ". */
static int read_changed(const char *from, const char *to, struct plan **out, struct err *err)
{
    char text[2048];
    const char *at = strstr(shop, from);

    assert_non_null(at);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - shop), shop, to,
                   at + strlen(from));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;

    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    int r = plan_from_json(out, json, err);
    json_decref(json);
    return r;
}

static void test_a_plan_reads_back_as_it_was_written(void **state)
{
    struct plan *plan = NULL;
    struct plan *again = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_changed("'app'", "'app'", &plan, &err), 0);
    json_t *json = plan_to_json(plan);
    assert_int_equal(plan_from_json(&again, json, &err), 0);
    json_t *json_again = plan_to_json(again);

    assert_true(json_equal(json, json_again));
    assert_int_equal(again->service_count, 2);
    assert_string_equal(again->services[0].name, "db");
    assert_int_equal(plan_replicas(again, "web", "cedar-1"), 2);
    assert_int_equal(again->services[1].certificate[0].level, DOMAIN_PROVIDER);
    assert_string_equal(again->warnings.items[0], "db is pinned");

    json_decref(json);
    json_decref(json_again);
    plan = plan_free(plan);
    again = plan_free(again);
}

static void test_each_wrong_field_is_named(void **state)
{
    static const struct {
        const char *from, *to, *place;
    } cases[] = {
        {"'app': 'shop'", "'app': 7", "app: found an integer, expected a string"},
        {"'app': 'shop'", "'app': 'a/b'", "app: found the name 'a/b'"},
        {"'app': 'shop', ", "", "app: found nothing, expected a string"},
        {"'needed': 4, ", "'needed': -1, ", "services.web.needed: found -1, expected 0 to"},
        {"'needed': 4, ", "'needed': 4.5, ", "services.web.needed: found a fraction"},
        {"'needed': 4, ", "'needed': 4, 'x': 1, ", "services.web.x: unknown key"},
        {"'total': 6", "'total': 7", "services.web.placed: the sum is 6, but total is 7"},
        {"'birch-1': 2", "'birch-1': 0", "services.web.placed.birch-1: found 0"},
        {"'birch-1': 2", "'': 2", "services.web.placed: found the name ''"},
        {"{'provider': 1}", "{'planet': 1}", "services.web.survive.planet: unknown key"},
        {"{'provider': 1}", "[]", "services.web.survive: found an array, expected an object"},
        {"'level': 'provider'", "'level': 'p'", "services.web.certificate.level: found 'p'"},
        {"['db is pinned']", "[null]", "warnings: found null, expected a string"},
        {"['db is pinned']", "['a\\u0000b']", "warnings: found a NUL byte"},
        {"[{'service'", "[{'servant'", "refusals.servant: unknown key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan *plan = NULL;
        struct err err = {0};
        int r = read_changed(cases[i].from, cases[i].to, &plan, &err);

        if (r != -EINVAL || strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0)
            fail_msg("%s: got %d '%s', expected '%s'", cases[i].to, r, err.text,
                     cases[i].place);
        assert_null(plan);
    }
}

static void test_a_document_that_is_not_an_object_is_refused(void **state)
{
    struct plan *plan = NULL;
    struct err err = {0};
    json_t *json = json_array();

    (void)state;
    assert_int_equal(plan_from_json(&plan, json, &err), -EINVAL);
    assert_string_equal(err.text, "the document: found an array, expected an object");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_reads_back_as_it_was_written),
        cmocka_unit_test(test_each_wrong_field_is_named),
        cmocka_unit_test(test_a_document_that_is_not_an_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
