/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of scalars and of plain lists and mappings. */
#include "base/quantity.h"
#include "yaml/shape.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

static struct node *with_text(struct shaping *s, const struct node *node, const char *text)
{
    return node_text(s->arena, text, node->place);
}

struct node *shape_to_text(struct shaping *s, struct node *node, const char *name)
{
    const char *text = node_as_text(s->arena, node);

    (void)name;
    return text ? with_text(s, node, text) : node;
}

static const struct {
    const char *word;
    bool value;
} truths[] = {
    {"true", true}, {"false", false}, {"yes", true}, {"no", false},
    {"y", true},    {"n", false},     {"on", true},  {"off", false},
};

struct node *shape_to_bool(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind != NODE_TEXT)
        return node;
    for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
        if (strcasecmp(node->text, truths[i].word) == 0)
            return node_bool(s->arena, truths[i].value, node->place);
    return shape_complain(s, node, name, "true or false");
}

/* A number, also when it stands as text: then in decimal, as variables bring it. */
static struct node *resolved(struct shaping *s, struct node *node)
{
    if (node->kind == NODE_TEXT) {
        node = node_copy(s->arena, node);
        node_resolve_decimal(node);
    }
    return node->kind == NODE_INT || node->kind == NODE_FLOAT ? node : NULL;
}

struct node *shape_to_int(struct shaping *s, struct node *node, const char *name)
{
    struct node *number = resolved(s, node);

    if (!number)
        return shape_complain(s, node, name, "a whole number");
    if (number->kind == NODE_INT)
        return number;
    /* 2.0 is as good as 2, within what a double holds exactly. */
    if (number->number >= -9007199254740992.0 && number->number <= 9007199254740992.0 &&
        !((double)(int64_t)number->number < number->number) &&
        !((double)(int64_t)number->number > number->number))
        return node_integer(s->arena, (int64_t)number->number, node->place);
    return shape_complain(s, node, name, "a whole number");
}

struct node *shape_to_number(struct shaping *s, struct node *node, const char *name)
{
    struct node *number = resolved(s, node);

    return number ? number : shape_complain(s, node, name, "a number");
}

struct node *shape_to_bytes(struct shaping *s, struct node *node, const char *name)
{
    const char *text = node->kind == NODE_INT ? node_as_text(s->arena, node) : node->text;
    uint64_t bytes;

    /* -1 is "no limit" in places. */
    if (text && node->kind != NODE_NULL && strcmp(text, "-1") == 0)
        return with_text(s, node, text);
    if (!text || node->kind == NODE_NULL || quantity_bytes(text, INT64_MAX, &bytes) < 0)
        return shape_complain(s, node, name, "a size such as 512m, 2GiB or 1048576");
    return with_text(s, node, arena_printf(s->arena, "%" PRIu64, bytes));
}

struct node *shape_to_duration(struct shaping *s, struct node *node, const char *name)
{
    char text[QUANTITY_TEXT_SIZE];
    uint64_t ns;

    if (node->kind != NODE_TEXT || quantity_duration_ns(node->text, INT64_MAX, &ns) < 0)
        return shape_complain(s, node, name, "a duration such as 500ms, 10s or 1m30s");
    return with_text(s, node, arena_strdup(s->arena, quantity_duration_text(ns, text)));
}

const char *shape_name_identity(struct shaping *s, const struct node *item)
{
    const char *text = node_as_text(s->arena, item);

    return text ? arena_strndup(s->arena, text, strcspn(text, "=")) : NULL;
}

struct node *shape_to_list(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    if (!node_is_scalar(node) || node->kind == NODE_NULL)
        return node;
    struct node *list = node_new(s->arena, NODE_LIST, node->place);
    node_append(s->arena, list, node);
    return list;
}

const char *shape_text_identity(struct shaping *s, const struct node *item)
{
    return node_as_text(s->arena, item);
}

const struct shape shape_any = {.expected = "anything", .kinds = ~0u};
const struct shape shape_text = {
    .expected = "text", .kinds = SHAPE_KIND(NODE_TEXT), .canonical = shape_to_text};
const struct shape shape_bool = {
    .expected = "true or false", .kinds = SHAPE_KIND(NODE_BOOL), .canonical = shape_to_bool};
const struct shape shape_int = {
    .expected = "a whole number", .kinds = SHAPE_KIND(NODE_INT), .canonical = shape_to_int};
const struct shape shape_number = {.expected = "a number",
                                   .kinds = SHAPE_KIND(NODE_INT) | SHAPE_KIND(NODE_FLOAT),
                                   .canonical = shape_to_number};
const struct shape shape_bytes = {
    .expected = "a size", .kinds = SHAPE_KIND(NODE_TEXT), .canonical = shape_to_bytes};
const struct shape shape_duration = {
    .expected = "a duration", .kinds = SHAPE_KIND(NODE_TEXT), .canonical = shape_to_duration};
const struct shape shape_text_list = {
    .expected = "a list of text", .kinds = SHAPE_KIND(NODE_LIST), .values = &shape_text};
const struct shape shape_text_or_list = {.expected = "text or a list of text",
                                         .kinds = SHAPE_KIND(NODE_LIST),
                                         .canonical = shape_to_list,
                                         .values = &shape_text};
const struct shape shape_unique_list = {.expected = "a list of text",
                                        .kinds = SHAPE_KIND(NODE_LIST),
                                        .values = &shape_text,
                                        .identity = shape_text_identity};
const struct shape shape_named_list = {.expected = "a list of text",
                                       .kinds = SHAPE_KIND(NODE_LIST),
                                       .values = &shape_text,
                                       .identity = shape_name_identity};
const struct shape shape_text_map = {
    .expected = "a mapping of text", .kinds = SHAPE_KIND(NODE_MAP), .values = &shape_text};
