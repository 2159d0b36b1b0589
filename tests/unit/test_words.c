/* SPDX-License-Identifier: Apache-2.0 */
/* compose/words: commands become words as a shell would make them, without a shell. */
#include "base/scope.h"
#include "compose/words.h"
#include "unit.h"

#include <errno.h>

struct words_case {
    const char *text;
    const char *words[6];
    const char *rest;
};

static void test_commands_are_split_as_a_shell_would(void **state)
{
    static const struct words_case cases[] = {
        {"top", {"top"}, ""},
        {"  bundle exec\tthin -p\n3000 ", {"bundle", "exec", "thin", "-p", "3000"}, ""},
        {"sh -c 'a b  c'", {"sh", "-c", "a b  c"}, ""},
        {"echo \"a 'b'\" 'c \"d\"'", {"echo", "a 'b'", "c \"d\""}, ""},
        {"a\\ b c\\\"d", {"a b", "c\"d"}, ""},
        {"'a\\b' \"c\\\"d\"", {"a\\b", "c\"d"}, ""},
        {"a''b '' \"\"", {"ab", "", ""}, ""},
        {"echo $HOME $(date)", {"echo", "$HOME", "$(date)"}, ""},
        {"echo a && echo b", {"echo", "a"}, "&& echo b"},
        {"cat <x", {"cat"}, "<x"},
        {"echo 'a && b'", {"echo", "a && b"}, ""},
        {"", {NULL}, ""},
    };
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct strings words;
        const char *rest;
        size_t count = 0;

        assert_int_equal(words_split(&words, arena, cases[i].text, &rest), 0);
        while (count < 6 && cases[i].words[count])
            count++;
        assert_int_equal(words.count, count);
        for (size_t j = 0; j < count; j++)
            assert_string_equal(words.items[j], cases[i].words[j]);
        assert_string_equal(rest, cases[i].rest);
    }
}

static void test_open_quotes_are_refused(void **state)
{
    static const char *const cases[] = {"'a", "a \"b", "a\\", "\"a\\\""};
    SCOPED(arena_freep) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct strings words;
        const char *rest;

        assert_int_equal(words_split(&words, arena, cases[i], &rest), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_are_split_as_a_shell_would),
        cmocka_unit_test(test_open_quotes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
