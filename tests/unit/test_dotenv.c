/* SPDX-License-Identifier: Apache-2.0 */
/* compose/dotenv: files of variables, as Compose reads them. */
#include "base/scope.h"
#include "compose/dotenv.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const char *find(const void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "OUTER") == 0 ? "outer" : NULL;
}

static const struct variables variables = {find, NULL};

static void test_each_way_to_write_a_variable(void **state)
{
    static const char text[] = "\xef\xbb\xbf# a comment\n"
                               "PLAIN=value # comment\n"
                               "\n"
                               "  export EXPORTED = spaced out  \r\n"
                               "COLON: yaml\n"
                               "HASH=a#b\n"
                               "SINGLE='$PLAIN \\n # x' # comment\n"
                               "DOUBLE=\"$PLAIN\\n\\\"x\\\" \\$PLAIN\"\n"
                               "LINES=\"one\n"
                               "two\"\n"
                               "EMPTY=\n"
                               "ALONE\n"
                               "EARLIER=${PLAIN}/${OUTER}/${NONE:-d}\n"
                               "LAST=end";
    static const char *const expected[][2] = {
        {"PLAIN", "value"},
        {"EXPORTED", "spaced out"},
        {"COLON", "yaml"},
        {"HASH", "a#b"},
        {"SINGLE", "$PLAIN \\n # x"},
        {"DOUBLE", "value\n\"x\" $PLAIN"},
        {"LINES", "one\ntwo"},
        {"EMPTY", ""},
        {"ALONE", NULL},
        {"EARLIER", "value/outer/d"},
        {"LAST", "end"},
    };
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct dotenv env = {0};
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    assert_int_equal(dotenv_read(&env, arena, ".env", text, false, &variables, &problems), 0);
    assert_int_equal(env.count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < env.count; i++) {
        assert_string_equal(env.items[i].name, expected[i][0]);
        if (expected[i][1])
            assert_string_equal(env.items[i].value, expected[i][1]);
        else
            assert_null(env.items[i].value);
    }
    assert_int_equal(env.items[9].place.line, 13);
}

static void test_raw_files_are_taken_as_they_are(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct dotenv env = {0};
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    assert_int_equal(
        dotenv_read(&env, arena, ".env", "A=\"$x\" # y\n", true, &variables, &problems), 0);
    assert_string_equal(env.items[0].value, "\"$x\" # y");
}

static void test_mistakes_are_told_with_their_place(void **state)
{
    static const char *const cases[][2] = {
        {"A=1\nB=\"x\n", ".env:2:3: the quote \" is not closed"},
        {"=x\n", ".env:1:1: found '=x', expected NAME=VALUE"},
        {"A B=1", ".env:1:3: found 'A B=1', expected NAME=VALUE"},
        {"A='x' y\n", ".env:1:7: 'y' behind the closing quote, expected the end of the line"},
        {"A=${x\n", ".env:1:3: what stands behind '${' is no variable; write '$$' for the sign "
                    "itself, or put it into single quotes"},
        {"A=${X:?must be set}",
         ".env:1:3: the variable 'X' is required and has no value: must be set"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SCOPED(arena_freep) struct arena *arena = arena_new();
        struct dotenv env = {0};
        struct problems problems;

        problems_init(&problems, arena);
        assert_int_equal(
            dotenv_read(&env, arena, ".env", cases[i][0], false, &variables, &problems),
            -EINVAL);
        assert_string_equal(problem_text(arena, &problems.items[0]), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way_to_write_a_variable),
        cmocka_unit_test(test_raw_files_are_taken_as_they_are),
        cmocka_unit_test(test_mistakes_are_told_with_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
