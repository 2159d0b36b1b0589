/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads Compose files: from paths and variables to a checked project, and from there to an app
 * or to the canonical JSON of `docker compose config`.
 *
 * Pure: what it wants to know of the world it asks through struct surroundings.
 */
#pragma once

#include "base/attr.h"
#include "base/surroundings.h"
#include "model/app.h"
#include "model/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMPOSE_FILE_SIZE_MAX ((size_t)16 << 20) /* a file beyond it is refused unread */

/* What the command line says. All of it is optional: {0} reads the files that lie around. */
struct compose_input {
    const char *const
        *files;         /* -f: merged in this order. None: COMPOSE_FILE, else compose.yaml */
    size_t file_count;  /* and its variants in the work_dir, else in a folder above it */
    const char *folder; /* --project-directory: what relative paths in files are relative
                           to. NULL: the folder of the first file */
    const char *name;   /* -p. NULL: COMPOSE_PROJECT_NAME, `name:`, the folder's name */
    const char *const
        *env_files; /* --env-file. None: COMPOSE_ENV_FILES, else .env in the folder */
    size_t env_file_count;
    const char *const *profiles; /* --profile. Those of COMPOSE_PROFILES come on top */
    size_t profile_count;
    bool is_lenient; /* --no-consistency: what refers to nothing is let through */
};

struct project; /* what the files say together: merged, interpolated, checked by the schema */

/*
 * Returns 0, or -EINVAL with what is wrong in `problems` (one error at least); warnings, such
 * as variables that are not set, may be there in both cases.
 */
int compose_load(struct project **out, const struct compose_input *input,
                 const struct surroundings *world, struct problems *problems) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct project *project_free(struct project *project);
void project_freep(struct project **project);

const char *project_name(const struct project *project);

/* Absolute: where `up` was meant to be. */
const char *project_folder(const struct project *project);

/* The files that were read, in their order, as the user named them. */
size_t project_files(const struct project *project, const char *const **out);

/*
 * What Seawall runs. Returns 0; -EINVAL with `problems`: keys that have no meaning yet, and
 * what app_check finds, at the lines where it stands; or -EOPNOTSUPP when nothing but such keys
 * is the matter. The app is the caller's and outlives the project.
 */
int project_to_app(struct app **out, const struct project *project,
                   const struct surroundings *world, struct problems *problems) MUST_USE;

/* As `docker compose config --format json --no-path-resolution` prints it. A new reference. */
json_t *project_to_json(const struct project *project) MUST_USE;
