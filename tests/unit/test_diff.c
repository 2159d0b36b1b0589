/* SPDX-License-Identifier: Apache-2.0 */
/* plan/diff: what a plan changes. */
#include "plan/diff.h"
#include "unit.h"

#include <errno.h>

static struct placement web_before[] = {{"amber-1", 2}, {"birch-1", 2}, {"cedar-1", 2}};
static struct placement web_after[] = {{"amber-1", 3}, {"birch-1", 2}, {"dogwood-1", 1}};
static struct placement one[] = {{"amber-1", 1}};

static struct plan_service before_services[] = {
    {.name = "old", .placements = one, .placement_count = 1},
    {.name = "web", .placements = web_before, .placement_count = 3},
};
static struct plan_service after_services[] = {
    {.name = "new", .placements = one, .placement_count = 1},
    {.name = "web", .placements = web_after, .placement_count = 3},
};
static const struct plan before = {
    .app = "shop", .services = before_services, .service_count = 2};
static const struct plan after = {
    .app = "shop", .services = after_services, .service_count = 2};

static void assert_change(const struct change *change, const char *service, const char *cluster,
                          unsigned from, unsigned to, enum change_what what)
{
    assert_string_equal(change->service, service);
    assert_string_equal(change->cluster, cluster);
    assert_int_equal(change->from, from);
    assert_int_equal(change->to, to);
    assert_int_equal(change->what, what);
}

static void test_every_service_and_cluster_of_either_side_is_listed(void **state)
{
    SCOPED(diff_freep) struct diff *diff = diff_make(&after, &before, NULL);

    (void)state;
    assert_int_equal(diff->count, 6);
    assert_change(&diff->changes[0], "new", "amber-1", 0, 1, CHANGE_START);
    assert_change(&diff->changes[1], "old", "amber-1", 1, 0, CHANGE_REMOVE);
    assert_change(&diff->changes[2], "web", "amber-1", 2, 3, CHANGE_START);
    assert_change(&diff->changes[3], "web", "birch-1", 2, 2, CHANGE_KEEP);
    assert_change(&diff->changes[4], "web", "cedar-1", 2, 0, CHANGE_REMOVE);
    assert_change(&diff->changes[5], "web", "dogwood-1", 0, 1, CHANGE_START);
    assert_false(diff_is_empty(diff));
}

static void test_nothing_running_means_that_everything_starts(void **state)
{
    SCOPED(diff_freep) struct diff *diff = diff_make(&after, NULL, NULL);

    (void)state;
    assert_int_equal(diff->count, 4);
    for (size_t i = 0; i < diff->count; i++)
        assert_int_equal(diff->changes[i].what, CHANGE_START);
}

static void test_the_same_plan_changes_nothing(void **state)
{
    SCOPED(diff_freep) struct diff *diff = diff_make(&after, &after, NULL);

    (void)state;
    assert_int_equal(diff->count, 4);
    assert_true(diff_is_empty(diff));
}

static void test_a_redefined_service_is_replaced_where_it_stays(void **state)
{
    const char *names[] = {"web"};
    struct strings redefined = {names, 1};
    SCOPED(diff_freep) struct diff *diff = diff_make(&after, &before, &redefined);

    (void)state;
    assert_change(&diff->changes[2], "web", "amber-1", 2, 3, CHANGE_REPLACE);
    assert_change(&diff->changes[3], "web", "birch-1", 2, 2, CHANGE_REPLACE);
    assert_change(&diff->changes[4], "web", "cedar-1", 2, 0, CHANGE_REMOVE);
}

static void test_a_diff_reads_back_as_it_was_written(void **state)
{
    SCOPED(diff_freep) struct diff *diff = diff_make(&after, &before, NULL);
    SCOPED(diff_freep) struct diff *again = NULL;
    struct err err = {0};
    json_t *json = diff_to_json(diff);

    (void)state;
    assert_int_equal(diff_from_json(&again, json, &err), 0);
    assert_int_equal(again->count, diff->count);
    for (size_t i = 0; i < diff->count; i++)
        assert_change(&again->changes[i], diff->changes[i].service, diff->changes[i].cluster,
                      diff->changes[i].from, diff->changes[i].to, diff->changes[i].what);
    json_decref(json);

    json = json_loads("[{\"service\": \"web\", \"cluster\": \"a\", \"from\": 0, \"to\": 1,"
                      " \"what\": \"destroy\"}]",
                      0, NULL);
    SCOPED(diff_freep) struct diff *wrong = NULL;
    assert_int_equal(diff_from_json(&wrong, json, &err), -EINVAL);
    assert_string_equal(err.text,
                        "diff.what: found 'destroy', expected keep, start, remove or replace");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_service_and_cluster_of_either_side_is_listed),
        cmocka_unit_test(test_nothing_running_means_that_everything_starts),
        cmocka_unit_test(test_the_same_plan_changes_nothing),
        cmocka_unit_test(test_a_redefined_service_is_replaced_where_it_stays),
        cmocka_unit_test(test_a_diff_reads_back_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
