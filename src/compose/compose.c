/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/compose.h"

#include "base/scope.h"
#include "compose/project.h"

#include <errno.h>

static int load(struct project *project, const struct compose_input *input,
                struct problems *problems)
{
    if (project_find_sources(project, input, problems) < 0 ||
        project_load_files(project, input, problems) < 0)
        return -EINVAL;
    project_apply_profiles(project, input);
    project_normalize(project);
    if (project_check(project, input->is_lenient, problems) < 0)
        return -EINVAL;
    return project_resolve(project, problems);
}

int compose_load(struct project **out, const struct compose_input *input,
                 const struct surroundings *world, struct problems *problems)
{
    struct arena *arena = arena_new();
    SCOPED(project_freep) struct project *project = arena_new_in(arena, struct project);

    project->arena = arena;
    project->env.world = world;
    if (load(project, input, problems) < 0)
        return -EINVAL;
    *out = take_ptr(&project);
    return 0;
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

const struct node *project_section(const struct project *project, const char *name)
{
    static const struct node empty = {.kind = NODE_MAP};
    const struct node *found = node_find(project->root, name);

    return found && found->kind == NODE_MAP ? found : &empty;
}
