/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "cli/table.h"
#include "cli/usage.h"
#include "seawall_version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Options that users put before the command, as with `docker compose -f FILE up`. They are
 * handed to the command in their long form, because letters mean other things there
 * (`logs -f`); a command that does not know them says so.
 */
static const struct command_option leading_options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    OPTION_SOCKET,
    OPTION_FORMAT,
    {.name = "version", .letter = 'V', .help = "Show the version"},
    OPTION_END,
};

static const struct command leading = {
    .name = "seawall", .args_max = COMMAND_ARGS_MANY, .options = leading_options};

struct line {
    const char **words;
    size_t count;
};

/* How many words stand before the command: options and their values. */
static size_t leading_count(char **words, size_t count)
{
    size_t at = 0;

    while (at < count && words[at][0] == '-') {
        const char *word = words[at++];
        size_t len = word[1] == '-' ? strcspn(word + 2, "=") : 0;
        const struct command_option *option =
            len ? args_find_option(leading_options, word + 2, len) : NULL;

        for (const struct command_option *o = leading_options; !len && o->name; o++)
            if (o->letter == word[1] && word[2] == '\0')
                option = o;
        if (option && option->value && (!len || word[2 + len] == '\0'))
            at++;
    }
    return at < count ? at : count;
}

static void print_usage(FILE *file, const struct cli *cli)
{
    struct buf text;

    buf_init(&text, USAGE_SIZE_MAX);
    if (cli->command)
        usage_command(&text, cli->command, cli->name);
    else
        usage_all(&text, command_all, cli->processes);
    (void)fputs(buf_text(&text), file);
    buf_fini(&text);
}

/* Texts name words of the command line, of files and of servers: none may command the terminal.
 */
static int refuse_usage(const struct cli *cli, struct err *err)
{
    table_clean(err->text);
    if (!cli->command) {
        (void)fprintf(stderr, "seawall: %s\nSee 'seawall --help'\n", err->text);
        return CLI_USAGE;
    }
    (void)fprintf(stderr, "seawall %s: %s\nSee 'seawall %s --help'\n", cli->name, err->text,
                  cli->name);
    return CLI_USAGE;
}

static void say_failure(struct err *err)
{
    table_clean(err->text);
    (void)fprintf(stderr, "seawall: %s\n", err->text);
}

static int refuse_command(const struct cli *cli, const char *word)
{
    const struct command *const *commands = cli->command ? cli->command->commands : command_all;
    const char *nearest = command_suggest(commands, word);
    const char *group = cli->command ? cli->name : "";
    const char *space = cli->command ? " " : "";
    struct err err;

    if (!nearest && !cli->command)
        nearest = command_suggest(cli->processes, word);
    if (nearest)
        (void)err_set(&err, -EINVAL, "unknown command '%s'; did you mean 'seawall %s%s%s'?",
                      word, group, space, nearest);
    else
        (void)err_set(&err, -EINVAL, "unknown command '%s'", word);
    return refuse_usage(cli, &err);
}

/* Puts the leading options, in their long form, in front of the command's own words. */
static void join(struct cli *cli, const struct args *first, char **rest, size_t rest_count,
                 struct line *out)
{
    out->words = arena_array(cli->arena, first->given_count + rest_count, sizeof(*out->words));
    for (size_t i = 0; i < first->given_count; i++) {
        const struct args_given *given = &first->given[i];
        const char *name = given->option->name;

        out->words[out->count++] = given->value
                                       ? arena_printf(cli->arena, "--%s=%s", name, given->value)
                                       : arena_printf(cli->arena, "--%s", name);
    }
    for (size_t i = 0; i < rest_count; i++)
        out->words[out->count++] = rest[i];
}

/* Runs the command whose words follow. Returns its exit code. */
static int run(struct cli *cli, const struct line *line)
{
    struct err err = {0};
    int r = args_parse(&cli->args, cli->arena, cli->command, line->words, line->count, &err);

    if (r == ARGS_HELP) {
        print_usage(stdout, cli);
        return CLI_DONE;
    }
    if (r < 0)
        return refuse_usage(cli, &err);

    const char *format = args_value(&cli->args, "format");
    cli->is_json = format && strcmp(format, "json") == 0;
    r = cli->command->run(cli, &err);
    if (r == CLI_USAGE && err.code)
        return refuse_usage(cli, &err);
    if (err.code)
        say_failure(&err);
    return r < 0 ? CLI_FAILED : r;
}

/* A full disk or a closed pipe behind standard output must not look like success. */
static int flush_output(int exit_code)
{
    struct err err;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    if (errno != EPIPE) {
        (void)err_sys(&err, "write to standard output");
        say_failure(&err);
    }
    return exit_code == CLI_DONE ? CLI_FAILED : exit_code;
}

/* Finds the command in the words and takes them from the line. NULL: `*exit_code` is it. */
static const struct command *find_command(struct cli *cli, char **words, size_t *used,
                                          size_t count, int *exit_code)
{
    const struct command *const *commands = command_all;

    for (; *used < count && words[*used][0] != '-'; ++*used) {
        const struct command *found = command_find(commands, words[*used]);

        if (!found && !cli->command)
            found = command_find(cli->processes, words[*used]);
        if (!found) {
            *exit_code = refuse_command(cli, words[*used]);
            return NULL;
        }
        cli->name = cli->command ? arena_printf(cli->arena, "%s %s", cli->name, found->name)
                                 : found->name;
        cli->command = found;
        commands = found->commands;
        if (found->run) {
            ++*used;
            return found;
        }
    }

    bool is_asked = *used < count &&
                    (strcmp(words[*used], "--help") == 0 || strcmp(words[*used], "-h") == 0);
    print_usage(is_asked ? stdout : stderr, cli);
    *exit_code = is_asked ? CLI_DONE : CLI_USAGE;
    return NULL;
}

static int dispatch(struct cli *cli, char **words, size_t count)
{
    size_t used = leading_count(words, count);
    struct args first = {0};
    struct line line = {0};
    struct err err = {0};
    int exit_code = CLI_USAGE;
    const char **before = arena_array(cli->arena, used, sizeof(*before));

    for (size_t i = 0; i < used; i++)
        before[i] = words[i];
    int r = args_parse(&first, cli->arena, &leading, before, used, &err);
    if (r < 0)
        return refuse_usage(cli, &err);
    if (r == ARGS_HELP) {
        print_usage(stdout, cli);
        return CLI_DONE;
    }
    if (args_has(&first, "version")) {
        (void)printf("seawall %s\n", SEAWALL_VERSION);
        return CLI_DONE;
    }
    if (!find_command(cli, words, &used, count, &exit_code))
        return exit_code;
    join(cli, &first, words + used, count - used, &line);
    return run(cli, &line);
}

int cli_main(int argc, char **argv, const struct command *const *processes)
{
    struct cli cli = {.processes = processes, .arena = arena_new()};
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    int exit_code = dispatch(&cli, argv + 1, count);

    cli.arena = arena_free(cli.arena);
    return flush_output(exit_code);
}
