/* SPDX-License-Identifier: Apache-2.0 */
/* nameserver/table_json: the table and its changes as docs/api.md has them. */
#include "nameserver/table_json.h"
#include "steer_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void check_json(json_t *json, const char *expected)
{
    char *text = json_dumps(json, JSON_COMPACT);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void test_a_table_says_what_is_answered_and_why(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "-u -d");
    w.pointers[1] = NULL;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    check_json(
        table_to_json(table),
        "{\"generation\":7,\"serial\":1,\"zone\":\"example.test\",\"names\":[{\"name\":"
        "\"shop.example.test\",\"app\":\"shop\",\"service\":\"web\",\"ttl\":5,\"fail_open\":"
        "false,\"endpoints\":[{\"address\":\"192.0.2.10\",\"port\":80,\"cluster\":\"amber-1\","
        "\"region\":\"north\",\"provider\":\"amber\",\"verdict\":\"up\",\"since\":"
        "\"1970-01-01T00:00:00.005Z\",\"weight\":100,\"answered\":true,\"why\":\"up\"},"
        "{\"address\":\"192.0.2.11\",\"port\":80,\"cluster\":\"amber-1\",\"region\":\"north\","
        "\"provider\":\"amber\",\"verdict\":\"unknown\",\"since\":null,\"weight\":0,"
        "\"answered\":false,\"why\":\"not known yet\"}]}]}");
}

static void test_no_table_is_a_table_without_names(void **state)
{
    (void)state;
    check_json(table_to_json(NULL),
               "{\"generation\":0,\"serial\":0,\"zone\":null,\"names\":[]}");
}

static void test_a_fall_is_told_as_verdict_and_as_answers(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "shop.example.test", "-u -u -u");
    world_add(&after, "shop.example.test", "-u -d -u");
    before.endpoints[2].address = after.endpoints[2].address = "2001:db8::1";
    SCOPED(table_freep) struct table *old = world_decide(&before);
    SCOPED(table_freep) struct table *new = world_decide(&after);
    struct changes changes = changes_find(arena, old, new);

    assert_int_equal(changes.count, 2);
    check_json(change_to_json(&changes.items[0]),
               "{\"kind\":\"verdict\",\"name\":\"shop.example.test\",\"address\":"
               "\"192.0.2.11\",\"port\":80,\"cluster\":\"amber-1\",\"verdict\":\"down\","
               "\"answers\":[\"192.0.2.10\",\"2001:db8::1\"],\"reason\":\"shop.example.test: "
               "192.0.2.11 port 80 at amber-1: down: HTTP 503\"}");
    check_json(change_to_json(&changes.items[1]),
               "{\"kind\":\"answers\",\"name\":\"shop.example.test\",\"address\":"
               "\"192.0.2.11\",\"port\":80,\"cluster\":\"amber-1\",\"verdict\":\"down\","
               "\"answers\":[\"192.0.2.10\",\"2001:db8::1\"],\"reason\":\"shop.example.test: 2 "
               "addresses answered, as 192.0.2.11 port 80 at amber-1 is down\"}");
}

static void test_a_name_that_goes_is_told(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "shop.example.test", "-u");
    SCOPED(table_freep) struct table *old = world_decide(&before);
    SCOPED(table_freep) struct table *new = world_decide(&after);
    struct changes changes = changes_find(arena, old, new);

    assert_int_equal(changes.count, 1);
    check_json(change_to_json(&changes.items[0]),
               "{\"kind\":\"answers\",\"name\":\"shop.example.test\",\"address\":\"\",\"port\":"
               "0,\"cluster\":\"\",\"verdict\":\"\",\"answers\":[],\"reason\":"
               "\"shop.example.test: no longer answered\"}");
}

static void test_an_answer_without_a_verdict_gives_no_cause(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "+?");
    SCOPED(table_freep) struct table *table = world_decide(&w);
    struct changes changes = changes_find(arena, NULL, table);

    assert_int_equal(changes.count, 1);
    json_t *json = change_to_json(&changes.items[0]);
    assert_string_equal(json_string_value(json_object_get(json, "reason")),
                        "shop.example.test: 1 address answered");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_table_says_what_is_answered_and_why),
        cmocka_unit_test(test_no_table_is_a_table_without_names),
        cmocka_unit_test(test_a_fall_is_told_as_verdict_and_as_answers),
        cmocka_unit_test(test_a_name_that_goes_is_told),
        cmocka_unit_test(test_an_answer_without_a_verdict_gives_no_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
