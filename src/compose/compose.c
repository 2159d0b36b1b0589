/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/compose.h"

struct project {
    struct arena *arena;
    const char *name, *folder;
    struct strings files;
};

int compose_load(struct project **out, const struct compose_input *input,
                 const struct surroundings *world, struct problems *problems)
{
    (void)out;
    (void)world;
    return problems_add(problems,
                        (struct place){.file = input->file_count ? *input->files : NULL},
                        "Compose files cannot be read yet");
}

struct project *project_free(struct project *project)
{
    if (project)
        (void)arena_free(project->arena);
    return NULL;
}

void project_freep(struct project **project)
{
    *project = project_free(*project);
}

const char *project_name(const struct project *project)
{
    return project->name;
}

const char *project_folder(const struct project *project)
{
    return project->folder;
}

size_t project_files(const struct project *project, const char *const **out)
{
    *out = project->files.items;
    return project->files.count;
}

int project_to_app(struct app **out, const struct project *project,
                   const struct surroundings *world, struct problems *problems)
{
    (void)out;
    (void)project;
    (void)world;
    return problems_add(problems, (struct place){0}, "Compose files cannot be read yet");
}

json_t *project_to_json(const struct project *project)
{
    return json_pack("{s:s}", "name", project->name);
}
