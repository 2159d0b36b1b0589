/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static int read_text(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    return number_read(text, strlen(text), min, max, out);
}

static void test_digits_become_their_number(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_int_equal(read_text("0", 0, 10, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(read_text("0080", 1, 65535, &value), 0);
    assert_int_equal(value, 80);
    assert_int_equal(read_text("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(number_read("8080", 2, 0, 100, &value), 0);
    assert_int_equal(value, 80);
}

static void test_a_number_outside_its_range_is_refused_and_nothing_is_set(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_int_equal(read_text("65536", 1, 65535, &value), -ERANGE);
    assert_int_equal(read_text("0", 1, 65535, &value), -ERANGE);
    assert_int_equal(read_text("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
    assert_int_equal(read_text("99999999999999999999999", 0, UINT64_MAX, &value), -ERANGE);
    assert_int_equal(value, 7);
}

static void test_what_strtol_lets_pass_is_refused(void **state)
{
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1.0", "1e3", "a"};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_text(bad[i], 0, UINT64_MAX, &value), -EINVAL);
    assert_int_equal(value, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_become_their_number),
        cmocka_unit_test(test_a_number_outside_its_range_is_refused_and_nothing_is_set),
        cmocka_unit_test(test_what_strtol_lets_pass_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
