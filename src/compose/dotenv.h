/* SPDX-License-Identifier: Apache-2.0 */
/* Files of variables: `.env`, and what `env_file:` and `label_file:` name. */
#pragma once

#include "base/attr.h"
#include "compose/interpolate.h"
#include "model/problem.h"

#define DOTENV_SIZE_MAX ((size_t)1 << 20)

struct dotenv_entry {
    const char *name;
    const char *value; /* NULL: the line has the name alone */
    struct place place;
};

struct dotenv {
    struct dotenv_entry *items; /* in the order of the file; a name may come again */
    size_t count, capacity;
};

/*
 * NAME=VALUE or NAME: VALUE, one a line, `export` in front allowed. 'text' is taken as it is;
 * "text" may have \n and the like, run over lines, and hold variables, as text without quotes
 * may: of earlier lines, else of `variables`. `is_raw` takes everything behind the '=' as it
 * is.
 *
 * `file` names the text in problems. Adds to `out`, in the arena. Returns 0 or -EINVAL.
 */
int dotenv_read(struct dotenv *out, struct arena *arena, const char *file, const char *text,
                bool is_raw, const struct variables *variables,
                struct problems *problems) MUST_USE;

/* The last value of the name, or NULL. */
const char *dotenv_find(const struct dotenv *env, const char *name);
