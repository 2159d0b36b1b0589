/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/usage.h"

#include "seawall_version.h"

#include <stdlib.h>
#include <string.h>

#define SUMMARY "Keeps containerised services reachable while a whole cloud is knocked out"
#define WIDTH   80

struct meaning {
    int code;
    const char *name;
    const char *meaning;
};

static const struct meaning exits[] = {
    {CLI_DONE, NULL, "Done"},
    {CLI_FAILED, NULL, "It was tried and failed"},
    {CLI_USAGE, NULL, "Wrong usage; nothing was tried"},
    {CLI_REFUSED, NULL, "Refused: cannot survive what it asks for, or is not supported"},
    {CLI_INTERRUPTED, NULL, "Interrupted; work that the server has accepted goes on"},
};

static const struct meaning environment[] = {
    {0, "SEAWALL_SOCKET", "Where the server listens, unless --socket says so"},
    {0, "COMPOSE_FILE", "Compose files, separated by ':', unless --file names some"},
    {0, "COMPOSE_PROJECT_NAME", "Name of the app, unless --project-name says so"},
    {0, "COMPOSE_PROFILES", "Profiles, separated by ',', beside those of --profile"},
    {0, "COMPOSE_ENV_FILES",
     "Files of variables, separated by ',', unless --env-file names one"},
    {0, "NO_COLOR", "Set to anything: no colours"},
    {0, "XDG_RUNTIME_DIR", "Where the socket of a user's own server is"},
};

static const struct command_option help_option = {
    .name = "help", .letter = 'h', .help = "Show this text"};

static void add(struct buf *out, const char *text, size_t len)
{
    if (buf_add(out, text, len) < 0)
        abort(); /* the texts are ours and small: a full buffer is a bug */
}

static void say(struct buf *out, const char *text)
{
    add(out, text, strlen(text));
}

static void pad(struct buf *out, size_t count)
{
    while (count--)
        add(out, " ", 1);
}

/* Words of one paragraph, from column `column` on, later lines indented by `indent`. */
static void wrap(struct buf *out, const char *text, size_t len, size_t column, size_t indent)
{
    size_t start = column;

    for (size_t at = 0; at < len;) {
        const char *blank = memchr(text + at, ' ', len - at);
        size_t word = blank ? (size_t)(blank - text) - at : len - at;

        if (column > start && column + 1 + word > WIDTH) {
            say(out, "\n");
            pad(out, indent);
            column = start = indent;
        } else if (column > start) {
            add(out, " ", 1);
            column++;
        }
        add(out, text + at, word);
        column += word;
        at += word + (blank != NULL);
    }
    say(out, "\n");
}

/* Paragraphs are separated by newlines; those that begin with a blank are kept as they are. */
static void paragraphs(struct buf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        if (text[0] == ' ') {
            add(out, text, len);
            say(out, "\n");
        } else {
            wrap(out, text, len, 0, 0);
        }
        text += len + (text[len] == '\n');
    }
}

static size_t option_width(const struct command_option *option)
{
    return strlen("  -x, --") + strlen(option->name) +
           (option->value ? 1 + strlen(option->value) : 0);
}

static void option_line(struct buf *out, const struct command_option *option, size_t column)
{
    char letter[] = "  -x, ";

    letter[3] = option->letter;
    say(out, option->letter ? letter : "      ");
    say(out, "--");
    say(out, option->name);
    if (option->value) {
        say(out, " ");
        say(out, option->value);
    }
    pad(out, column - option_width(option));
    wrap(out, option->help, strlen(option->help), column, column);
}

static void option_list(struct buf *out, const struct command_option *options)
{
    size_t column = option_width(&help_option);

    for (const struct command_option *o = options; o && o->name; o++)
        if (option_width(o) > column)
            column = option_width(o);
    column += 2;
    say(out, "\nOptions:\n");
    for (const struct command_option *o = options; o && o->name; o++)
        option_line(out, o, column);
    option_line(out, &help_option, column);
}

