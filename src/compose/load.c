/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/load.h"

#include "base/path_text.h"
#include "compose/interpolate.h"
#include "compose/schema.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <string.h>

int load_documents(struct loader *l, const char *path, const char *shown, struct place place,
                   struct yaml_documents *out)
{
    const struct surroundings *world = l->project->env.world;
    struct problems *problems = l->shaping.problems;
    struct err err = {0};
    struct buf text;

    if (l->budget->files++ == LOAD_FILES_MAX)
        return problems_add(problems, place, "more than %d files", LOAD_FILES_MAX);
    buf_init(&text, COMPOSE_FILE_SIZE_MAX);
    int r = world->read_file(world->ctx, path, &text, &err);
    if (r < 0)
        r = problems_add(problems, place, "%s", err.text);
    else
        r = yaml_read(out, l->project->arena, shown, buf_text(&text), text.len, problems);
    buf_fini(&text);
    return r;
}

struct node *load_canonical(struct loader *l, struct node *document)
{
    const struct variables variables = environment_variables(l->env);

    if (interpolate_tree(l->shaping.arena, document, &variables, l->shaping.problems) < 0)
        return NULL;
    return shape_apply(&l->shaping, &schema_project, document, "the file");
}

static int add_document(struct loader *l, struct node *document, const char *folder,
                        struct node **model)
{
    struct node *canonical = load_canonical(l, document);

    if (!canonical || load_extends(l, canonical, folder) < 0 || load_includes(l, canonical) < 0)
        return -EINVAL;
    *model = *model ? shape_merge(&l->shaping, &schema_project, *model, canonical) : canonical;
    shape_drop_resets(*model);
    return 0;
}

int load_files(struct loader *l, const char *const *shown, struct place place,
               struct node **model)
{
    int result = 0;

    for (size_t i = 0; i < l->file_count; i++) {
        struct yaml_documents documents = {0};

        if (load_documents(l, l->files[i], shown[i], place, &documents) < 0)
            result = -EINVAL;
        else if (!documents.count)
            result = problems_add(l->shaping.problems, (struct place){shown[i], 0, 0},
                                  "the file is empty, expected 'services:' with a mapping");
        for (size_t j = 0; j < documents.count; j++)
            if (add_document(l, documents.items[j], l->folder, model) < 0)
                result = -EINVAL;
    }
    return result;
}

/* The project's own files. */

struct source {
    struct yaml_documents documents;
    const char *path; /* "-", or absolute */
};

/* The last `name:` of all documents, its variables put in. */
static const struct node *find_name(struct loader *l, const struct source *sources,
                                    size_t count)
{
    const struct variables variables = environment_variables(l->env);
    struct node *name = NULL;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i].documents.count; j++) {
            struct node *found = node_find(sources[i].documents.items[j], "name");

            if (found && found->kind == NODE_TEXT)
                name = node_copy(l->shaping.arena, found);
        }
    /* What is wrong with it is told when the whole document is read. */
    struct problems ignored;
    problems_init(&ignored, l->shaping.arena);
    if (name && interpolate_tree(l->shaping.arena, name, &variables, &ignored) < 0)
        return NULL;
    return name;
}

static int read_sources(struct loader *l, struct source *sources)
{
    const struct project *project = l->project;
    struct arena *arena = l->shaping.arena;
    int result = 0;

    for (size_t i = 0; i < project->files.count; i++) {
        const char *shown = project->files.items[i];
        struct source *source = &sources[i];

        source->path = strcmp(shown, "-") == 0
                           ? shown
                           : path_join(arena, project->env.world->work_dir, shown);
        if (load_documents(l, source->path, shown, (struct place){0}, &source->documents) < 0)
            result = -EINVAL;
        else if (!source->documents.count)
            result = problems_add(l->shaping.problems, (struct place){shown, 0, 0},
                                  "the file is empty, expected 'services:' with a mapping");
    }
    return result;
}

static int load_all(struct loader *l, const struct compose_input *input)
{
    struct project *project = l->project;
    size_t count = project->files.count;
    struct source *sources = arena_array(l->shaping.arena, count, sizeof(*sources));
    const char **paths = arena_array(l->shaping.arena, count, sizeof(*paths));
    int result = 0;

    if (read_sources(l, sources) < 0 ||
        project_find_name(project, input, find_name(l, sources, count), l->shaping.problems) <
            0)
        return -EINVAL;
    project->env.project_name = project->name;
    for (size_t i = 0; i < count; i++)
        paths[i] = sources[i].path;
    l->files = paths;
    l->file_count = count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sources[i].documents.count; j++)
            if (add_document(l, sources[i].documents.items[j],
                             path_folder(l->shaping.arena, sources[i].path),
                             &project->root) < 0)
                result = -EINVAL;
    return result;
}

int project_load_files(struct project *project, const struct compose_input *input,
                       struct problems *problems)
{
    struct load_budget budget = {0};
    struct loader loader = {
        .project = project,
        .shaping = {project->arena, problems, NULL},
        .env = &project->env,
        .folder = project->folder,
        .shown_folder = project->shown_folder,
        .budget = &budget,
    };

    map_init(&loader.documents);
    int result = load_all(&loader, input);
    map_fini(&loader.documents);
    return result;
}
