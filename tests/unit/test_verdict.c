/* SPDX-License-Identifier: Apache-2.0 */
/* health/verdict: single results into a verdict that does not flap. */
#include "health/verdict.h"
#include "unit.h"

#include <string.h>

/* Adds one result per letter: 'o' success, 'x' failure. Returns how often the verdict changed.
 */
static unsigned add(struct verdict *v, const char *results)
{
    unsigned changes = 0;

    for (; *results; results++)
        changes += verdict_add(v, *results == 'o');
    return changes;
}

static void add_many(struct verdict *v, unsigned count, bool ok)
{
    for (unsigned i = 0; i < count; i++)
        (void)verdict_add(v, ok);
}

static void test_the_walk_of_a_target(void **state)
{
    static const struct {
        const char *before, *results;
        enum verdict_state state;
        unsigned changes;
    } cases[] = {
        {"", "", VERDICT_UNKNOWN, 0},   {"", "o", VERDICT_UP, 1},
        {"", "x", VERDICT_UNKNOWN, 0},  {"", "xo", VERDICT_UP, 1},
        {"", "xx", VERDICT_DOWN, 1},    {"o", "x", VERDICT_UP, 0},
        {"o", "xoxoxo", VERDICT_UP, 0}, {"o", "xx", VERDICT_DOWN, 1},
        {"o", "xxxx", VERDICT_DOWN, 1}, {"oxx", "o", VERDICT_DOWN, 0},
        {"oxx", "oo", VERDICT_UP, 1},   {"oxx", "oxoxox", VERDICT_DOWN, 0},
        {"oxx", "oxoo", VERDICT_UP, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct verdict v;

        verdict_init(&v, 2, 2);
        (void)add(&v, cases[i].before);
        unsigned changes = add(&v, cases[i].results);
        if (changes != cases[i].changes || v.state != cases[i].state)
            fail_msg("'%s' then '%s': got %s after %u changes, expected %s after %u",
                     cases[i].before, cases[i].results, verdict_state_name(v.state), changes,
                     verdict_state_name(cases[i].state), cases[i].changes);
    }
}

static void test_one_lost_probe_changes_nothing(void **state)
{
    struct verdict v;

    (void)state;
    verdict_init(&v, 2, 2);
    (void)add(&v, "ooo");
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(add(&v, "xo"), 0);
    assert_int_equal(v.state, VERDICT_UP);
}

static void test_a_surprise_asks_for_a_second_look(void **state)
{
    struct verdict v;

    (void)state;
    verdict_init(&v, 2, 2);
    assert_false(verdict_is_in_doubt(&v));
    (void)add(&v, "o");
    assert_false(verdict_is_in_doubt(&v));
    (void)add(&v, "x");
    assert_true(verdict_is_in_doubt(&v));
    (void)add(&v, "x");
    assert_false(verdict_is_in_doubt(&v));
    (void)add(&v, "o");
    assert_true(verdict_is_in_doubt(&v));
}

static void test_a_target_that_relapses_has_to_prove_itself_for_longer(void **state)
{
    struct verdict v;

    (void)state;
    verdict_init(&v, 2, 2);
    (void)add(&v, "oxx"); /* the first fall costs nothing */
    assert_int_equal(add(&v, "oo"), 1);
    (void)add(&v, "xx");
    assert_int_equal(add(&v, "ooo"), 0);
    assert_int_equal(add(&v, "o"), 1);
    for (unsigned i = 0; i < 10; i++) {
        (void)add(&v, "xx");
        add_many(&v, 2 * VERDICT_RISE_FACTOR_MAX - 1, true);
        (void)verdict_add(&v, true);
        assert_int_equal(v.state, VERDICT_UP);
    }
    (void)add(&v, "xx");
    add_many(&v, 2 * VERDICT_RISE_FACTOR_MAX - 1, true);
    assert_int_equal(v.state, VERDICT_DOWN);
}

static void test_a_calm_time_forgives(void **state)
{
    struct verdict v;

    (void)state;
    verdict_init(&v, 2, 2);
    (void)add(&v, "oxxooxxoooo"); /* one relapse, up again */
    assert_int_equal(v.state, VERDICT_UP);
    add_many(&v, VERDICT_CALM, true);
    (void)add(&v, "xx");
    assert_int_equal(add(&v, "oo"), 1);
}

static void test_states_have_the_names_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(verdict_state_name(VERDICT_UNKNOWN), "unknown");
    assert_string_equal(verdict_state_name(VERDICT_UP), "up");
    assert_string_equal(verdict_state_name(VERDICT_DOWN), "down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_walk_of_a_target),
        cmocka_unit_test(test_one_lost_probe_changes_nothing),
        cmocka_unit_test(test_a_surprise_asks_for_a_second_look),
        cmocka_unit_test(test_a_target_that_relapses_has_to_prove_itself_for_longer),
        cmocka_unit_test(test_a_calm_time_forgives),
        cmocka_unit_test(test_states_have_the_names_of_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
