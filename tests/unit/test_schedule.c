/* SPDX-License-Identifier: Apache-2.0 */
/* health/schedule: when the next probe starts; what the defaults promise. */
#include "health/schedule.h"
#include "health/verdict.h"
#include "unit.h"

static const struct probe defaults = {.kind = PROBE_TCP};

static void test_a_probe_may_bring_its_own_times(void **state)
{
    struct probe own = {.kind = PROBE_TCP, .interval_ms = 10000, .timeout_ms = 2000};
    struct schedule schedule = schedule_of(&own);

    (void)state;
    assert_int_equal(schedule.interval_ms, 10000);
    assert_int_equal(schedule.timeout_ms, 2000);
    schedule = schedule_of(&defaults);
    assert_int_equal(schedule.interval_ms, PROBE_INTERVAL_MS);
    assert_int_equal(schedule.timeout_ms, PROBE_TIMEOUT_MS);
}

static void test_the_jitter_only_shortens_and_by_a_fifth_at_most(void **state)
{
    struct schedule schedule = schedule_of(&defaults);
    unsigned least = UINT32_MAX;
    unsigned most = 0;
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (unsigned i = 0; i < 10000; i++) {
        unsigned next_ms = schedule_next_ms(&schedule, &random);

        least = next_ms < least ? next_ms : least;
        most = next_ms > most ? next_ms : most;
    }
    assert_int_equal(least, 400);
    assert_int_equal(most, 500);
}

static void test_a_few_start_at_once_and_many_are_spread(void **state)
{
    struct schedule schedule = schedule_of(&defaults);
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(schedule_first_ms(&schedule, 6, &random) <= 6);
        assert_true(schedule_first_ms(&schedule, 100000, &random) <= PROBE_INTERVAL_MS);
    }
}

static void test_the_second_look_is_never_later_than_the_next_probe(void **state)
{
    struct schedule often = {.interval_ms = 40, .timeout_ms = 10};
    struct schedule seldom = {.interval_ms = 60000, .timeout_ms = 10};

    (void)state;
    assert_int_equal(schedule_retry_ms(&often), 40);
    assert_int_equal(schedule_retry_ms(&seldom), PROBE_RETRY_MS);
}

/*
 * Plays the prober on a target that breaks at `fault_ms`, later than its first probe, and whose
 * probes then fail after `fails_after_ms`. Returns how long after the fault it is down.
 */
static unsigned time_to_down(unsigned fault_ms, unsigned fails_after_ms, struct random *random)
{
    struct schedule schedule = schedule_of(&defaults);
    unsigned ends[2] = {0, 0}; /* of the probes under way; 0: none */
    unsigned next_ms = 0;
    struct verdict v;

    verdict_init(&v, PROBE_RISE, PROBE_FALL);
    for (unsigned now = 0; now < fault_ms + 60000; now++) {
        for (unsigned i = 0; i < 2; i++) {
            if (!ends[i] || ends[i] > now)
                continue;
            ends[i] = 0;
            if (verdict_add(&v, false))
                return now - fault_ms;
            if (next_ms > now + schedule_retry_ms(&schedule))
                next_ms = now + schedule_retry_ms(&schedule);
        }
        if (now < next_ms)
            continue;
        next_ms = now + schedule_next_ms(&schedule, random);
        if (now < fault_ms)
            (void)verdict_add(&v, true);
        else if (!ends[0] || !ends[1])
            ends[ends[0] ? 1 : 0] = now + fails_after_ms;
    }
    return UINT32_MAX;
}

static void test_the_defaults_meet_both_promises_with_room(void **state)
{
    unsigned refused_ms = 0;
    unsigned silent_ms = 0;
    struct random random;

    (void)state;
    random_init(&random, 2);
    for (unsigned i = 0; i < 500; i++) {
        unsigned fault_ms = 1000 + random_below(&random, 1000);
        unsigned refused = time_to_down(fault_ms, 1, &random);
        unsigned silent = time_to_down(fault_ms, PROBE_TIMEOUT_MS, &random);

        refused_ms = refused > refused_ms ? refused : refused_ms;
        silent_ms = silent > silent_ms ? silent : silent_ms;
    }
    if (refused_ms > 605)
        fail_msg("refused: down after %u ms, promised 605", refused_ms);
    if (silent_ms > 1800)
        fail_msg("silent: down after %u ms, promised 1800", silent_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_probe_may_bring_its_own_times),
        cmocka_unit_test(test_the_jitter_only_shortens_and_by_a_fifth_at_most),
        cmocka_unit_test(test_a_few_start_at_once_and_many_are_spread),
        cmocka_unit_test(test_the_second_look_is_never_later_than_the_next_probe),
        cmocka_unit_test(test_the_defaults_meet_both_promises_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
