/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/interpolate.h"

#include "base/buf.h"
#include "base/map.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* One text on its way. */
struct substitution {
    struct interpolation *in;
    struct buf *out;
    unsigned depth;
};

static bool is_name_start(char c)
{
    return c == '_' || isalpha((unsigned char)c);
}

static size_t name_length(const char *text)
{
    size_t len = 0;

    if (!is_name_start(*text))
        return 0;
    while (text[len] == '_' || isalnum((unsigned char)text[len]))
        len++;
    return len;
}

static enum interpolate_outcome put(struct substitution *s, const char *text, size_t len)
{
    return buf_add(s->out, text, len) < 0 ? INTERPOLATE_TOO_LARGE : INTERPOLATE_OK;
}

static enum interpolate_outcome substitute(struct substitution *s, const char *text,
                                           size_t len);

/* What stands behind an operator may hold variables itself. */
static enum interpolate_outcome expand(struct substitution *s, const char *text, size_t len)
{
    enum interpolate_outcome outcome;

    if (s->depth == INTERPOLATE_DEPTH_MAX)
        return INTERPOLATE_INVALID;
    s->depth++;
    outcome = substitute(s, text, len);
    s->depth--;
    return outcome;
}

static enum interpolate_outcome put_plain(struct substitution *s, const char *name)
{
    const char *value = s->in->variables->find(s->in->variables->ctx, name);

    if (!value && s->in->on_unset)
        s->in->on_unset(s->in->ctx, name);
    return value ? put(s, value, strlen(value)) : INTERPOLATE_OK;
}

static enum interpolate_outcome fail_required(struct substitution *s, const char *name,
                                              const char *text, size_t len)
{
    struct buf message;
    struct substitution inner = {s->in, &message, s->depth};

    buf_init(&message, INTERPOLATE_SIZE_MAX);
    enum interpolate_outcome outcome = expand(&inner, text, len);
    s->in->name = name;
    s->in->message = arena_strdup(s->in->arena, buf_text(&message));
    buf_fini(&message);
    return outcome == INTERPOLATE_OK ? INTERPOLATE_REQUIRED : outcome;
}

/* "NAME", "NAME-text", "NAME:?text" and so on: what stands between the braces. */
static enum interpolate_outcome put_braced(struct substitution *s, const char *text, size_t len)
{
    size_t name_len = name_length(text);

    if (!name_len || name_len > len)
        return INTERPOLATE_INVALID;
    const char *name = arena_strndup(s->in->arena, text, name_len);
    text += name_len;
    len -= name_len;
    if (!len)
        return put_plain(s, name);

    bool empty_counts_as_unset = *text == ':';
    text += empty_counts_as_unset;
    len -= empty_counts_as_unset;
    if (!len || !strchr("-?+", *text))
        return INTERPOLATE_INVALID;

    char operator= * text;
    const char *value = s->in->variables->find(s->in->variables->ctx, name);
    bool is_set = value && (*value || !empty_counts_as_unset);
    if (operator== '+')
        return is_set ? expand(s, text + 1, len - 1) : INTERPOLATE_OK;
    if (is_set)
        return put(s, value, strlen(value));
    if (operator== '?')
        return fail_required(s, name, text + 1, len - 1);
    return expand(s, text + 1, len - 1);
}

/* The length up to the brace that closes what begins at `text`; `len` when there is none. */
static size_t closing_brace(const char *text, size_t len)
{
    size_t depth = 1;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '}' && --depth == 0)
            return i;
        if (text[i] == '$' && i + 1 < len && text[i + 1] == '{') {
            depth++;
            i++;
        }
    }
    return len;
}

