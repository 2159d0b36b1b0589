/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/node.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *node_describe(struct arena *arena, const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return "nothing";
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a mapping";
    case NODE_INT:
    case NODE_FLOAT:
        return arena_printf(arena, "the number %.80s", node->text);
    case NODE_BOOL:
    case NODE_TEXT:
    default:
        return arena_printf(arena, "'%.80s'%s", node->text,
                            strlen(node->text) > 80 ? "..." : "");
    }
}

struct node *node_new(struct arena *arena, enum node_kind kind, struct place place)
{
    struct node *node = arena_new_in(arena, struct node);

    node->kind = kind;
    node->place = place;
    return node;
}

struct node *node_text(struct arena *arena, const char *text, struct place place)
{
    struct node *node = node_new(arena, NODE_TEXT, place);

    node->text = text;
    return node;
}

struct node *node_integer(struct arena *arena, int64_t integer, struct place place)
{
    struct node *node = node_new(arena, NODE_INT, place);

    node->integer = integer;
    node->text = arena_printf(arena, "%" PRId64, integer);
    return node;
}

struct node *node_bool(struct arena *arena, bool value, struct place place)
{
    struct node *node = node_new(arena, NODE_BOOL, place);

    node->boolean = value;
    node->text = value ? "true" : "false";
    return node;
}

bool node_is_scalar(const struct node *node)
{
    return node->kind != NODE_LIST && node->kind != NODE_MAP;
}

/* Of "1.5e+06", which printf wrote. */
static int exponent_of(const char *text)
{
    const char *at = strchr(text, 'e') + 1;
    int exponent = 0;

    for (const char *digit = at + 1; *digit; digit++)
        exponent = exponent * 10 + (*digit - '0');
    return *at == '-' ? -exponent : exponent;
}

/* The fewest digits that read back the same; with an exponent from a million on, as in Go. */
static const char *float_text(struct arena *arena, double number)
{
    char text[40];
    int digits = 1;

    if (isinf(number))
        return number < 0 ? "-Inf" : "+Inf";
    if (isnan(number))
        return "NaN";
    for (; digits < 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number))
            break;
    }
    (void)snprintf(text, sizeof(text), "%.*e", digits - 1, number);
    int exponent = exponent_of(text);
    if (exponent >= -4 && exponent < 6)
        (void)snprintf(text, sizeof(text), "%.*f",
                       digits - 1 > exponent ? digits - 1 - exponent : 0, number);
    return arena_strdup(arena, text);
}

const char *node_as_text(struct arena *arena, const struct node *node)
{
    switch (node->kind) {
    case NODE_BOOL:
        return node->boolean ? "true" : "false";
    case NODE_INT:
        return arena_printf(arena, "%" PRId64, node->integer);
    case NODE_FLOAT:
        return float_text(arena, node->number);
    case NODE_TEXT:
        return node->text;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
    default:
        return NULL;
    }
}

/* Where the key is, or would be. */
static size_t position(const struct node *map, const char *key, bool *is_there)
{
    size_t low = 0, high = map->count;

    *is_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(map->items[middle].key, key);

        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct node_item *node_find_item(const struct node *map, const char *key)
{
    bool is_there;

    if (!map || map->kind != NODE_MAP)
        return NULL;
    size_t at = position(map, key, &is_there);
    return is_there ? &map->items[at] : NULL;
}

struct node *node_find(const struct node *map, const char *key)
{
    const struct node_item *item = node_find_item(map, key);

    return item ? item->value : NULL;
}

void node_append_item(struct arena *arena, struct node *node, struct node_item item)
{
    assert(!node_is_scalar(node));
    assert(item.value);
    node->items =
        arena_grow(arena, node->items, node->count, &node->capacity, sizeof(*node->items));
    node->items[node->count++] = item;
}

void node_append(struct arena *arena, struct node *list, struct node *value)
{
    assert(list->kind == NODE_LIST);
    node_append_item(arena, list, (struct node_item){NULL, value->place, value});
}

void node_put(struct arena *arena, struct node *map, const char *key, struct node *value)
{
    bool is_there;
    size_t at = position(map, key, &is_there);

    assert(map->kind == NODE_MAP);
    if (is_there) {
        map->items[at].value = value;
        return;
    }
    node_append_item(arena, map, (struct node_item){key, value->place, value});
    struct node_item last = map->items[map->count - 1];
    memmove(&map->items[at + 1], &map->items[at], (map->count - 1 - at) * sizeof(last));
    map->items[at] = last;
}

void node_put_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    node_put(arena, map, key, node_text(arena, text, map->place));
}

void node_remove(struct node *map, const char *key)
{
    bool is_there;
    size_t at = position(map, key, &is_there);

    if (!is_there)
        return;
    map->count--;
    memmove(&map->items[at], &map->items[at + 1], (map->count - at) * sizeof(*map->items));
}

/* Equal keys keep their order, which is that of their places. */
static int compare_item(const void *left, const void *right)
{
    const struct node_item *a = left;
    const struct node_item *b = right;
    int order = strcmp(a->key, b->key);

    if (!order)
        order = (a->place.line > b->place.line) - (a->place.line < b->place.line);
    return order ? order
                 : (a->place.column > b->place.column) - (a->place.column < b->place.column);
}

void node_sort(struct node *map)
{
    assert(map->kind == NODE_MAP);
    if (map->count > 1)
        qsort(map->items, map->count, sizeof(*map->items), compare_item);
}

struct node_extent node_extent(const struct node *node)
{
    struct node_extent extent = {1, 1};

    if (node_is_scalar(node))
        return extent;
    for (size_t i = 0; i < node->count; i++) {
        struct node_extent below = node_extent(node->items[i].value);

        extent.count += below.count;
        if (below.depth + 1 > extent.depth)
            extent.depth = below.depth + 1;
    }
    return extent;
}

struct node *node_copy(struct arena *arena, const struct node *node)
{
    struct node *copy = node_new(arena, node->kind, node->place);

    *copy = *node;
    if (node_is_scalar(node))
        return copy;
    copy->items = arena_array(arena, node->count, sizeof(*copy->items));
    copy->capacity = node->count;
    for (size_t i = 0; i < node->count; i++) {
        copy->items[i] = node->items[i];
        copy->items[i].value = node_copy(arena, node->items[i].value);
    }
    return copy;
}

static bool same_items(const struct node *a, const struct node *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->kind == NODE_MAP && strcmp(a->items[i].key, b->items[i].key) != 0)
            return false;
        if (!node_equal(a->items[i].value, b->items[i].value))
            return false;
    }
    return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case NODE_BOOL:
        return a->boolean == b->boolean;
    case NODE_INT:
        return a->integer == b->integer;
    case NODE_FLOAT:
        return a->number >= b->number && a->number <= b->number;
    case NODE_TEXT:
        return strcmp(a->text, b->text) == 0;
    case NODE_LIST:
    case NODE_MAP:
        return same_items(a, b);
    case NODE_NULL:
    default:
        return true;
    }
}
