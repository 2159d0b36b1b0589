/* SPDX-License-Identifier: Apache-2.0 */
/* What load.c, extends.c and include.c share: one project, or one that is included, on its way.
 */
#pragma once

#include "base/map.h"
#include "compose/project.h"
#include "yaml/yaml.h"

#define LOAD_FILES_MAX 1000 /* read for one project, each time they are named */
#define LOAD_DEPTH_MAX 32   /* of includes, and of services that extend each other */

struct loader {
    struct project *project;
    struct shaping shaping;
    const struct environment *env; /* of this project, which may be an included one */
    const char *folder;            /* absolute: what its paths are relative to */
    const char *shown_folder;      /* the same as problems name it */
    const struct loader *parent;   /* who includes this one; NULL: nobody */
    const char *const *files;      /* what it was made from, to find cycles */
    size_t file_count;
    struct load_budget *budget; /* shared by all of a project */
    struct map documents;       /* path -> struct node: files that `extends` names */
    unsigned depth;
};

struct load_budget {
    size_t files; /* read so far */
    size_t nodes; /* copied so far by extends */
};

/* A file's documents as they were written. `place` is who names it; `shown` is its name there.
 */
int load_documents(struct loader *l, const char *path, const char *shown, struct place place,
                   struct yaml_documents *out) MUST_USE;

/* One document, canonical: interpolated and checked, `extends` and `include` still in it. */
struct node *load_canonical(struct loader *l, struct node *document) MUST_USE;

/* extends.c: resolves `extends` in all services of a canonical document. */
int load_extends(struct loader *l, struct node *document, const char *folder) MUST_USE;

/* include.c: merges what `include` names into a canonical document. */
int load_includes(struct loader *l, struct node *document) MUST_USE;

/*
 * Merges l->files into *model, which is NULL at first. `shown` are their names in problems,
 * `place` is where they are named.
 */
int load_files(struct loader *l, const char *const *shown, struct place place,
               struct node **model) MUST_USE;

/* paths.c: relative paths of a service, or of a whole model, as seen through `prefix`. */
void load_prefix_service(struct arena *arena, struct node *service, const char *prefix);
void load_prefix_model(struct arena *arena, struct node *model, const char *prefix);
