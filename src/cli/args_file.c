/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args_file.h"

#include "base/suggest.h"
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct arena *arena;
    const struct command_option *options;
    const char *file;
    size_t line;
    struct args_given *given;
    size_t *lines; /* where each of them stood */
    size_t count, given_capacity, line_capacity;
    struct err *err;
};

/* A stretch of the line; `column` counts from 1. */
struct word {
    const char *text;
    size_t len, column;
};

PRINTF(3, 4)
static int fail(const struct reader *reader, size_t column, const char *fmt, ...)
{
    char text[300];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(reader->err, -EINVAL, "%s:%zu:%zu: %s", reader->file, reader->line, column,
                   text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(struct word *word)
{
    for (; word->len && is_blank(word->text[0]); word->text++, word->column++)
        word->len--;
    while (word->len && is_blank(word->text[word->len - 1]))
        word->len--;
}

static int refuse_key(const struct reader *reader, const char *key, size_t column)
{
    struct suggest suggest = {0};

    for (const struct command_option *o = reader->options; o && o->name; o++)
        suggest_add(&suggest, key, o->name);
    if (suggest.best)
        return fail(reader, column, "unknown key '%.60s'; did you mean '%s'?", key,
                    suggest.best);
    return fail(reader, column, "unknown key '%.60s'", key);
}

static int find_option(const struct reader *reader, const struct word *word,
                       const struct command_option **out)
{
    const char *key = arena_strndup(reader->arena, word->text, word->len);
    const struct command_option *option =
        args_find_option(reader->options, word->text, word->len);

    if (!word->len)
        return fail(reader, word->column, "expected a key before '='");
    if (!option)
        return refuse_key(reader, key, word->column);
    if (strcmp(key, "config") == 0)
        return fail(reader, word->column, "'config' cannot stand in a config file");
    for (size_t i = 0; i < reader->count; i++)
        if (reader->given[i].option == option && !option->repeats)
            return fail(reader, word->column, "'%s' is there twice: first in line %zu", key,
                        reader->lines[i]);
    *out = option;
    return 0;
}

static void add(struct reader *reader, const struct command_option *option, const char *value)
{
    reader->given = arena_grow(reader->arena, reader->given, reader->count,
                               &reader->given_capacity, sizeof(*reader->given));
    reader->lines = arena_grow(reader->arena, reader->lines, reader->count,
                               &reader->line_capacity, sizeof(*reader->lines));
    reader->lines[reader->count] = reader->line;
    reader->given[reader->count++] = (struct args_given){.option = option, .value = value};
}

static int read_value(struct reader *reader, const struct command_option *option,
                      const struct word *word)
{
    const char *value = arena_strndup(reader->arena, word->text, word->len);

    if (!option->value) {
        bool is_true = strcmp(value, "true") == 0;

        if (!is_true && strcmp(value, "false") != 0)
            return fail(reader, word->column, "%s '%.60s': expected true or false",
                        option->name, value);
        if (is_true)
            add(reader, option, NULL);
        return 0;
    }
    if (!word->len)
        return fail(reader, word->column, "%s needs a value: %s", option->name, option->value);
    if (!args_is_allowed(option, value))
        return fail(reader, word->column, "%s '%.60s': expected %s", option->name, value,
                    option->value);
    add(reader, option, value);
    return 0;
}

/* One line without its end. */
static int read_line(struct reader *reader, const char *text, size_t len)
{
    struct word key = {text, len, 1};
    const struct command_option *option = NULL;

    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return fail(reader, i + 1, "control character 0x%02x", (unsigned char)text[i]);
    trim(&key);
    if (!key.len || key.text[0] == '#')
        return 0;

    const char *equals = memchr(key.text, '=', key.len);
    if (!equals)
        return fail(reader, key.column, "expected 'key = value'");
    struct word value = {equals + 1, (size_t)(key.text + key.len - equals) - 1,
                         key.column + (size_t)(equals - key.text) + 1};
    key.len = (size_t)(equals - key.text);
    trim(&key);
    trim(&value);
    int r = find_option(reader, &key, &option);
    return r < 0 ? r : read_value(reader, option, &value);
}

static bool is_given(const struct args *args, const struct command_option *option)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (args->given[i].option == option)
            return true;
    return false;
}

/* What the command line said holds, and takes the place of all that the file says of it. */
static void join(struct args *args, const struct reader *reader)
{
    struct args_given *given =
        arena_array(reader->arena, reader->count + args->given_count, sizeof(*given));
    size_t count = 0;

    for (size_t i = 0; i < reader->count; i++)
        if (!is_given(args, reader->given[i].option))
            given[count++] = reader->given[i];
    for (size_t i = 0; i < args->given_count; i++)
        given[count++] = args->given[i];
    args->given = given;
    args->given_count = count;
}

int args_file_read(struct args *args, struct arena *arena, const struct command *command,
                   const char *file, const char *text, size_t len, struct err *err)
{
    struct reader reader = {
        .arena = arena, .options = command->options, .file = file, .err = err};

    while (len) {
        const char *newline = memchr(text, '\n', len);
        size_t line_len = newline ? (size_t)(newline - text) : len;

        reader.line++;
        int r = read_line(&reader, text, line_len);
        if (r < 0)
            return r;
        line_len += newline != NULL;
        text += line_len;
        len -= line_len;
    }
    join(args, &reader);
    return 0;
}
