/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/items.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct items {
    struct arena *arena;
    unsigned depth;
    struct items_limits limits;
    items_on_item *on_item;
    void *ctx;

    size_t level;               /* brackets that are open */
    char open[ITEMS_DEPTH_MAX]; /* the outermost of them */
    bool in_string, is_escaped; /* after a quote, after a backslash in it */
    bool is_over;               /* the outermost bracket was closed */
    size_t taken, count;        /* bytes and objects so far */

    bool in_item;
    char *text; /* the beginning of an object whose end is not there yet */
    size_t len, size;
};

struct items *items_new(struct arena *arena, unsigned depth, struct items_limits limits,
                        items_on_item *on_item, void *ctx)
{
    struct items *items = arena_new_in(arena, struct items);

    *items = (struct items){
        .arena = arena, .depth = depth, .limits = limits, .on_item = on_item, .ctx = ctx};
    return items;
}

/* The arena's old copies add up to less than the object itself. */
static int keep(struct items *items, const char *data, size_t len, struct err *err)
{
    if (len > items->limits.item_size_max - items->len)
        return err_set(err, -EMSGSIZE, "the reply has an object of more than %zu bytes",
                       items->limits.item_size_max);
    if (items->len + len > items->size) {
        size_t size = items->size ? items->size : 4096;
        while (size < items->len + len)
            size *= 2;
        char *text = arena_alloc(items->arena, size);
        if (items->len)
            memcpy(text, items->text, items->len);
        items->text = text;
        items->size = size;
    }
    if (len)
        memcpy(items->text + items->len, data, len);
    items->len += len;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int refuse(const struct items *items, struct err *err)
{
    if (items->is_over)
        return err_set(err, -EPROTO, "the reply goes on behind its end");
    return err_set(err, -EPROTO, "the reply is not %s",
                   items->depth == 1 ? "an array of objects" : "an object with arrays");
}

static bool closes(char open, char c)
{
    return c == (open == '[' ? ']' : '}');
}

/* A byte outside of every object. */
static int take_outer(struct items *items, char c, struct err *err)
{
    bool is_list = items->level == items->depth && items->open[items->level - 1] == '[';

    if (is_space(c))
        return 0;
    if (items->is_over)
        return refuse(items, err);
    if (items->level == 0) {
        if (c != (items->depth == 1 ? '[' : '{'))
            return refuse(items, err);
        items->open[items->level++] = c;
    } else if (is_list && c == '{') {
        items->in_item = true;
        items->level++;
    } else if (closes(items->open[items->level - 1], c)) {
        items->is_over = --items->level == 0;
    } else if (c == '{' || c == '[' || c == '}' || c == ']') {
        if (c == '}' || c == ']' || items->level == items->depth)
            return refuse(items, err);
        items->open[items->level++] = c;
    } else if (c == '"') {
        items->in_string = true;
    }
    /* Keys, numbers and words between the lists are passed over; in a list of depth 1 there
     * is nothing but objects. */
    return items->depth == 1 && is_list && !items->in_item && c != ',' && c != ']'
               ? refuse(items, err)
               : 0;
}

/* A byte of a string, or inside an object. */
static void take_inner(struct items *items, char c)
{
    if (items->is_escaped) {
        items->is_escaped = false;
    } else if (items->in_string) {
        items->is_escaped = c == '\\';
        items->in_string = c != '"';
    } else if (c == '"') {
        items->in_string = true;
    } else if (c == '{' || c == '[') {
        items->level++;
    } else if (c == '}' || c == ']') {
        items->level--;
        items->in_item = items->level > items->depth;
    }
}

/* The object that ends here, of which `from` to `to` has not been kept. */
static int hand_over(struct items *items, const char *from, const char *to, struct err *err)
{
    size_t len = (size_t)(to - from);

    if (items->count++ == items->limits.count_max)
        return err_set(err, -EMSGSIZE, "the reply has more than %zu objects",
                       items->limits.count_max);
    if (items->len || len > items->limits.item_size_max) {
        int r = keep(items, from, len, err);

        if (r < 0)
            return r;
        len = items->len;
        from = items->text;
        items->len = 0;
    }
    return items->on_item(items->ctx, from, len, err);
}

int items_feed(struct items *items, const char *data, size_t len, struct err *err)
{
    const char *end = data + len, *from = items->in_item ? data : NULL;

    if (len > items->limits.size_max - items->taken)
        return err_set(err, -EMSGSIZE, "the reply is larger than %zu bytes",
                       items->limits.size_max);
    items->taken += len;
    for (const char *at = data; at < end; at++) {
        int r = 0;

        if (items->in_item || items->in_string) {
            take_inner(items, *at);
            if (from && !items->in_item) {
                r = hand_over(items, from, at + 1, err);
                from = NULL;
            }
        } else {
            r = take_outer(items, *at, err);
            if (items->in_item)
                from = at;
        }
        if (r < 0)
            return r;
    }
    return from ? keep(items, from, (size_t)(end - from), err) : 0;
}

int items_end(struct items *items, struct err *err)
{
    if (!items->is_over)
        return err_set(err, -EPROTO, "the reply ends early");
    return 0;
}
