/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/project.h"

#include <string.h>

static bool is_listed(const char *list, const char *profile)
{
    size_t profile_len = strlen(profile);

    for (size_t len; list && *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        if ((len == profile_len && strncmp(list, profile, len) == 0) ||
            (len == 1 && *list == '*'))
            return true;
    }
    return false;
}

static bool is_active(const struct compose_input *input, const char *list, const char *profile)
{
    for (size_t i = 0; i < input->profile_count; i++)
        if (strcmp(input->profiles[i], profile) == 0 || strcmp(input->profiles[i], "*") == 0)
            return true;
    return is_listed(list, profile);
}

/* A service without profiles always runs. */
static bool is_wanted(const struct compose_input *input, const char *list,
                      const struct node *service)
{
    const struct node *profiles = node_find(service, "profiles");

    if (!profiles || !profiles->count)
        return true;
    for (size_t i = 0; i < profiles->count; i++)
        if (is_active(input, list, profiles->items[i].value->text))
            return true;
    return false;
}

void project_apply_profiles(struct project *project, const struct compose_input *input)
{
    const char *list = environment_find(&project->env, "COMPOSE_PROFILES");
    struct node *services = node_find(project->root, "services");
    size_t kept = 0;

    if (!services)
        return;
    if (list)
        list = arena_strdup(project->arena, list);
    project->disabled = node_new(project->arena, NODE_MAP, services->place);
    for (size_t i = 0; i < services->count; i++) {
        struct node_item item = services->items[i];

        if (is_wanted(input, list, item.value))
            services->items[kept++] = item;
        else
            node_append_item(project->arena, project->disabled, item);
    }
    services->count = kept;
}
