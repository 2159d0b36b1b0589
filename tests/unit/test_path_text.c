/* SPDX-License-Identifier: Apache-2.0 */
/* base/path_text: paths are joined and cleaned without a look at the disk. */
#include "base/path_text.h"
#include "base/scope.h"
#include "unit.h"

static void test_paths_are_cleaned(void **state)
{
    static const char *const cases[][2] = {
        {"", "."},
        {".", "."},
        {"/", "/"},
        {"//", "/"},
        {"a//b/", "a/b"},
        {"./a/./b", "a/b"},
        {"a/../b", "b"},
        {"a/..", "."},
        {"../a", "../a"},
        {"../../a", "../../a"},
        {"/../a", "/a"},
        {"/a/b/../../c", "/c"},
        {"a/../../b", "../b"},
        {"/a/..", "/"},
        {"..", ".."},
        {"...", "..."},
    };
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(path_clean(arena, cases[i][0]), cases[i][1]);
}

static void test_paths_are_joined_and_taken_apart(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(path_join(arena, "/a/b", "../c"), "/a/c");
    assert_string_equal(path_join(arena, "/a", "/c/./d"), "/c/d");
    assert_string_equal(path_join(arena, "", "c"), "c");
    assert_string_equal(path_folder(arena, "/a/b"), "/a");
    assert_string_equal(path_folder(arena, "/a"), "/");
    assert_string_equal(path_folder(arena, "b"), ".");
    assert_string_equal(path_folder(arena, "a/b"), "a");
    assert_string_equal(path_name(arena, "/a/b/"), "b");
    assert_string_equal(path_name(arena, "b"), "b");
    assert_string_equal(path_name(arena, "/"), "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_are_cleaned),
        cmocka_unit_test(test_paths_are_joined_and_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
