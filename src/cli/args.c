/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include "base/number.h"
#include "base/suggest.h"
#include "cli/command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct parser {
    struct args *args;
    struct arena *arena;
    const struct command_option *options;
    const char *const *words;
    size_t count, at;
    size_t given_capacity, items_capacity;
    struct err *err;
};

const struct command_option *args_find_option(const struct command_option *options,
                                              const char *name, size_t len)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

bool args_is_allowed(const struct command_option *option, const char *value)
{
    const char *choices = option->value;
    size_t len = strlen(value);

    if (!strchr(choices, '|'))
        return true;
    for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == len && memcmp(at, value, len) == 0)
            return true;
    return false;
}

static const struct command_option *find_letter(const struct command_option *options,
                                                char letter)
{
    for (; options && options->name; options++)
        if (options->letter == letter)
            return options;
    return NULL;
}

static int add_given(struct parser *p, const struct command_option *option, const char *value)
{
    struct args *args = p->args;

    if (value && !args_is_allowed(option, value))
        return err_set(p->err, -EINVAL, "--%s '%s': expected %s", option->name, value,
                       option->value);
    args->given = arena_grow(p->arena, args->given, args->given_count, &p->given_capacity,
                             sizeof(*args->given));
    args->given[args->given_count++] = (struct args_given){.option = option, .value = value};
    return ARGS_OK;
}

/* The next word, for an option whose value does not stand in its own. */
static int add_with_next(struct parser *p, const struct command_option *option)
{
    if (p->at + 1 >= p->count)
        return err_set(p->err, -EINVAL, "--%s needs a value: %s", option->name, option->value);
    return add_given(p, option, p->words[++p->at]);
}

static int refuse_long(const struct parser *p, const char *word, size_t len)
{
    char name[64];
    struct suggest suggest = {0};

    if (len >= sizeof(name))
        len = sizeof(name) - 1;
    memcpy(name, word + 2, len);
    name[len] = '\0';
    for (const struct command_option *o = p->options; o && o->name; o++)
        suggest_add(&suggest, name, o->name);
    if (suggest.best)
        return err_set(p->err, -EINVAL, "unknown option '--%s'; did you mean '--%s'?", name,
                       suggest.best);
    return err_set(p->err, -EINVAL, "unknown option '--%s'", name);
}

static int parse_long(struct parser *p, const char *word)
{
    size_t len = strcspn(word + 2, "=");
    const char *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
    const struct command_option *option = args_find_option(p->options, word + 2, len);

    if (!option && len == 4 && memcmp(word + 2, "help", 4) == 0)
        return ARGS_HELP;
    if (!option)
        return refuse_long(p, word, len);
    if (!option->value && value)
        return err_set(p->err, -EINVAL, "--%s takes no value", option->name);
    if (option->value && !value)
        return add_with_next(p, option);
    return add_given(p, option, value);
}

static int parse_letters(struct parser *p, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct command_option *option = find_letter(p->options, *at);

        if (!option && *at == 'h')
            return ARGS_HELP;
        if (!option)
            return err_set(p->err, -EINVAL, "unknown option '-%c'", *at);
        if (option->value && at[1])
            return add_given(p, option, at[1] == '=' ? at + 2 : at + 1);
        int r = option->value ? add_with_next(p, option) : add_given(p, option, NULL);
        if (r != ARGS_OK || option->value)
            return r;
    }
    return ARGS_OK;
}

static void add_item(struct parser *p, const char *word)
{
    struct args *args = p->args;

    args->items = arena_grow(p->arena, args->items, args->count, &p->items_capacity,
                             sizeof(*args->items));
    args->items[args->count++] = word;
}

static int check_count(const struct args *args, const struct command *command, struct err *err)
{
    const char *expected = command->arguments ? command->arguments : "";

    if (args->count < command->args_min)
        return err_set(err, -EINVAL, "something is missing: expected %s", expected);
    if (args->count <= command->args_max)
        return ARGS_OK;

    const char *extra = args->items[command->args_max];
    if (!command->arguments)
        return err_set(err, -EINVAL, "unexpected '%s': no arguments are taken", extra);
    return err_set(err, -EINVAL, "unexpected '%s': expected %s", extra, expected);
}

int args_parse(struct args *out, struct arena *arena, const struct command *command,
               const char *const *words, size_t count, struct err *err)
{
    struct args args = {0};
    struct parser p = {.args = &args,
                       .arena = arena,
                       .options = command->options,
                       .words = words,
                       .count = count,
                       .err = err};
    bool is_ended = false;

    for (; p.at < count; p.at++) {
        const char *word = words[p.at];
        int r = ARGS_OK;

        if (is_ended || word[0] != '-' || word[1] == '\0')
            add_item(&p, word);
        else if (strcmp(word, "--") == 0)
            is_ended = true;
        else
            r = word[1] == '-' ? parse_long(&p, word) : parse_letters(&p, word);
        if (r != ARGS_OK)
            return r;
    }
    int r = check_count(&args, command, err);
    if (r == ARGS_OK)
        *out = args;
    return r;
}

bool args_has(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            return true;
    return false;
}

const char *args_value(const struct args *args, const char *name)
{
    for (size_t i = args->given_count; i > 0; i--)
        if (strcmp(args->given[i - 1].option->name, name) == 0)
            return args->given[i - 1].value;
    return NULL;
}

const char **args_values(const struct args *args, struct arena *arena, const char *name,
                         size_t *count)
{
    const char **values = arena_array(arena, args->given_count, sizeof(*values));

    *count = 0;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            values[(*count)++] = args->given[i].value;
    return values;
}

int args_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out,
                struct err *err)
{
    if (number_read(text, strlen(text), min, max, out) < 0)
        return err_set(err, -EINVAL, "%s '%s': expected a number from %" PRIu64 " to %" PRIu64,
                       what, text, min, max);
    return 0;
}
