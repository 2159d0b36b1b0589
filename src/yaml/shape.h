/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree must look like, as const tables: which kinds, which keys, how short forms become
 * long ones, and how two files merge.
 *
 * Applying a shape turns a tree as it was written into the one form that the rest reads:
 * scalars have the type of their place, short forms are spelled out, and what does not fit was
 * reported.
 */
#pragma once

#include "base/attr.h"
#include "yaml/node.h"

struct shape;

enum shape_flag {
    SHAPE_REQUIRED = 1u << 0,   /* the key must be there */
    SHAPE_ALWAYS = 1u << 1,     /* written out even when it is empty */
    SHAPE_DEPRECATED = 1u << 2, /* accepted, and of no effect */
};

struct shape_key {
    const char *name; /* NULL ends a table */
    const struct shape *shape;
    unsigned flags; /* set of enum shape_flag; what lies above is the user's */
};

/* What the hooks of a shape get. */
struct shaping {
    struct arena *arena;
    struct problems *problems;
    void *ctx; /* the user's */
};

/* Makes the canonical form; NULL after a problem was reported. `name` is the key, for
 * complaints. */
typedef struct node *shape_canonical_fn(struct shaping *s, struct node *node, const char *name);

/* Merges `over` onto `base`; both are canonical. Returns the result, which may be either. */
typedef struct node *shape_merge_fn(struct shaping *s, struct node *base, struct node *over);

/* What tells the items of a list apart; NULL: this one is like no other. */
typedef const char *shape_identity_fn(struct shaping *s, const struct node *item);

struct shape {
    const char *expected;          /* "a list of text": for complaints */
    unsigned kinds;                /* set of SHAPE_KIND(enum node_kind) after `canonical` */
    shape_canonical_fn *canonical; /* NULL: it is canonical already */
    const struct shape_key *keys;  /* mappings with known keys; NULL: see `values` */
    const struct shape *values;    /* mappings with free keys, and lists. NULL: anything */
    const char *key_expected;      /* mappings with free keys: how they look, for complaints */
    bool (*key_is_valid)(const char *key); /* NULL: all are */
    const char *const *words;    /* text: what it may be, NULL at the end. NULL: anything */
    bool is_closed;              /* known keys: x- keys are refused too */
    bool is_replaced;            /* merging: the later file's value alone counts */
    shape_merge_fn *merge;       /* NULL: mappings by key, lists one after the other */
    shape_identity_fn *identity; /* lists: the later of two with the same identity wins */
};

#define SHAPE_KIND(kind) (1u << (kind))

/*
 * Returns the canonical tree, or NULL with what does not fit in s->problems: all of it, as far
 * as one mistake does not hide another. Changes the tree that it is given.
 */
struct node *shape_apply(struct shaping *s, const struct shape *shape, struct node *node,
                         const char *name) MUST_USE;

/* `over` onto `base`, both canonical: see the members of struct shape, !reset and !override. */
struct node *shape_merge(struct shaping *s, const struct shape *shape, struct node *base,
                         struct node *over) MUST_USE;

/* The part of shape_merge for two mappings, for hooks. */
struct node *shape_merge_maps(struct shaping *s, const struct shape *shape, struct node *base,
                              struct node *over) MUST_USE;

/* Takes out what is tagged !reset, after the last file. */
void shape_drop_resets(struct node *node);

/* The row of a key, or NULL. */
const struct shape_key *shape_find_key(const struct shape *shape, const char *name);

/* Reports "NAME: expected EXPECTED, found ...". Returns NULL. */
struct node *shape_complain(struct shaping *s, const struct node *node, const char *name,
                            const char *expected);

/* Hooks for scalars that stand in many shapes. Text that holds a number counts as one. */
struct node *shape_to_text(struct shaping *s, struct node *node, const char *name);
struct node *shape_to_bool(struct shaping *s, struct node *node, const char *name);
struct node *shape_to_int(struct shaping *s, struct node *node, const char *name);
struct node *shape_to_number(struct shaping *s, struct node *node, const char *name);
struct node *shape_to_bytes(struct shaping *s, struct node *node, const char *name);
struct node *shape_to_duration(struct shaping *s, struct node *node, const char *name);

/* A scalar becomes a list of one. */
struct node *shape_to_list(struct shaping *s, struct node *node, const char *name);

/* As identity: the text itself, or what stands in front of its '='. */
shape_identity_fn shape_text_identity, shape_name_identity;

extern const struct shape shape_any, shape_text, shape_bool, shape_int, shape_number,
    shape_bytes, shape_duration, shape_text_list, shape_text_or_list, shape_unique_list,
    shape_named_list, shape_text_map;
