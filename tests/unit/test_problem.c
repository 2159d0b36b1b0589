/* SPDX-License-Identifier: Apache-2.0 */
/* model/problem: what is wrong with a file, bounded, in the words of compilers. */
#include "base/scope.h"
#include "model/problem.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void test_a_problem_names_file_line_and_column(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct problems problems;
    struct err err = {0};

    (void)state;
    problems_init(&problems, arena);
    assert_int_equal(
        problems_add(&problems, (struct place){"a.yaml", 3, 5}, "unknown key '%s'", "imge"),
        -EINVAL);
    problems_warn(&problems, (struct place){"a.yaml", 0, 0}, "old");
    (void)problems_add(&problems, (struct place){0}, "no file");
    assert_string_equal(problem_text(arena, &problems.items[0]),
                        "a.yaml:3:5: unknown key 'imge'");
    assert_string_equal(problem_text(arena, &problems.items[1]), "a.yaml: warning: old");
    assert_string_equal(problem_text(arena, &problems.items[2]), "no file");
    assert_int_equal(problems_err(&problems, &err), -EINVAL);
    assert_string_equal(err.text, "a.yaml:3:5: unknown key 'imge' (and 1 more)");
}

static void test_the_list_is_bounded_and_counts_on(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    for (unsigned i = 0; i < 1000; i++)
        (void)problems_add(&problems, (struct place){"a.yaml", 1000 - i, 1}, "wrong");
    problems_warn(&problems, (struct place){"a.yaml", 1, 1}, "still heard");
    assert_int_equal(problems.errors, 1000);
    assert_int_equal(problems.count, PROBLEMS_KEPT_MAX + 1);
    problems_sort(&problems);
    assert_string_equal(problems.items[0].text, "still heard");
    assert_int_equal(problems.items[1].place.line, 1001 - PROBLEMS_KEPT_MAX);
}

static void test_a_long_text_stays_utf8(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    for (size_t skip = 0; skip < 4; skip++) {
        char text[2001] = "....";

        for (size_t i = skip; i + 2 < sizeof(text); i += 2)
            memcpy(text + i, "\xc3\xa9", 2);
        (void)problems_add(&problems, (struct place){0}, "%s", text);
        json_t *json = problems_to_json(&problems);
        assert_int_equal(json_array_size(json), skip + 1);
        assert_non_null(json_object_get(json_array_get(json, skip), "message"));
        json_decref(json);
    }
}

static void test_what_is_not_supported_is_an_error_of_its_own_kind(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    assert_int_equal(problems_refuse(&problems, (struct place){"a.yaml", 1, 1}, "not yet"),
                     -EOPNOTSUPP);
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.unsupported, 1);
    (void)problems_add(&problems, (struct place){"a.yaml", 2, 1}, "wrong");
    assert_int_equal(problems.errors, 2);
    assert_int_equal(problems.unsupported, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_problem_names_file_line_and_column),
        cmocka_unit_test(test_the_list_is_bounded_and_counts_on),
        cmocka_unit_test(test_a_long_text_stays_utf8),
        cmocka_unit_test(test_what_is_not_supported_is_an_error_of_its_own_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
