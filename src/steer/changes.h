/* SPDX-License-Identifier: Apache-2.0 */
/* What one table has that the one before had not: verdicts and answers. Pure. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "steer/table.h"

#include <stdbool.h>
#include <stddef.h>

enum change_kind {
    CHANGE_VERDICT, /* of an endpoint */
    CHANGE_ANSWERS, /* the addresses of a name are others; weights alone do not count */
};

struct change {
    enum change_kind kind;
    const struct table_name *name; /* of the table before, when the name is gone */
    bool is_gone;                  /* the name: nothing is answered any more */
    /* The endpoint; with CHANGE_ANSWERS the first one whose verdict explains it, or NULL. */
    const struct table_endpoint *endpoint;
};

struct changes {
    struct change *items; /* by name; verdicts before answers */
    size_t count;
};

/* `before` may be NULL: an empty one. Borrows from both tables. */
struct changes changes_find(struct arena *arena, const struct table *before,
                            const struct table *after) MUST_USE;