/* At a `$`. *used gets how much of the text it took. */
static enum interpolate_outcome put_variable(struct substitution *s, const char *text,
                                             size_t len, size_t *used)
{
    size_t name_len = name_length(text + 1);

    if (len > 1 && text[1] == '$') {
        *used = 2;
        return put(s, "$", 1);
    }
    if (len > 1 && text[1] == '{') {
        size_t inner = closing_brace(text + 2, len - 2);

        *used = inner + 3;
        return inner == len - 2 ? INTERPOLATE_INVALID : put_braced(s, text + 2, inner);
    }
    if (!name_len) {
        *used = 1;
        return put(s, "$", 1);
    }
    if (name_len > len - 1)
        name_len = len - 1;
    *used = name_len + 1;
    return put_plain(s, arena_strndup(s->in->arena, text + 1, name_len));
}

static enum interpolate_outcome substitute(struct substitution *s, const char *text, size_t len)
{
    enum interpolate_outcome outcome = INTERPOLATE_OK;

    while (len && outcome == INTERPOLATE_OK) {
        const char *dollar = memchr(text, '$', len);
        size_t used = dollar ? (size_t)(dollar - text) : len;

        outcome = put(s, text, used);
        text += used;
        len -= used;
        if (!len || outcome != INTERPOLATE_OK)
            break;
        outcome = put_variable(s, text, len, &used);
        text += used;
        len -= outcome == INTERPOLATE_OK ? used : 0;
    }
    return outcome;
}

enum interpolate_outcome interpolate_text(struct interpolation *in, const char *text,
                                          const char **out)
{
    struct buf buf;

    if (!strchr(text, '$')) {
        *out = text;
        return INTERPOLATE_OK;
    }
    buf_init(&buf, INTERPOLATE_SIZE_MAX);
    struct substitution s = {in, &buf, 0};
    enum interpolate_outcome outcome = substitute(&s, text, strlen(text));
    if (outcome == INTERPOLATE_OK)
        *out = arena_strdup(in->arena, buf_text(&buf));
    buf_fini(&buf);
    return outcome;
}

/* Trees. */

struct walk {
    struct interpolation in;
    struct problems *problems;
    struct place place; /* of the value at hand */
    struct map warned;  /* name -> anything */
    bool failed;
};

static void on_unset(void *ctx, const char *name)
{
    struct walk *walk = ctx;

    if (map_set(&walk->warned, name, walk))
        return;
    problems_warn(walk->problems, walk->place,
                  "the variable '%.80s' is not set; nothing is put in its place", name);
}

static void report(struct walk *walk, enum interpolate_outcome outcome, const char *text)
{
    static const char invalid[] =
        "'%.80s': what stands behind '${' is no variable; write '$$' for the sign itself";

    walk->failed = true;
    if (outcome == INTERPOLATE_INVALID)
        (void)problems_add(walk->problems, walk->place, invalid, text);
    else if (outcome == INTERPOLATE_REQUIRED)
        (void)problems_add(walk->problems, walk->place,
                           "the variable '%.80s' is required and has no value%s%.200s",
                           walk->in.name, *walk->in.message ? ": " : "", walk->in.message);
    else
        (void)problems_add(walk->problems, walk->place,
                           "more than %zu bytes with the values of all variables",
                           INTERPOLATE_SIZE_MAX);
}

static void walk_node(struct walk *walk, struct node *node)
{
    if (node->kind == NODE_TEXT) {
        walk->place = node->place;
        enum interpolate_outcome outcome = interpolate_text(&walk->in, node->text, &node->text);
        if (outcome != INTERPOLATE_OK)
            report(walk, outcome, node->text);
        return;
    }
    if (node_is_scalar(node))
        return;
    for (size_t i = 0; i < node->count; i++)
        walk_node(walk, node->items[i].value);
}

int interpolate_tree(struct arena *arena, struct node *root, const struct variables *variables,
                     struct problems *problems)
{
    struct walk walk = {.in = {.arena = arena, .variables = variables, .on_unset = on_unset},
                        .problems = problems};

    walk.in.ctx = &walk;
    map_init(&walk.warned);
    walk_node(&walk, root);
    map_fini(&walk.warned);
    return walk.failed ? -EINVAL : 0;
}
