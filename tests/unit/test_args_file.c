/* SPDX-License-Identifier: Apache-2.0 */
/* cli/args_file: options from a file. */
#include "cli/args_file.h"
#include "cli/command.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const struct command_option options[] = {
    {.name = "config", .value = "FILE", .help = ""},
    {.name = "state", .value = "URL", .help = ""},
    {.name = "debug", .help = ""},
    {.name = "level", .value = "low|high", .help = ""},
    {.name = "listen", .value = "ADDRESS", .help = "", .repeats = true},
    OPTION_END,
};

static const struct command command = {.name = "try", .options = options};

struct fixture {
    struct arena *arena;
    struct args args;
    struct err err;
};

static int set_up(void **state)
{
    static struct fixture f;

    f = (struct fixture){.arena = arena_new()};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    f->arena = arena_free(f->arena);
    return 0;
}

static int read_text(struct fixture *f, const char *text)
{
    return args_file_read(&f->args, f->arena, &command, "s.conf", text, strlen(text), &f->err);
}

static void test_keys_are_the_options_of_the_command(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_text(f, "# comment\n\n state=sqlite:/x = y#z \t\nlevel = high\n"
                                  "\t# another\ndebug = true"),
                     0);
    assert_string_equal(args_value(&f->args, "state"), "sqlite:/x = y#z");
    assert_string_equal(args_value(&f->args, "level"), "high");
    assert_true(args_has(&f->args, "debug"));
}

static void test_an_option_without_value_is_true_or_false(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_text(f, "debug = false\n"), 0);
    assert_false(args_has(&f->args, "debug"));
    assert_int_equal(read_text(f, ""), 0);
    assert_int_equal(f->args.given_count, 0);
}

static void test_the_command_line_holds(void **state)
{
    static const char *const words[] = {"--state=memory:"};
    struct fixture *f = *state;

    assert_int_equal(args_parse(&f->args, f->arena, &command, words, 1, &f->err), ARGS_OK);
    assert_int_equal(read_text(f, "state = sqlite:/x\nlevel = low\n"), 0);
    assert_string_equal(args_value(&f->args, "state"), "memory:");
    assert_string_equal(args_value(&f->args, "level"), "low");
}

static void test_an_option_that_repeats_has_a_line_for_each_value(void **state)
{
    static const char *const words[] = {"--listen=c"};
    struct fixture *f = *state;
    size_t count;

    assert_int_equal(read_text(f, "listen = a\nlisten = b\n"), 0);
    const char **values = args_values(&f->args, f->arena, "listen", &count);
    assert_int_equal(count, 2);
    assert_string_equal(values[1], "b");

    assert_int_equal(args_parse(&f->args, f->arena, &command, words, 1, &f->err), ARGS_OK);
    assert_int_equal(read_text(f, "listen = a\nlisten = b\n"), 0);
    values = args_values(&f->args, f->arena, "listen", &count);
    assert_int_equal(count, 1);
    assert_string_equal(values[0], "c");
}

static void test_what_is_wrong_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"state", "s.conf:1:1: expected 'key = value'"},
        {"\n  nonsense", "s.conf:2:3: expected 'key = value'"},
        {"stat = x", "s.conf:1:1: unknown key 'stat'; did you mean 'state'?"},
        {"completely = x", "s.conf:1:1: unknown key 'completely'"},
        {" = x", "s.conf:1:2: expected a key before '='"},
        {"state =  ", "s.conf:1:8: state needs a value: URL"},
        {"level = middle", "s.conf:1:9: level 'middle': expected low|high"},
        {"debug = yes", "s.conf:1:9: debug 'yes': expected true or false"},
        {"debug =", "s.conf:1:8: debug '': expected true or false"},
        {"config = x", "s.conf:1:1: 'config' cannot stand in a config file"},
        {"state = a\nlevel = low\nstate = b", "s.conf:3:1: 'state' is there twice: first in "
                                              "line 1"},
        {"state = a\033[2J", "s.conf:1:10: control character 0x1b"},
        {"state = a\r\n", "s.conf:1:10: control character 0x0d"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(f, cases[i].text), -EINVAL);
        assert_string_equal(f->err.text, cases[i].error);
        assert_int_equal(f->args.given_count, 0);
    }
}

static void test_a_zero_byte_is_no_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        args_file_read(&f->args, f->arena, &command, "s.conf", "debug = true\0x", 14, &f->err),
        -EINVAL);
    assert_string_equal(f->err.text, "s.conf:1:13: control character 0x00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_are_the_options_of_the_command, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_option_without_value_is_true_or_false, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_command_line_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_option_that_repeats_has_a_line_for_each_value,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_wrong_is_named_with_its_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_zero_byte_is_no_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
