/* SPDX-License-Identifier: Apache-2.0 */
/* cli/args, cli/suggest: the words of a command line. */
#include "base/suggest.h"
#include "cli/args.h"
#include "cli/command.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const struct command_option options[] = {
    {.name = "file", .letter = 'f', .value = "FILE", .help = ""},
    {.name = "all", .letter = 'a', .help = ""},
    {.name = "detach", .letter = 'd', .help = ""},
    OPTION_FORMAT,
    OPTION_END,
};

static const struct command command = {.name = "try",
                                       .arguments = "NAME [NAME]",
                                       .args_min = 1,
                                       .args_max = 2,
                                       .options = options};

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

#define WORDS_MAX 16

/* `line` is split at blanks; "''" is an empty word. */
static int parse(struct fixture *f, const char *line)
{
    const char *words[WORDS_MAX];
    size_t count = 0;

    for (size_t len; *line; line += len + (line[len] == ' ')) {
        len = strcspn(line, " ");
        assert_true(count < WORDS_MAX);
        words[count++] = strncmp(line, "''", 2) == 0 ? "" : arena_strndup(f->arena, line, len);
    }
    return args_parse(&f->args, f->arena, &command, words, count, &f->err);
}

static void assert_refused(struct fixture *f, const char *line, const char *text)
{
    assert_int_equal(parse(f, line), -EINVAL);
    assert_string_equal(f->err.text, text);
}

static void test_a_value_may_stand_in_each_usual_place(void **state)
{
    static const char *const lines[] = {"--file x n",  "--file=x n", "-f x n", "-fx n",
                                        "-f=x n",      "-adf x n",   "n -fx",  "n --file x",
                                        "-f y -f x n", "-afx n"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(f, lines[i]), ARGS_OK);
        assert_string_equal(args_value(&f->args, "file"), "x");
        assert_int_equal(f->args.count, 1);
        assert_string_equal(f->args.items[0], "n");
    }
}

static void test_a_repeated_option_keeps_its_order(void **state)
{
    struct fixture *f = *state;
    size_t count;

    assert_int_equal(parse(f, "-f a n --file=b -f '' -a"), ARGS_OK);
    const char **files = args_values(&f->args, f->arena, "file", &count);
    assert_int_equal(count, 3);
    assert_string_equal(files[0], "a");
    assert_string_equal(files[1], "b");
    assert_string_equal(files[2], "");
    assert_true(args_has(&f->args, "all"));
    assert_false(args_has(&f->args, "detach"));
    assert_null(args_value(&f->args, "format"));
}

static void test_words_behind_two_dashes_are_no_options(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "- -- --file"), ARGS_OK);
    assert_int_equal(f->args.count, 2);
    assert_string_equal(f->args.items[0], "-");
    assert_string_equal(f->args.items[1], "--file");
    assert_int_equal(f->args.given_count, 0);
}

static void test_help_is_understood_wherever_it_stands(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "--help"), ARGS_HELP);
    assert_int_equal(parse(f, "n -h"), ARGS_HELP);
    assert_int_equal(parse(f, "-ah a b c d"), ARGS_HELP);
    assert_int_equal(parse(f, "-- --help"), ARGS_OK);
}

static void test_a_mistake_is_named_with_what_was_meant(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, "--flie x n", "unknown option '--flie'; did you mean '--file'?");
    assert_refused(f, "--form=json n", "unknown option '--form'; did you mean '--format'?");
    assert_refused(f, "--zzz n", "unknown option '--zzz'");
    assert_refused(f, "-x n", "unknown option '-x'");
    assert_refused(f, "-ax n", "unknown option '-x'");
    assert_refused(f, "n --file", "--file needs a value: FILE");
    assert_refused(f, "n -f", "--file needs a value: FILE");
    assert_refused(f, "n --all=yes", "--all takes no value");
    assert_refused(f, "n --format yaml", "--format 'yaml': expected table|json");
    assert_refused(f, "n --format tab", "--format 'tab': expected table|json");
    assert_refused(f, "n --format ''", "--format '': expected table|json");
    assert_refused(f, "-a", "something is missing: expected NAME [NAME]");
    assert_refused(f, "a b c", "unexpected 'c': expected NAME [NAME]");
}

static void test_a_refusal_leaves_the_output_alone(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "n"), ARGS_OK);
    assert_int_equal(parse(f, "a b -z"), -EINVAL);
    assert_int_equal(f->args.count, 1);
}

static void test_a_number_is_whole_and_within_its_limits(void **state)
{
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1x", "0x1", "1.5", "11", "9999999999", "99999999999999999999"};
    struct fixture *f = *state;
    uint64_t number = 7;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(args_number(wrong[i], "--tail", 0, 10, &number, &f->err), -EINVAL);
    assert_string_equal(f->err.text,
                        "--tail '99999999999999999999': expected a number from 0 to 10");
    assert_int_equal(number, 7);
    assert_int_equal(args_number("10", "--tail", 0, 10, &number, &f->err), 0);
    assert_int_equal(number, 10);
}

static void test_words_are_as_far_apart_as_they_were_mistyped(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } pairs[] = {
        {"", "", 0},
        {"a", "", 1},
        {"scale", "scale", 0},
        {"scael", "scale", 1},
        {"scal", "scale", 1},
        {"sscale", "scale", 1},
        {"skale", "scale", 1},
        {"ab", "ba", 1},
        {"kitten", "sitting", 3},
        {"fleet", "events", 4},
    };
    char far[64];

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(suggest_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
        assert_int_equal(suggest_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
    }
    memset(far, 'x', sizeof(far));
    far[sizeof(far) - 1] = '\0';
    assert_true(suggest_distance(far, far) >= 40);
}

static void test_only_a_near_word_is_suggested(void **state)
{
    static const struct command fleet = {.name = "fleet"}, up = {.name = "up"},
                                events = {.name = "events"};
    static const struct command *const commands[] = {&fleet, &up, &events, NULL};

    (void)state;
    assert_string_equal(command_suggest(commands, "flet"), "fleet");
    assert_string_equal(command_suggest(commands, "felet"), "fleet");
    assert_string_equal(command_suggest(commands, "ev"), "events");
    assert_string_equal(command_suggest(commands, "upp"), "up");
    assert_null(command_suggest(commands, "u"));
    assert_null(command_suggest(commands, "deploy"));
    assert_null(command_suggest(commands, ""));
    assert_null(command_suggest(NULL, "up"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_value_may_stand_in_each_usual_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_repeated_option_keeps_its_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_words_behind_two_dashes_are_no_options, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_help_is_understood_wherever_it_stands, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_mistake_is_named_with_what_was_meant, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_refusal_leaves_the_output_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_number_is_whole_and_within_its_limits, set_up,
                                        tear_down),
        cmocka_unit_test(test_words_are_as_far_apart_as_they_were_mistyped),
        cmocka_unit_test(test_only_a_near_word_is_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
