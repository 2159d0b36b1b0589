/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a JSON list that arrives in whatever pieces, one by one: so that a list costs
 * what its largest entry costs, and one without end, or of a million empty objects, nothing.
 *
 * Only the brackets around the objects are looked at here; each object is text for whoever
 * takes it, and is in the arena until the next one.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>

#define ITEMS_DEPTH_MAX 2

struct items_limits {
    size_t item_size_max; /* bytes of one object */
    size_t size_max;      /* bytes of everything */
    size_t count_max;     /* objects */
};

/* Returns 0, or a negative errno with `err` set, which ends the feeding. */
typedef int items_on_item(void *ctx, const char *text, size_t len, struct err *err);

struct items;

/* `depth` 1: objects in an array; 2: in the arrays of an object, {"Volumes": [...]}. */
struct items *items_new(struct arena *arena, unsigned depth, struct items_limits limits,
                        items_on_item *on_item, void *ctx) MUST_USE;

/*
 * 0; -EPROTO for what is no such list, -EMSGSIZE beyond a limit, both with `err` saying what
 * was found; or what on_item returned.
 */
int items_feed(struct items *items, const char *data, size_t len, struct err *err) MUST_USE;

/* -EPROTO when the list has not ended. */
int items_end(struct items *items, struct err *err) MUST_USE;
