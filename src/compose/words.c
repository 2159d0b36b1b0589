/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Where a shell would end the command. */
static bool is_operator(char c)
{
    return c && strchr(";&|<>", c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Splitting a text takes no more room than the text: each word's NUL has a blank's place. */
struct splitter {
    const char *at; /* what is still to read */
    char *out;      /* where the next word goes */
};

/* NULL when a quote or backslash is left open. */
static const char *read_word(struct splitter *s)
{
    char *word = s->out;
    char quote = '\0';

    for (; *s->at && (quote || !is_blank(*s->at)); s->at++) {
        if (*s->at == '\\' && quote != '\'') {
            s->at++;
            if (!*s->at)
                return NULL;
            *s->out++ = *s->at == 'n' ? '\n' : *s->at == 't' ? '\t' : *s->at;
        } else if (quote && *s->at == quote) {
            quote = '\0';
        } else if (!quote && (*s->at == '\'' || *s->at == '"')) {
            quote = *s->at;
        } else if (!quote && is_operator(*s->at)) {
            break;
        } else {
            *s->out++ = *s->at;
        }
    }
    *s->out++ = '\0';
    return quote ? NULL : word;
}

int words_split(struct strings *out, struct arena *arena, const char *text, const char **rest)
{
    struct splitter s = {text, arena_alloc(arena, strlen(text) + 2)};
    struct strings words = {0};
    size_t capacity = 0;

    for (;;) {
        while (is_blank(*s.at))
            s.at++;
        if (!*s.at || is_operator(*s.at))
            break;
        const char *word = read_word(&s);
        if (!word)
            return -EINVAL;
        words.items =
            arena_grow(arena, words.items, words.count, &capacity, sizeof(*words.items));
        words.items[words.count++] = word;
    }
    *out = words;
    *rest = s.at;
    return 0;
}
