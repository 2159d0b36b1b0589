/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_view.h"

#include "cli/table.h"

#include <stdio.h>
#include <string.h>

#define PLAIN "\033[0m"

/* Longer prefixes are not waited for: their lines begin further right. */
#define WIDTH_MAX 40

/* Those of Compose: what reads well on black and on white first. */
static const char *const colours[] = {
    "\033[36m",   "\033[33m",   "\033[32m",   "\033[35m",   "\033[34m",
    "\033[36;1m", "\033[33;1m", "\033[32;1m", "\033[35;1m", "\033[34;1m",
};

struct log_source {
    const char *colour;
};

void log_view_init(struct log_view *view, const char *app)
{
    *view = (struct log_view){.arena = arena_new(), .app = app, .has_prefix = true};
    map_init(&view->seen);
}

void log_view_fini(struct log_view *view)
{
    map_fini(&view->seen);
    view->arena = arena_free(view->arena);
}

static const char *member(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text ? text : "";
}

const char *log_view_source(struct log_view *view, const json_t *line)
{
    const char *replica = member(line, "replica");
    size_t len = strlen(view->app);

    if (strncmp(replica, view->app, len) == 0 && replica[len] == '-')
        replica += len + 1;
    (void)snprintf(view->source, sizeof(view->source), "%.100s/%.270s", member(line, "cluster"),
                   replica);
    table_clean(view->source);
    return view->source;
}

/* The colour that the source keeps. */
static const char *colour_of(struct log_view *view, const char *source)
{
    size_t count = sizeof(colours) / sizeof(colours[0]);
    struct log_source *known = map_find(&view->seen, source);

    if (known)
        return known->colour;
    if (view->seen.count >= LOG_VIEW_SOURCES_MAX)
        return colours[count - 1];
    known = arena_new_in(view->arena, struct log_source);
    known->colour = colours[view->seen.count % count];
    (void)map_set(&view->seen, arena_strdup(view->arena, source), known);
    return known->colour;
}

/* The length of a sequence at `text` that sets colours (ECMA-48 SGR), or 0. */
static size_t colour_length(const char *text)
{
    if (text[0] != '\033' || text[1] != '[')
        return 0;
    size_t digits = strspn(text + 2, "0123456789;:");
    return text[2 + digits] == 'm' ? digits + 3 : 0;
}

/* A stretch without colours; blanks that tabs make are kept. */
static int add_clean(struct buf *out, const char *text, size_t len)
{
    size_t start = out->len;
    int r = buf_add(out, text, len);

    if (r < 0)
        return r;
    for (char *at = out->data + start; *at; at += *at == '\t') {
        size_t stretch = strcspn(at, "\t");
        char end = at[stretch];

        at[stretch] = '\0';
        table_clean(at);
        at[stretch] = end;
        at += stretch;
    }
    return 0;
}

static int add_text(const struct log_view *view, const char *text, struct buf *out)
{
    bool is_coloured = false;
    int r = 0;

    while (r == 0 && *text) {
        size_t colour = colour_length(text);
        size_t len = colour;

        if (colour) {
            if (view->has_colour)
                r = buf_add(out, text, colour);
            is_coloured = view->has_colour;
        } else {
            len = 1;
            while (text[len] && !colour_length(text + len))
                len++;
            r = add_clean(out, text, len);
        }
        text += len;
    }
    return r < 0 || !is_coloured ? r : buf_add(out, PLAIN, strlen(PLAIN));
}

static int add_prefix(struct log_view *view, const json_t *line, struct buf *out)
{
    const char *source = log_view_source(view, line);
    const char *colour = colour_of(view, source);
    size_t len = strlen(source);

    if (len > view->width)
        view->width = len < WIDTH_MAX ? len : WIDTH_MAX;
    return buf_printf(out, "%s%-*s  |%s ", view->has_colour ? colour : "", (int)view->width,
                      source, view->has_colour ? PLAIN : "");
}

int log_view_add(struct log_view *view, const json_t *line, struct buf *out)
{
    size_t start = out->len;
    int r = view->has_prefix ? add_prefix(view, line, out) : 0;

    if (r == 0 && view->has_time && *member(line, "at")) {
        r = add_clean(out, member(line, "at"), strlen(member(line, "at")));
        if (r == 0)
            r = buf_add(out, " ", 1);
    }
    if (r == 0)
        r = add_text(view, member(line, "line"), out);
    if (r == 0)
        r = buf_add(out, "\n", 1);
    if (r < 0)
        buf_cut(out, start);
    return r;
}
