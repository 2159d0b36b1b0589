/* SPDX-License-Identifier: Apache-2.0 */
/* base/quantity: numbers with units are read exactly, or not at all. */
#include "base/quantity.h"
#include "unit.h"

#include <errno.h>

#define KIB UINT64_C(1024)
#define S   UINT64_C(1000000000)

struct unit_case {
    const char *text;
    int result;
    uint64_t value;
};

static void check(const struct unit_case *cases, size_t count,
                  int (*read)(const char *text, uint64_t max, uint64_t *out), uint64_t max)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        int r = read(cases[i].text, max, &value);

        if (r != cases[i].result || value != cases[i].value)
            fail_msg("'%s': %d, %llu", cases[i].text, r, (unsigned long long)value);
    }
}

#define CHECK(cases, read, max) check(cases, sizeof(cases) / sizeof((cases)[0]), read, max)

static void test_bytes_are_powers_of_1024(void **state)
{
    static const struct unit_case cases[] = {
        {"1024", 0, KIB},
        {"64GiB", 0, 64 * KIB * KIB * KIB},
        {"64g", 0, 64 * KIB * KIB * KIB},
        {"1.5 MB", 0, 1536 * KIB},
        {"512m", 0, 512 * KIB * KIB},
        {"10b", 0, 10},
        {"0.3", 0, 0},
        {"1p", 0, KIB * KIB * KIB * KIB * KIB},
        {"", -EINVAL, 0},
        {"m", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1x", -EINVAL, 0},
        {"1mm", -EINVAL, 0},
        {"1  m", -EINVAL, 0},
        {"1Ki", -EINVAL, 0},
        {"1.2.3m", -EINVAL, 0},
        {"1025p", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
    };

    (void)state;
    CHECK(cases, quantity_bytes, UINT64_C(1) << 60);
}

static void test_durations_need_their_unit(void **state)
{
    static const struct unit_case cases[] = {
        {"5s", 0, 5 * S},      {"1m30s", 0, 90 * S},  {"1.5h", 0, 5400 * S},
        {"100ms", 0, S / 10},  {"2us", 0, 2000},      {"3ns", 0, 3},
        {"2d", 0, 172800 * S}, {"1w", 0, 604800 * S}, {"0", 0, 0},
        {"0s", 0, 0},          {"", -EINVAL, 0},      {"5", -EINVAL, 0},
        {"s", -EINVAL, 0},     {"-5s", -EINVAL, 0},   {"5 s", -EINVAL, 0},
        {"1y", -EINVAL, 0},    {"3000w", -ERANGE, 0}, {"99999999999999w", -ERANGE, 0},
    };

    (void)state;
    CHECK(cases, quantity_duration_ns, 366 * UINT64_C(86400) * S);
}

static int read_cpus(const char *text, uint64_t max, uint64_t *out)
{
    return quantity_decimal(text, 9, max, out);
}

static void test_decimals_are_exact(void **state)
{
    static const struct unit_case cases[] = {
        {"0.1", 0, S / 10}, {"16", 0, 16 * S},      {".5", 0, S / 2},
        {"2.", 0, 2 * S},   {"0.0000000019", 0, 1}, {"1e3", -EINVAL, 0},
        {"+1", -EINVAL, 0}, {".", -EINVAL, 0},      {"1000001", -ERANGE, 0},
    };

    (void)state;
    CHECK(cases, read_cpus, 1000000 * S);
}

static void test_durations_are_written_as_go_does(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},           {5 * S, "5s"},          {60 * S, "1m0s"},
        {90 * S, "1m30s"},   {3600 * S, "1h0m0s"},   {100 * 3600 * S + 1, "100h0m0.000000001s"},
        {S / 10, "100ms"},   {1500, "1.5\xc2\xb5s"}, {7, "7ns"},
        {S + S / 2, "1.5s"},
    };
    char text[QUANTITY_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(quantity_duration_text(cases[i].ns, text), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_powers_of_1024),
        cmocka_unit_test(test_durations_need_their_unit),
        cmocka_unit_test(test_decimals_are_exact),
        cmocka_unit_test(test_durations_are_written_as_go_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
