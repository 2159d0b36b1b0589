/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as a tree that remembers where each value stood.
 *
 * Everything belongs to the arena that the tree was read into. Mappings are sorted by key,
 * whatever their order in the file: nothing that is read here gives a meaning to it.
 */
#pragma once

#include "base/arena.h"
#include "model/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind { NODE_NULL, NODE_BOOL, NODE_INT, NODE_FLOAT, NODE_TEXT, NODE_LIST, NODE_MAP };

/* What a file says about merging with an earlier one. */
enum node_tag {
    NODE_TAG_NONE,
    NODE_TAG_RESET,    /* !reset: as if neither had it */
    NODE_TAG_OVERRIDE, /* !override: replaces instead of adding */
};

struct node;

struct node_item {
    const char *key;    /* NULL in lists */
    struct place place; /* of the key; in lists, of the value */
    struct node *value; /* never NULL */
};

struct node {
    enum node_kind kind;
    enum node_tag tag;
    struct place place;
    const char *text; /* scalars: as it stood in the file, or what it was made from */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct {
            struct node_item *items;
            size_t count, capacity;
        };
    };
};

/* "nothing", "a mapping", "the number 80", "'text'": for complaints. In the arena. */
const char *node_describe(struct arena *arena, const struct node *node);

struct node *node_new(struct arena *arena, enum node_kind kind, struct place place) MUST_USE;
struct node *node_text(struct arena *arena, const char *text, struct place place) MUST_USE;
struct node *node_integer(struct arena *arena, int64_t integer, struct place place) MUST_USE;
struct node *node_bool(struct arena *arena, bool value, struct place place) MUST_USE;

bool node_is_scalar(const struct node *node);

/* Text to the kind that a plain scalar has in YAML 1.2's core schema, as Compose reads it. */
void node_resolve(struct node *node);

/* Text to the number that it is in decimal, if it is one. */
void node_resolve_decimal(struct node *node);

/*
 * A scalar as text, the way Compose writes numbers and truth values that stand where text is
 * expected. In the arena; NULL for null, lists and mappings.
 */
const char *node_as_text(struct arena *arena, const struct node *node);

/* The value of `key`, or NULL. Accepts NULL and what is no mapping. */
struct node *node_find(const struct node *map, const char *key);
const struct node_item *node_find_item(const struct node *map, const char *key);

/* At the end of a list; `value` belongs to one tree only. */
void node_append(struct arena *arena, struct node *list, struct node *value);

/* Adds or replaces, in its place. */
void node_put(struct arena *arena, struct node *map, const char *key, struct node *value);
void node_put_text(struct arena *arena, struct node *map, const char *key, const char *text);

/* Accepts that the key is not there. */
void node_remove(struct node *map, const char *key);

/* For mappings that were filled with node_append_item: sorts, keeping the order of equal keys.
 */
void node_append_item(struct arena *arena, struct node *node, struct node_item item);
void node_sort(struct node *map);

/* Values in the tree, itself included, and how deep it is: 1 for a scalar. */
struct node_extent {
    size_t count, depth;
};
struct node_extent node_extent(const struct node *node);

struct node *node_copy(struct arena *arena, const struct node *node) MUST_USE;

bool node_equal(const struct node *a, const struct node *b);
