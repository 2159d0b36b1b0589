/* SPDX-License-Identifier: Apache-2.0 */
/* cli/usage and the real command table: help that is complete and can be read. */
#include "cli/usage.h"
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct command_option options[] = {
    {.name = "file", .letter = 'f', .value = "FILE", .help = "Compose file"},
    {.name = "quiet",
     .help = "Say nothing at all while it works, and nothing afterwards either, if it worked"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall try x", "try it"},
    EXAMPLE_END,
};

static const struct command try_command = {
    .name = "try",
    .summary = "Try something",
    .arguments = "NAME",
    .text = "First paragraph that is long enough to be broken into two lines because it has "
            "many words.\n\n    kept  as is",
    .options = options,
    .examples = examples,
};

static void test_help_shows_all_that_the_table_has(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, USAGE_SIZE_MAX);
    usage_command(&out, &try_command, "try");
    assert_string_equal(
        buf_text(&out),
        "Usage: seawall try NAME [OPTIONS]\n"
        "\n"
        "Try something.\n"
        "\n"
        "First paragraph that is long enough to be broken into two lines because it has\n"
        "many words.\n"
        "\n"
        "    kept  as is\n"
        "\n"
        "Options:\n"
        "  -f, --file FILE  Compose file\n"
        "      --quiet      Say nothing at all while it works, and nothing afterwards\n"
        "                   either, if it worked\n"
        "  -h, --help       Show this text\n"
        "\n"
        "Examples:\n"
        "  # try it\n"
        "  seawall try x\n");
    buf_fini(&out);
}

static void check_line_lengths(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        if (len > 80)
            fail_msg("%zu columns: %.*s", len, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void check_option(const struct command_option *option, const struct command *command)
{
    assert_true(strlen(option->help) > 4);
    if (!isupper((unsigned char)option->help[0]) ||
        option->help[strlen(option->help) - 1] == '.')
        fail_msg("%s --%s: '%s' should begin with a capital and end without a full stop",
                 command->name, option->name, option->help);
    for (const struct command_option *o = command->options; o != option; o++)
        if (strcmp(o->name, option->name) == 0 ||
            (option->letter && o->letter == option->letter))
            fail_msg("%s: --%s and --%s are the same", command->name, o->name, option->name);
}

static void check_command(const struct command *command)
{
    struct buf out;

    if (strlen(command->summary) < 8 || strlen(command->summary) > 62)
        fail_msg("%s: '%s' should take one line", command->name, command->summary);
    if (!command->run == !command->commands)
        fail_msg("%s: either it runs or it has commands", command->name);
    if (command->run && !command->examples)
        fail_msg("%s: an example is missing", command->name);
    if ((command->args_max > 0) != (command->arguments != NULL))
        fail_msg("%s: arguments that it takes must be in its usage", command->name);
    for (const struct command_option *o = command->options; o && o->name; o++)
        check_option(o, command);
    if (command->run && !args_find_option(command->options, "format", strlen("format")))
        fail_msg("%s: --format is missing", command->name);

    buf_init(&out, USAGE_SIZE_MAX);
    usage_command(&out, command, command->name);
    check_line_lengths(buf_text(&out));
    buf_fini(&out);
}

static void test_every_command_explains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; command_all[i]; i++) {
        const struct command *command = command_all[i];

        check_command(command);
        for (size_t j = 0; command->commands && command->commands[j]; j++)
            check_command(command->commands[j]);
    }
}

static void test_the_overview_lists_commands_and_processes(void **state)
{
    static const struct command *const processes[] = {&try_command, NULL};
    struct buf out;

    (void)state;
    buf_init(&out, USAGE_SIZE_MAX);
    usage_all(&out, command_all, processes);
    assert_non_null(strstr(buf_text(&out), "\nCommands:\n"));
    assert_non_null(strstr(buf_text(&out), "\n  version "));
    assert_non_null(strstr(buf_text(&out), "\nProcesses:\n  try  Try something\n"));
    check_line_lengths(buf_text(&out));
    buf_fini(&out);
}

static void test_json_help_carries_the_same_tables(void **state)
{
    static const struct command *const commands[] = {&try_command, NULL};
    json_t *all = usage_json(commands, NULL);
    const char *name, *value, *line;

    (void)state;
    assert_int_equal(json_unpack(all, "{s:[{s:s, s:[{s:s}], s:[{s:s}]}]}", "commands", "name",
                                 &name, "options", "value", &value, "examples", "line", &line),
                     0);
    assert_string_equal(name, "try");
    assert_string_equal(value, "FILE");
    assert_string_equal(line, "seawall try x");
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_shows_all_that_the_table_has),
        cmocka_unit_test(test_every_command_explains_itself),
        cmocka_unit_test(test_the_overview_lists_commands_and_processes),
        cmocka_unit_test(test_json_help_carries_the_same_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
