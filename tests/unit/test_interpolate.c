/* SPDX-License-Identifier: Apache-2.0 */
/* compose/interpolate: variables in values, all forms of the Compose Specification. */
#include "base/buf.h"
#include "base/scope.h"
#include "compose/interpolate.h"
#include "unit.h"

#include <string.h>

static const char *find(const void *ctx, const char *name)
{
    (void)ctx;
    if (strcmp(name, "SET") == 0)
        return "value";
    if (strcmp(name, "EMPTY") == 0)
        return "";
    return strcmp(name, "LOOP") == 0 ? "$SET" : NULL;
}

static const struct variables variables = {find, NULL};

static void test_every_form_gives_what_compose_gives(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"$SET", "value"},
        {"${SET}", "value"},
        {"a$SET-b", "avalue-b"},
        {"$SETX", ""},
        {"$UNSET", ""},
        {"${UNSET}", ""},
        {"${UNSET:-text}", "text"},
        {"${EMPTY:-text}", "text"},
        {"${EMPTY-text}", ""},
        {"${UNSET-text}", "text"},
        {"${SET:-text}", "value"},
        {"${SET:+text}", "text"},
        {"${EMPTY:+text}", ""},
        {"${EMPTY+text}", "text"},
        {"${UNSET+text}", ""},
        {"${SET:?no}", "value"},
        {"${EMPTY?no}", ""},
        {"${UNSET:-${SET}}", "value"},
        {"${UNSET:-${EMPTY:-${SET}x}}y", "valuexy"},
        {"${UNSET:-a}b}", "ab}"},
        {"${UNSET:-}", ""},
        {"${UNSET:-{}}", "{}"},
        {"$$SET", "$SET"},
        {"$${SET}", "${SET}"},
        {"cost: $5, $(date), $", "cost: $5, $(date), $"},
        {"$LOOP", "$SET"},
        {"\xc3\xa9$SET\xc3\xa9", "\xc3\xa9value\xc3\xa9"},
    };
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct interpolation in = {.arena = arena, .variables = &variables};
        const char *out = NULL;

        if (interpolate_text(&in, cases[i][0], &out) != INTERPOLATE_OK)
            fail_msg("%s is refused", cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
}

static void test_what_is_no_variable_is_refused(void **state)
{
    static const char *const cases[] = {"${",     "${}",          "${SET",
                                        "${1}",   "${SET!x}",     "${SET:x}",
                                        "${SET:", "${UNSET:-${}", "${ SET }"};
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct interpolation in = {.arena = arena, .variables = &variables};
        const char *out = NULL;

        if (interpolate_text(&in, cases[i], &out) != INTERPOLATE_INVALID)
            fail_msg("%s is accepted", cases[i]);
    }
}

static void test_a_required_variable_names_itself_and_its_message(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct interpolation in = {.arena = arena, .variables = &variables};
    const char *out = NULL;

    (void)state;
    assert_int_equal(interpolate_text(&in, "${EMPTY:?say $SET}", &out), INTERPOLATE_REQUIRED);
    assert_string_equal(in.name, "EMPTY");
    assert_string_equal(in.message, "say value");
}

static void test_nesting_is_bounded(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct interpolation in = {.arena = arena, .variables = &variables};
    const char *out = NULL;
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&text, "${U:-"), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&text, "}"), 0);
    assert_int_equal(interpolate_text(&in, buf_text(&text), &out), INTERPOLATE_INVALID);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_gives_what_compose_gives),
        cmocka_unit_test(test_what_is_no_variable_is_refused),
        cmocka_unit_test(test_a_required_variable_names_itself_and_its_message),
        cmocka_unit_test(test_nesting_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
