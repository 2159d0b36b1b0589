/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/forms.h"

#include <stdlib.h>
#include <string.h>

/* Of two items of a list with the same name the later one counts. */
static void put_last(struct shaping *s, struct node *map, struct node_item item)
{
    size_t last = map->count;

    if (last && strcmp(map->items[last - 1].key, item.key) == 0)
        map->items[last - 1] = item;
    else
        node_append_item(s->arena, map, item);
}

/* A mapping from items that may repeat keys. */
static struct node *to_map(struct shaping *s, const struct node *list,
                           bool (*read)(struct shaping *s, const struct node *item,
                                        struct node_item *out),
                           const char *name, const char *expected)
{
    struct node *all = node_new(s->arena, NODE_MAP, list->place);
    struct node *map = node_new(s->arena, NODE_MAP, list->place);
    bool ok = true;

    for (size_t i = 0; i < list->count; i++) {
        struct node_item item;

        if (read(s, list->items[i].value, &item)) {
            node_append_item(s->arena, all, item);
        } else {
            (void)shape_complain(s, list->items[i].value, name, expected);
            ok = false;
        }
    }
    node_sort(all);
    for (size_t i = 0; i < all->count; i++)
        put_last(s, map, all->items[i]);
    return ok ? map : NULL;
}

static bool read_pair(struct shaping *s, const struct node *item, struct node_item *out)
{
    const char *text = node_as_text(s->arena, item);
    const char *sign = text ? strchr(text, '=') : NULL;

    if (!text || !*text || sign == text)
        return false;
    out->place = item->place;
    out->key = sign ? arena_strndup(s->arena, text, (size_t)(sign - text)) : text;
    out->value = sign ? node_text(s->arena, sign + 1, item->place)
                      : node_new(s->arena, NODE_NULL, item->place);
    return true;
}

struct node *form_pairs(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind == NODE_NULL)
        return node_new(s->arena, NODE_MAP, node->place);
    if (node->kind != NODE_LIST)
        return node;
    return to_map(s, node, read_pair, name, "NAME=VALUE");
}

struct node *form_labels(struct shaping *s, struct node *node, const char *name)
{
    struct node *map = form_pairs(s, node, name);

    return map ? form_options(s, map, name) : NULL;
}

struct node *form_options(struct shaping *s, struct node *map, const char *name)
{
    (void)name;
    for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++)
        if (map->items[i].value->kind == NODE_NULL &&
            map->items[i].value->tag != NODE_TAG_RESET)
            map->items[i].value = node_text(s->arena, "", map->items[i].value->place);
    return map;
}

static bool read_name(struct shaping *s, const struct node *item, struct node_item *out)
{
    if (item->kind != NODE_TEXT)
        return false;
    *out =
        (struct node_item){item->text, item->place, node_new(s->arena, NODE_NULL, item->place)};
    return true;
}

struct node *form_names(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind != NODE_LIST)
        return node;
    return to_map(s, node, read_name, name, "a name");
}

static bool read_dependency(struct shaping *s, const struct node *item, struct node_item *out)
{
    if (!read_name(s, item, out))
        return false;
    out->value = node_new(s->arena, NODE_MAP, item->place);
    node_put_text(s->arena, out->value, "condition", "service_started");
    return true;
}

struct node *form_depends_on(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind == NODE_LIST)
        node = to_map(s, node, read_dependency, name, "the name of a service");
    for (size_t i = 0; node && node->kind == NODE_MAP && i < node->count; i++) {
        struct node *condition = node->items[i].value;

        if (condition->kind == NODE_MAP && !node_find(condition, "required"))
            node_put(s->arena, condition, "required",
                     node_bool(s->arena, true, condition->place));
    }
    return node;
}

/* Without the brackets that keep an IPv6 address apart from a port. */
static const char *bare_address(struct arena *arena, const char *address)
{
    size_t len = strlen(address);

    if (len > 2 && address[0] == '[' && address[len - 1] == ']')
        return arena_strndup(arena, address + 1, len - 2);
    return address;
}

static void add_host(struct shaping *s, struct node *list, const char *host,
                     const struct node *address)
{
    const char *text = node_as_text(s->arena, address);

    node_append(s->arena, list,
                node_text(s->arena,
                          arena_printf(s->arena, "%s=%s", host,
                                       bare_address(s->arena, text ? text : "")),
                          address->place));
}

/* "host=address" or "host:address". */
static bool add_host_text(struct shaping *s, struct node *list, const struct node *item)
{
    const char *text = node_as_text(s->arena, item);
    const char *sign = text ? strchr(text, '=') : NULL;

    if (text && !sign)
        sign = strchr(text, ':');
    if (!sign || sign == text || !sign[1])
        return false;
    add_host(s, list, arena_strndup(s->arena, text, (size_t)(sign - text)),
             node_text(s->arena, sign + 1, item->place));
    return true;
}

static int compare_text(const void *left, const void *right)
{
    const struct node_item *a = left;
    const struct node_item *b = right;

    return strcmp(a->value->text, b->value->text);
}

struct node *form_extra_hosts(struct shaping *s, struct node *node, const char *name)
{
    struct node *list = node_new(s->arena, NODE_LIST, node->place);

    if (node_is_scalar(node))
        return node;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *value = node->items[i].value;

        if (node->kind == NODE_LIST && !add_host_text(s, list, value))
            return shape_complain(s, value, name, "HOST=ADDRESS");
        if (node->kind == NODE_LIST)
            continue;
        if (value->kind == NODE_LIST)
            for (size_t j = 0; j < value->count; j++)
                add_host(s, list, node->items[i].key, value->items[j].value);
        else
            add_host(s, list, node->items[i].key, value);
    }
    if (list->count)
        qsort(list->items, list->count, sizeof(*list->items), compare_text);
    return list;
}
