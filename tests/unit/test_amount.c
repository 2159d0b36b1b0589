/* SPDX-License-Identifier: Apache-2.0 */
/* cli/amount: amounts as people read them. */
#include "cli/amount.h"
#include "unit.h"

static void test_bytes_are_never_rounded_up(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(amount_bytes(arena, 0), "0B");
    assert_string_equal(amount_bytes(arena, 1023), "1023B");
    assert_string_equal(amount_bytes(arena, 1024), "1KiB");
    assert_string_equal(amount_bytes(arena, UINT64_C(64) << 30), "64GiB");
    assert_string_equal(amount_bytes(arena, (UINT64_C(64) << 30) - 1), "63.9GiB");
    assert_string_equal(amount_bytes(arena, UINT64_C(3) << 29), "1.5GiB");
    assert_string_equal(amount_bytes(arena, UINT64_MAX), "15.9EiB");
}

static void test_cpus_have_as_many_digits_as_they_need(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(amount_cpus(arena, 16), "16");
    assert_string_equal(amount_cpus(arena, 100), "100");
    assert_string_equal(amount_cpus(arena, 1.5), "1.5");
    assert_string_equal(amount_cpus(arena, 0.25), "0.25");
    assert_string_equal(amount_cpus(arena, 0), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_never_rounded_up),
        cmocka_unit_test(test_cpus_have_as_many_digits_as_they_need),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
