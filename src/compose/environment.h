/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables that a project sees: those of the process, then those of the project that
 * includes it, then its own `.env` or --env-file.
 */
#pragma once

#include "base/surroundings.h"
#include "compose/dotenv.h"

struct environment {
    const struct surroundings *world;
    const struct environment *parent; /* NULL: none */
    const char *project_name;         /* what COMPOSE_PROJECT_NAME is; NULL: not known yet */
    struct dotenv files;
};

/* NULL: not set. */
const char *environment_find(const struct environment *env, const char *name);

/* The same as hook for interpolation. */
struct variables environment_variables(const struct environment *env);

/* Adds a file's variables; later files win. Returns 0, or -EINVAL with problems. */
int environment_read(struct environment *env, struct arena *arena, const char *path,
                     const char *shown, struct problems *problems) MUST_USE;
