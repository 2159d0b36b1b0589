/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/dotenv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct reader {
    struct arena *arena;
    struct dotenv *out;
    const struct variables *outer;
    struct problems *problems;
    const char *file;
    const char *at; /* NUL at the end */
    unsigned line;
    const char *line_start;
};

const char *dotenv_find(const struct dotenv *env, const char *name)
{
    for (size_t i = env->count; i > 0; i--)
        if (env->items[i - 1].value && strcmp(env->items[i - 1].name, name) == 0)
            return env->items[i - 1].value;
    return NULL;
}

/* The world outside comes first, as in a shell that exports it. */
static const char *find_variable(const void *ctx, const char *name)
{
    const struct reader *r = ctx;
    const char *value = r->outer->find(r->outer->ctx, name);

    return value ? value : dotenv_find(r->out, name);
}

static struct place here(const struct reader *r)
{
    return (struct place){r->file, r->line, (unsigned)(r->at - r->line_start) + 1};
}

static void step_line(struct reader *r)
{
    r->line++;
    r->line_start = r->at;
}

static void skip_blanks(struct reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
        r->at++;
}

static void skip_line(struct reader *r)
{
    r->at += strcspn(r->at, "\n");
}

static int add(struct reader *r, const char *name, const char *value, struct place place)
{
    r->out->items = arena_grow(r->arena, r->out->items, r->out->count, &r->out->capacity,
                               sizeof(*r->out->items));
    r->out->items[r->out->count++] = (struct dotenv_entry){name, value, place};
    return 0;
}

static int expand(struct reader *r, const char *text, struct place place, const char **out)
{
    const struct variables variables = {find_variable, r};
    struct interpolation in = {.arena = r->arena, .variables = &variables};
    enum interpolate_outcome outcome = interpolate_text(&in, text, out);

    if (outcome == INTERPOLATE_OK)
        return 0;
    if (outcome == INTERPOLATE_REQUIRED)
        return problems_add(r->problems, place,
                            "the variable '%.80s' is required and has no value%s%.200s",
                            in.name, *in.message ? ": " : "", in.message);
    return problems_add(
        r->problems, place,
        "what stands behind '${' is no variable; write '$$' for the sign itself, "
        "or put it into single quotes");
}

static char unescape(char c)
{
    static const char names[] = "nrtabfv", values[] = "\n\r\t\a\b\f\v";
    const char *found = strchr(names, c);

    return found && c ? values[found - names] : c;
}

static size_t quoted_length(const char *text, char quote)
{
    size_t len = 0;

    while (text[len] && text[len] != quote)
        len += quote == '"' && text[len] == '\\' && text[len + 1] ? 2 : 1;
    return len;
}

/*
 * At the opening quote; behind the closing one at the end. In double quotes `\$` must not begin
 * a variable, so it becomes `$$`.
 */
static int read_quoted(struct reader *r, const char **out)
{
    struct place place = here(r);
    char quote = *r->at++;
    char *text = arena_alloc(r->arena, 2 * quoted_length(r->at, quote) + 1);
    size_t len = 0;

    for (; *r->at && *r->at != quote; r->at++) {
        if (*r->at == '\n') {
            text[len++] = '\n';
            r->at++;
            step_line(r);
            r->at--;
        } else if (quote == '"' && *r->at == '\\' && r->at[1]) {
            r->at++;
            if (*r->at == '$')
                text[len++] = '$';
            if (!strchr("\"\\$nrtabfv", *r->at))
                text[len++] = '\\';
            text[len++] = unescape(*r->at);
        } else {
            text[len++] = *r->at;
        }
    }
    if (!*r->at)
        return problems_add(r->problems, place, "the quote %c is not closed", quote);
    r->at++;
    *out = text;
    return quote == '"' ? expand(r, text, place, out) : 0;
}

/* To the end of the line, or to a comment, which begins behind a blank. */
static int read_plain(struct reader *r, const char **out)
{
    struct place place = here(r);
    const char *start = r->at;

    skip_line(r);
    size_t len = (size_t)(r->at - start);
    for (size_t i = 0; i < len; i++)
        if (start[i] == '#' && (i == 0 || start[i - 1] == ' ' || start[i - 1] == '\t'))
            len = i;
    while (len && isspace((unsigned char)start[len - 1]))
        len--;
    return expand(r, arena_strndup(r->arena, start, len), place, out);
}

/* The rest of the line, as far as it helps. */
static int shown_length(const char *text)
{
    enum { SHOWN_MAX = 40 };
    size_t len = strcspn(text, "\r\n");

    return len < SHOWN_MAX ? (int)len : SHOWN_MAX;
}

static int check_rest(struct reader *r)
{
    skip_blanks(r);
    if (*r->at && *r->at != '\n' && *r->at != '#')
        return problems_add(r->problems, here(r),
                            "'%.*s' behind the closing quote, expected the end of the line",
                            shown_length(r->at), r->at);
    skip_line(r);
    return 0;
}

static int read_value(struct reader *r, bool is_raw, const char **out)
{
    const char *start = r->at;

    if (is_raw) {
        skip_line(r);
        size_t len = (size_t)(r->at - start);
        *out = arena_strndup(r->arena, start, len - (len && start[len - 1] == '\r'));
        return 0;
    }
    skip_blanks(r);
    if (*r->at != '"' && *r->at != '\'')
        return read_plain(r, out);
    if (read_quoted(r, out) < 0)
        return -EINVAL;
    return check_rest(r);
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_.-[]", c));
}

static int read_line(struct reader *r, bool is_raw)
{
    static const char export[] = "export ";
    const char *value;

    skip_blanks(r);
    if (!*r->at || *r->at == '\n' || *r->at == '#') {
        skip_line(r);
        return 0;
    }
    if (strncmp(r->at, export, strlen(export)) == 0) {
        r->at += strlen(export);
        skip_blanks(r);
    }
    struct place place = here(r);
    const char *start = r->at;
    while (is_name(*r->at))
        r->at++;
    const char *name = arena_strndup(r->arena, start, (size_t)(r->at - start));
    skip_blanks(r);
    if (*name && (*r->at == '\n' || !*r->at))
        return add(r, name, NULL, place);
    if (!*name || (*r->at != '=' && *r->at != ':')) {
        int result = problems_add(r->problems, here(r), "found '%.*s', expected NAME=VALUE",
                                  shown_length(start), start);

        skip_line(r);
        return result;
    }
    r->at++;
    if (read_value(r, is_raw, &value) < 0)
        return -EINVAL;
    return add(r, name, value, place);
}

int dotenv_read(struct dotenv *out, struct arena *arena, const char *file, const char *text,
                bool is_raw, const struct variables *variables, struct problems *problems)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct reader r = {arena, out, variables, problems, file, text, 1, text};

    if (strncmp(text, mark, 3) == 0)
        r.at += 3;
    while (*r.at) {
        if (read_line(&r, is_raw) < 0)
            return -EINVAL;
        if (*r.at == '\n') {
            r.at++;
            step_line(&r);
        }
    }
    return 0;
}
