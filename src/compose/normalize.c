/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/project.h"

#include <string.h>

static struct node *section(struct project *project, const char *name)
{
    struct node *found = node_find(project->root, name);

    if (found && found->kind == NODE_MAP)
        return found;
    found = node_new(project->arena, NODE_MAP, project->root->place);
    node_put(project->arena, project->root, name, found);
    return found;
}

/* A service that says nothing about networks is in the one that all such share. */
static bool join_default(struct arena *arena, struct node *service)
{
    struct node *networks = node_find(service, "networks");

    if (node_find(service, "network_mode") || node_find(service, "provider"))
        return false;
    if (!networks || !networks->count) {
        networks = node_new(arena, NODE_MAP, service->place);
        node_put(arena, networks, "default", node_new(arena, NODE_NULL, service->place));
        node_put(arena, service, "networks", networks);
    }
    return node_find(networks, "default") != NULL;
}

static void add_dependency(struct arena *arena, struct node *service, const char *name,
                           bool restart, struct place place)
{
    struct node *dependencies = node_find(service, "depends_on");

    if (!dependencies) {
        dependencies = node_new(arena, NODE_MAP, place);
        node_put(arena, service, "depends_on", dependencies);
    }
    if (node_find(dependencies, name))
        return;
    struct node *condition = node_new(arena, NODE_MAP, place);
    node_put_text(arena, condition, "condition", "service_started");
    node_put(arena, condition, "required", node_bool(arena, true, place));
    if (restart)
        node_put(arena, condition, "restart", node_bool(arena, true, place));
    node_put(arena, dependencies, name, condition);
}

static const char *before_colon(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strcspn(text, ":"));
}

/* Who shares something with another service waits for it. */
static void add_dependencies(struct arena *arena, struct node *service)
{
    static const char *const shared[] = {"network_mode", "ipc", "pid", "uts", "cgroup", NULL};
    static const char prefix[] = "service:";
    const struct node *links = node_find(service, "links");
    const struct node *volumes = node_find(service, "volumes_from");

    for (size_t i = 0; links && i < links->count; i++)
        add_dependency(arena, service, before_colon(arena, links->items[i].value->text), true,
                       links->items[i].place);
    for (const char *const *key = shared; *key; key++) {
        const struct node *mode = node_find(service, *key);

        if (mode && mode->kind == NODE_TEXT && strncmp(mode->text, prefix, 8) == 0)
            add_dependency(arena, service, mode->text + strlen(prefix), true, mode->place);
    }
    for (size_t i = 0; volumes && i < volumes->count; i++)
        if (strncmp(volumes->items[i].value->text, "container:", 10) != 0)
            add_dependency(arena, service, before_colon(arena, volumes->items[i].value->text),
                           false, volumes->items[i].place);
}

static void normalize_build(struct arena *arena, struct node *build)
{
    if (!node_find(build, "context"))
        node_put_text(arena, build, "context", ".");
    if (!node_find(build, "dockerfile") && !node_find(build, "dockerfile_inline"))
        node_put_text(arena, build, "dockerfile", "Dockerfile");
}

static void normalize_service(struct arena *arena, struct node *service)
{
    struct node *build = node_find(service, "build");
    struct node *policy = node_find(service, "pull_policy");

    if (build)
        normalize_build(arena, build);
    if (policy && strcmp(policy->text, "if_not_present") == 0)
        policy->text = "missing";
    add_dependencies(arena, service);
}

/* Networks and their like are called after the project, unless they are somebody else's. */
static void put_names(struct project *project, const char *name)
{
    struct node *resources = node_find(project->root, name);

    if (!resources || resources->kind != NODE_MAP)
        return;
    for (size_t i = 0; i < resources->count; i++) {
        struct node_item *item = &resources->items[i];
        const struct node *external;

        if (item->value->kind == NODE_NULL)
            item->value = node_new(project->arena, NODE_MAP, item->place);
        external = node_find(item->value, "external");
        if (!node_find(item->value, "name"))
            node_put_text(
                project->arena, item->value, "name",
                external && external->boolean
                    ? item->key
                    : arena_printf(project->arena, "%s_%s", project->name, item->key));
    }
}

void project_normalize(struct project *project)
{
    struct node *services = node_find(project->root, "services");
    bool uses_default = false;

    node_put_text(project->arena, project->root, "name", project->name);
    for (size_t i = 0; services && i < services->count; i++) {
        uses_default |= join_default(project->arena, services->items[i].value);
        normalize_service(project->arena, services->items[i].value);
    }
    if (uses_default && !node_find(section(project, "networks"), "default"))
        node_put(project->arena, section(project, "networks"), "default",
                 node_new(project->arena, NODE_NULL, project->root->place));
    put_names(project, "networks");
    put_names(project, "volumes");
    put_names(project, "secrets");
    put_names(project, "configs");
}
