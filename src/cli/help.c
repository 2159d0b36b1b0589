/* SPDX-License-Identifier: Apache-2.0 */
/* seawall help: the tables of all commands, for people and for tools. */
#include "base/suggest.h"
#include "cli/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_help;

static const struct command_option options[] = {
    {.name = "format",
     .value = "text|json",
     .help = "How to print: text, or json for programs"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall help", "all commands"},
    {"seawall help fleet apply", "one of them, with its options"},
    {"seawall help --format json", "everything, for tools that make man pages or completions"},
    EXAMPLE_END,
};

static int help_json(const struct cli *cli, struct err *err)
{
    json_t *all = usage_json(command_all, cli->processes);
    int r = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;

    json_decref(all);
    if (r < 0)
        return err_set(err, -EIO, "write to standard output failed");
    (void)fputs("\n", stdout);
    return CLI_DONE;
}

static const struct command *find(const struct cli *cli, const char **name, struct err *err)
{
    const struct command *const *commands = command_all;
    const struct command *command = NULL;

    for (size_t i = 0; i < cli->args.count; i++) {
        const char *word = cli->args.items[i];
        const struct command *found = command_find(commands, word);

        if (!found && i == 0)
            found = command_find(cli->processes, word);
        if (!found) {
            (void)err_set(err, -EINVAL, "there is no command '%s'", word);
            return NULL;
        }
        *name = i ? arena_printf(cli->arena, "%s %s", *name, word) : word;
        command = found;
        commands = found->commands;
    }
    return command;
}

static int help_run(struct cli *cli, struct err *err)
{
    const struct command *command;
    const char *name = NULL;
    struct buf text;

    if (cli->is_json)
        return help_json(cli, err);
    command = find(cli, &name, err);
    if (err->code)
        return CLI_USAGE;

    buf_init(&text, USAGE_SIZE_MAX);
    if (command)
        usage_command(&text, command, name);
    else
        usage_all(&text, command_all, cli->processes);
    (void)fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return CLI_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "Show what a command does",
    .arguments = "[COMMAND...]",
    .args_max = 2,
    .options = options,
    .examples = examples,
    .run = help_run,
};
