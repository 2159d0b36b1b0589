/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/shape.h"

#include "base/map.h"
#include "base/suggest.h"

#include <assert.h>
#include <string.h>

struct node *shape_complain(struct shaping *s, const struct node *node, const char *name,
                            const char *expected)
{
    (void)problems_add(s->problems, node->place, "%s: expected %s, found %s", name, expected,
                       node_describe(s->arena, node));
    return NULL;
}

const struct shape_key *shape_find_key(const struct shape *shape, const char *name)
{
    for (const struct shape_key *key = shape->keys; key && key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

static void report_unknown_key(struct shaping *s, const struct shape *shape,
                               const struct node_item *item, const char *name)
{
    enum { LISTED_MAX = 12 };
    struct suggest suggest = {0};
    const char *list = "";
    size_t count = 0;

    for (const struct shape_key *key = shape->keys; key->name; key++, count++) {
        suggest_add(&suggest, item->key, key->name);
        if (count < LISTED_MAX)
            list = arena_printf(s->arena, "%s%s%s", list, count ? ", " : "", key->name);
    }
    if (suggest.best)
        (void)problems_add(s->problems, item->place,
                           "unknown key '%.80s' in %s; did you mean '%s'?", item->key, name,
                           suggest.best);
    else if (count <= LISTED_MAX)
        (void)problems_add(s->problems, item->place,
                           "unknown key '%.80s' in %s, expected one of: %s", item->key, name,
                           list);
    else
        (void)problems_add(s->problems, item->place, "unknown key '%.80s' in %s", item->key,
                           name);
}

static bool is_extension(const struct shape *shape, const char *key)
{
    return !shape->is_closed && strncmp(key, "x-", 2) == 0;
}

static bool apply_to_known_keys(struct shaping *s, const struct shape *shape, struct node *node,
                                const char *name)
{
    bool ok = true;

    for (size_t i = 0; i < node->count; i++) {
        struct node_item *item = &node->items[i];
        const struct shape_key *key = shape_find_key(shape, item->key);

        if (!key && is_extension(shape, item->key))
            continue;
        if (!key) {
            report_unknown_key(s, shape, item, name);
            ok = false;
            continue;
        }
        if (item->value->tag == NODE_TAG_RESET)
            continue;
        struct node *value = shape_apply(s, key->shape, item->value, item->key);
        if (value)
            item->value = value;
        else
            ok = false;
    }
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (key->flags & SHAPE_REQUIRED && !node_find(node, key->name)) {
            (void)problems_add(s->problems, node->place, "%s: the key '%s' is missing", name,
                               key->name);
            ok = false;
        }
    return ok;
}

static bool apply_to_values(struct shaping *s, const struct shape *shape, struct node *node,
                            const char *name)
{
    bool ok = true;

    for (size_t i = 0; i < node->count; i++) {
        struct node_item *item = &node->items[i];

        if (node->kind == NODE_MAP && shape->key_is_valid && !shape->key_is_valid(item->key)) {
            (void)problems_add(s->problems, item->place,
                               "%s: found the name '%.80s', expected %s", name, item->key,
                               shape->key_expected);
            ok = false;
            continue;
        }
        if (!shape->values || item->value->tag == NODE_TAG_RESET)
            continue;
        struct node *value =
            shape_apply(s, shape->values, item->value, item->key ? item->key : name);
        if (value)
            item->value = value;
        else
            ok = false;
    }
    return ok;
}

/* Of two items with the same identity the later one stays, in the place of the earlier. */
static void drop_doubles(struct shaping *s, const struct shape *shape, struct node *list)
{
    struct map seen;
    size_t kept = 0;

    map_init(&seen);
    for (size_t i = 0; i < list->count; i++) {
        const char *identity = shape->identity(s, list->items[i].value);
        struct node_item *before = identity ? map_find(&seen, identity) : NULL;

        if (before) {
            *before = list->items[i];
            continue;
        }
        list->items[kept] = list->items[i];
        if (identity)
            (void)map_set(&seen, identity, &list->items[kept]);
        kept++;
    }
    list->count = kept;
    map_fini(&seen);
}

/* "a, b or c" and what was probably meant. */
static bool check_word(struct shaping *s, const struct shape *shape, const struct node *node,
                       const char *name)
{
    struct suggest suggest = {0};
    const char *list = NULL;

    for (const char *const *word = shape->words; *word; word++) {
        if (strcmp(*word, node->text) == 0)
            return true;
        suggest_add(&suggest, node->text, *word);
        list = !list     ? *word
               : word[1] ? arena_printf(s->arena, "%s, %s", list, *word)
                         : arena_printf(s->arena, "%s or %s", list, *word);
    }
    (void)problems_add(s->problems, node->place, "%s: expected %s, found %s%s%s%s", name, list,
                       node_describe(s->arena, node), suggest.best ? "; did you mean '" : "",
                       suggest.best ? suggest.best : "", suggest.best ? "'?" : "");
    return false;
}

struct node *shape_apply(struct shaping *s, const struct shape *shape, struct node *node,
                         const char *name)
{
    enum node_tag tag = node->tag;
    bool ok = true;

    if (shape->canonical) {
        node = shape->canonical(s, node, name);
        if (!node)
            return NULL;
        node->tag = tag;
    }
    if (!(shape->kinds & SHAPE_KIND(node->kind)))
        return shape_complain(s, node, name, shape->expected);
    if (shape->words && node->kind == NODE_TEXT)
        ok = check_word(s, shape, node, name);
    else if (node->kind == NODE_MAP && shape->keys)
        ok = apply_to_known_keys(s, shape, node, name);
    else if (!node_is_scalar(node))
        ok = apply_to_values(s, shape, node, name);
    if (ok && node->kind == NODE_LIST && shape->identity)
        drop_doubles(s, shape, node);
    return ok ? node : NULL;
}

/* Merging. */

static const struct shape *shape_of(const struct shape *shape, const char *key)
{
    const struct shape_key *known = shape->keys ? shape_find_key(shape, key) : NULL;

    if (known)
        return known->shape;
    return shape->keys || !shape->values ? &shape_any : shape->values;
}

struct node *shape_merge_maps(struct shaping *s, const struct shape *shape, struct node *base,
                              struct node *over)
{
    struct node *result = node_new(s->arena, NODE_MAP, over->place);
    size_t i = 0, j = 0;

    while (i < base->count || j < over->count) {
        int order = i == base->count   ? 1
                    : j == over->count ? -1
                                       : strcmp(base->items[i].key, over->items[j].key);
        struct node_item item = order < 0 ? base->items[i] : over->items[j];

        if (order == 0)
            item.value = shape_merge(s, shape_of(shape, item.key), base->items[i].value,
                                     over->items[j].value);
        node_append_item(s->arena, result, item);
        i += order <= 0;
        j += order >= 0;
    }
    result->tag = base->tag;
    return result;
}

static struct node *merge_lists(struct shaping *s, const struct shape *shape, struct node *base,
                                const struct node *over)
{
    struct node *result = node_new(s->arena, NODE_LIST, base->place);

    for (size_t i = 0; i < base->count; i++)
        node_append(s->arena, result, base->items[i].value);
    for (size_t i = 0; i < over->count; i++)
        node_append(s->arena, result, over->items[i].value);
    if (shape->identity)
        drop_doubles(s, shape, result);
    return result;
}

struct node *shape_merge(struct shaping *s, const struct shape *shape, struct node *base,
                         struct node *over)
{
    if (over->tag != NODE_TAG_NONE || shape->is_replaced || base->tag == NODE_TAG_RESET)
        return over;
    if (shape->merge)
        return shape->merge(s, base, over);
    if (over->kind == NODE_NULL && base->kind != NODE_NULL)
        return base;
    if (base->kind == NODE_MAP && over->kind == NODE_MAP)
        return shape_merge_maps(s, shape, base, over);
    if (base->kind == NODE_LIST && over->kind == NODE_LIST)
        return merge_lists(s, shape, base, over);
    return over;
}

void shape_drop_resets(struct node *node)
{
    size_t kept = 0;

    if (node_is_scalar(node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i].value->tag == NODE_TAG_RESET)
            continue;
        shape_drop_resets(node->items[i].value);
        node->items[kept++] = node->items[i];
    }
    node->count = kept;
}
