/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of compose/ share about a project that is being read. Not for other folders.
 */
#pragma once

#include "compose/compose.h"
#include "compose/environment.h"
#include "yaml/shape.h"

struct project {
    struct arena *arena; /* owns everything here, the project itself included */
    const char *name;
    const char *folder;       /* absolute */
    const char *shown_folder; /* the same as the user would name it: "." here */
    struct strings files;     /* as the user named them */
    struct node *root;        /* canonical */
    struct node *disabled;    /* the services that profiles took out, by name */
    struct environment env;
};

/* What stands under services, networks and so on; an empty mapping where nothing does. */
const struct node *project_section(const struct project *project, const char *name);

/* sources.c: which files, which folder, which variables; fills all but name and root. */
int project_find_sources(struct project *project, const struct compose_input *input,
                         struct problems *problems) MUST_USE;

/* sources.c: -p, COMPOSE_PROJECT_NAME, `name:` of the last document that has one, the folder.
 */
int project_find_name(struct project *project, const struct compose_input *input,
                      const struct node *named, struct problems *problems) MUST_USE;

/* load.c: reads and merges all files into project->root. */
int project_load_files(struct project *project, const struct compose_input *input,
                       struct problems *problems) MUST_USE;

/* profiles.c: takes out the services whose profiles are not asked for. */
void project_apply_profiles(struct project *project, const struct compose_input *input);

/* normalize.c: defaults that one part of a file has because of another. */
void project_normalize(struct project *project);

/* resolve.c: env_file, label_file, and variables of the process where only a name is given. */
int project_resolve(struct project *project, struct problems *problems) MUST_USE;

/* check.c: does what the files say fit together? Returns 0, or -EINVAL with problems. */
int project_check(const struct project *project, bool is_lenient,
                  struct problems *problems) MUST_USE;
