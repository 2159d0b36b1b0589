/* SPDX-License-Identifier: Apache-2.0 */
/* control/pace: how fast one cluster is asked. */
#include "control/pace.h"
#include "unit.h"

static void test_a_link_that_fails_again_and_again_is_tried_ever_less_often(void **state)
{
    static const unsigned expected[] = {500, 1000, 2000, 2000, 2000};
    struct pace pace;

    (void)state;
    pace_init(&pace);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(pace_on_failure(&pace, false, i * 1000), expected[i]);
}

static void test_a_link_that_was_steady_is_made_anew_soon(void **state)
{
    struct pace pace;

    (void)state;
    pace_init(&pace);
    for (unsigned i = 0; i < 4; i++)
        (void)pace_on_failure(&pace, false, i);
    pace_on_ready(&pace, 5000);
    assert_int_equal(pace_on_failure(&pace, true, 5000 + PACE_STEADY_MS), PACE_RETRY_MS_MIN);
}

/* An Engine that breaks each stream as soon as it is open would be connected to without end. */
static void test_a_link_that_was_ready_for_a_moment_only_is_not(void **state)
{
    struct pace pace;
    uint64_t now = 0;

    (void)state;
    pace_init(&pace);
    for (unsigned i = 0; i < 10; i++) {
        pace_on_ready(&pace, now);
        now += PACE_STEADY_MS - 1;
        (void)pace_on_failure(&pace, true, now);
    }
    assert_int_equal(pace.retry_ms, PACE_RETRY_MS_MAX);
}

/* Walks the chart in the header, with a look at 1000 that took 100. */
static void test_the_next_look_comes_when_the_chart_says(void **state)
{
    static const struct {
        struct pace_news news;
        uint64_t now_ms, wait_ms;
    } cases[] = {
        {{.has_changed = false}, 1100, 4900},
        {{.has_changed = false, .is_busy = true}, 1100, 4900},
        {{.has_changed = false, .is_mirror = true}, 1100, 4900},
        {{.has_changed = true}, 1100, 0},
        {{.has_changed = true, .is_busy = true}, 1100, 900},
        {{.has_changed = true, .is_busy = true}, 2500, 0},
        {{.has_changed = true, .is_busy = true, .is_full = true}, 1100, 4900},
        {{.has_changed = true, .is_full = true}, 1100, 0},
        {{.has_changed = true, .is_mirror = true}, 1100, 900},
        {{.has_changed = true, .is_mirror = true, .is_busy = true}, 1100, 900},
    };
    struct pace pace;

    (void)state;
    pace_init(&pace);
    pace_look_begin(&pace, 1000);
    pace_look_end(&pace, 1100);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(pace_look_wait(&pace, cases[i].news, cases[i].now_ms),
                         cases[i].wait_ms);
}

static void test_a_look_that_took_no_time_is_not_taken_without_a_pause_either(void **state)
{
    struct pace pace;

    (void)state;
    pace_init(&pace);
    pace_look_begin(&pace, 1000);
    pace_look_end(&pace, 1000);
    assert_int_equal(
        pace_look_wait(&pace, (struct pace_news){.has_changed = true, .is_busy = true}, 1000),
        PACE_LOOK_MS_MIN);
    assert_int_equal(
        pace_look_wait(&pace, (struct pace_news){.has_changed = true, .is_mirror = true}, 1000),
        PACE_LOOK_MIRROR_MS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_link_that_fails_again_and_again_is_tried_ever_less_often),
        cmocka_unit_test(test_a_link_that_was_steady_is_made_anew_soon),
        cmocka_unit_test(test_a_link_that_was_ready_for_a_moment_only_is_not),
        cmocka_unit_test(test_the_next_look_comes_when_the_chart_says),
        cmocka_unit_test(test_a_look_that_took_no_time_is_not_taken_without_a_pause_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