static void command_list(struct buf *out, const char *title,
                         const struct command *const *commands)
{
    size_t column = 0;

    for (size_t i = 0; commands[i]; i++)
        if (strlen(commands[i]->name) > column)
            column = strlen(commands[i]->name);
    column += 4;
    say(out, "\n");
    say(out, title);
    say(out, ":\n");
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];

        say(out, "  ");
        say(out, command->name);
        pad(out, column - 2 - strlen(command->name));
        wrap(out, command->summary, strlen(command->summary), column, column);
    }
}

static void example_list(struct buf *out, const struct command_example *examples)
{
    if (!examples)
        return;
    say(out, "\nExamples:\n");
    for (; examples->line; examples++) {
        say(out, "  # ");
        say(out, examples->what);
        say(out, "\n  ");
        say(out, examples->line);
        say(out, "\n");
    }
}

void usage_all(struct buf *out, const struct command *const *commands,
               const struct command *const *processes)
{
    say(out, "Usage: seawall COMMAND [OPTIONS]\n\n" SUMMARY ".\n");
    command_list(out, "Commands", commands);
    if (processes && processes[0])
        command_list(out, "Processes", processes);
    say(out, "\n'seawall COMMAND --help' says more, with examples.\n");
}

void usage_command(struct buf *out, const struct command *command, const char *name)
{
    say(out, "Usage: seawall ");
    say(out, name);
    if (command->commands)
        say(out, " COMMAND");
    if (command->arguments) {
        say(out, " ");
        say(out, command->arguments);
    }
    say(out, " [OPTIONS]\n\n");
    say(out, command->summary);
    say(out, ".\n");
    if (command->text) {
        say(out, "\n");
        paragraphs(out, command->text);
    }
    if (command->commands)
        command_list(out, "Commands", command->commands);
    option_list(out, command->options);
    example_list(out, command->examples);
}

/* JSON. jansson's functions that steal a reference accept NULL and then fail: hence no checks.
 */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *choices_json(const char *value)
{
    json_t *list = json_array();

    if (!value || !strchr(value, '|'))
        return list;
    for (size_t len; *value; value += len + (value[len] == '|')) {
        len = strcspn(value, "|");
        (void)json_array_append_new(list, json_stringn(value, len));
    }
    return list;
}

static json_t *option_json(const struct command_option *option)
{
    char letter[2] = {option->letter, '\0'};

    return json_pack("{s:s, s:o, s:o, s:o, s:s}", "name", option->name, "letter",
                     text_or_null(option->letter ? letter : NULL), "value",
                     text_or_null(option->value), "choices", choices_json(option->value),
                     "help", option->help);
}

static json_t *command_json(const struct command *command, bool is_process)
{
    json_t *options = json_array(), *examples = json_array(), *commands = json_array();

    for (const struct command_option *o = command->options; o && o->name; o++)
        (void)json_array_append_new(options, option_json(o));
    (void)json_array_append_new(options, option_json(&help_option));
    for (const struct command_example *e = command->examples; e && e->line; e++)
        (void)json_array_append_new(examples,
                                    json_pack("{s:s, s:s}", "line", e->line, "what", e->what));
    /* Two levels, as the tables have. */
    for (size_t i = 0; command->commands && command->commands[i]; i++)
        (void)json_array_append_new(commands, command_json(command->commands[i], is_process));
    return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o}", "name", command->name,
                     "summary", command->summary, "text", text_or_null(command->text),
                     "arguments", text_or_null(command->arguments), "process", is_process,
                     "options", options, "examples", examples, "commands", commands);
}

json_t *usage_json(const struct command *const *commands,
                   const struct command *const *processes)
{
    json_t *list = json_array(), *codes = json_array(), *variables = json_array();

    for (size_t i = 0; commands[i]; i++)
        (void)json_array_append_new(list, command_json(commands[i], false));
    for (size_t i = 0; processes && processes[i]; i++)
        (void)json_array_append_new(list, command_json(processes[i], true));
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        (void)json_array_append_new(
            codes, json_pack("{s:i, s:s}", "code", exits[i].code, "meaning", exits[i].meaning));
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
        (void)json_array_append_new(variables,
                                    json_pack("{s:s, s:s}", "name", environment[i].name,
                                              "meaning", environment[i].meaning));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", "seawall", "version",
                     SEAWALL_VERSION, "summary", SUMMARY, "commands", list, "exit", codes,
                     "environment", variables);
}
