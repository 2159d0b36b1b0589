/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a file, place by place: all that a reader finds in one go, bounded.
 *
 * Everything belongs to problems->arena, which the caller brings.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define PROBLEMS_KEPT_MAX 50 /* nobody reads more; the rest is only counted */

enum problem_kind { PROBLEM_ERROR, PROBLEM_WARNING };

/* Where in which file. Lines and columns count from 1; 0: the file as a whole. */
struct place {
    const char *file; /* as the user named it; NULL: no file, the command line */
    unsigned line, column;
};

struct problem {
    enum problem_kind kind;
    struct place place;
    const char *text; /* what was expected, what was found; one line, no full stop */
};

struct problems {
    struct arena *arena;
    struct problem *items;   /* in the order in which they were found */
    size_t count;            /* at most PROBLEMS_KEPT_MAX errors and as many warnings */
    size_t errors, warnings; /* found, which may be more than were kept */
    size_t unsupported;      /* of the errors: no mistakes, but not what we do */
    size_t capacity;
};

void problems_init(struct problems *problems, struct arena *arena);

/* Copies what it is given. Returns -EINVAL, for `return problems_add(...)`. */
int problems_add(struct problems *problems, struct place place, const char *fmt, ...)
    PRINTF(3, 4);
/* The same for what is right and is not supported. Returns -EOPNOTSUPP. */
int problems_refuse(struct problems *problems, struct place place, const char *fmt, ...)
    PRINTF(3, 4);
void problems_warn(struct problems *problems, struct place place, const char *fmt, ...)
    PRINTF(3, 4);

/* By file and line, errors and warnings mixed: as one reads the file. */
void problems_sort(struct problems *problems);

/* "compose.yaml:3:5: unknown key 'imge'; did you mean 'image'?" In the arena. */
const char *problem_text(struct arena *arena, const struct problem *problem);

/*
 * [{"kind": "error|warning", "file": "compose.yaml", "line": 3, "column": 5, "message": ""}].
 * A new reference.
 */
json_t *problems_to_json(const struct problems *problems) MUST_USE;

/* The first error as struct err, and how many more there are. Returns err->code. */
int problems_err(const struct problems *problems, struct err *err);
