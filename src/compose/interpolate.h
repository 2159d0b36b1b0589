/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `$NAME`, `${NAME}` and `${NAME:-text}`: variables in the values of a Compose file. `$$` is
 * the sign itself, and so is a `$` that neither a name nor a brace follows.
 */
#pragma once

#include "base/attr.h"
#include "yaml/node.h"

#define INTERPOLATE_DEPTH_MAX 16                /* of ${A:-${B:-...}} */
#define INTERPOLATE_SIZE_MAX  ((size_t)4 << 20) /* of one value, when all is put in */

/* Where variables come from. */
struct variables {
    const char *(*find)(const void *ctx, const char *name); /* NULL: not set */
    const void *ctx;
};

enum interpolate_outcome {
    INTERPOLATE_OK = 0,
    INTERPOLATE_INVALID = 1,  /* a `${` that begins nothing */
    INTERPOLATE_REQUIRED = 2, /* ${NAME:?message} without a value: see `name`, `message` */
    INTERPOLATE_TOO_LARGE = 3,
};

struct interpolation {
    struct arena *arena;
    const struct variables *variables;
    void (*on_unset)(void *ctx,
                     const char *name); /* a plain $NAME without a value; may be NULL */
    void *ctx;
    const char *name, *message; /* INTERPOLATE_REQUIRED */
};

/* `*out` is `text` itself where nothing is to do, else in the arena. */
enum interpolate_outcome interpolate_text(struct interpolation *in, const char *text,
                                          const char **out);

/*
 * All values of a tree (keys are left alone). Text that was changed stays text. What is invalid
 * goes to `problems`, a variable that is not set is warned of once. Returns 0 or -EINVAL.
 */
int interpolate_tree(struct arena *arena, struct node *root, const struct variables *variables,
                     struct problems *problems) MUST_USE;
