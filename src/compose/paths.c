/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "compose/load.h"

#include <string.h>

static bool is_remote(const char *path)
{
    static const char *const beginnings[] = {"git@", "github.com/", "service:", NULL};

    if (strstr(path, "://"))
        return true;
    for (const char *const *beginning = beginnings; *beginning; beginning++)
        if (strncmp(path, *beginning, strlen(*beginning)) == 0)
            return true;
    return false;
}

static void prefix_text(struct arena *arena, struct node *node, const char *prefix)
{
    if (!node || node->kind != NODE_TEXT || !*node->text || *node->text == '/' ||
        *node->text == '~' || is_remote(node->text))
        return;
    node->text = path_join(arena, prefix, node->text);
}

static void prefix_each(struct arena *arena, struct node *list, const char *key,
                        const char *prefix)
{
    for (size_t i = 0; list && !node_is_scalar(list) && i < list->count; i++) {
        struct node *value = list->items[i].value;

        prefix_text(arena, key ? node_find(value, key) : value, prefix);
    }
}

void load_prefix_service(struct arena *arena, struct node *service, const char *prefix)
{
    struct node *build = node_find(service, "build");
    struct node *volumes = node_find(service, "volumes");

    prefix_text(arena, node_find(build, "context"), prefix);
    if (build && !node_find(build, "context"))
        node_put_text(arena, build, "context", path_join(arena, prefix, "."));
    prefix_each(arena, node_find(build, "additional_contexts"), NULL, prefix);
    prefix_each(arena, node_find(service, "env_file"), "path", prefix);
    prefix_each(arena, node_find(service, "label_file"), NULL, prefix);
    prefix_each(arena, node_find(node_find(service, "develop"), "watch"), "path", prefix);
    for (size_t i = 0; volumes && volumes->kind == NODE_LIST && i < volumes->count; i++) {
        const struct node *type = node_find(volumes->items[i].value, "type");

        if (type && type->kind == NODE_TEXT && strcmp(type->text, "bind") == 0)
            prefix_text(arena, node_find(volumes->items[i].value, "source"), prefix);
    }
}

void load_prefix_model(struct arena *arena, struct node *model, const char *prefix)
{
    struct node *services = node_find(model, "services");

    for (size_t i = 0; services && services->kind == NODE_MAP && i < services->count; i++)
        load_prefix_service(arena, services->items[i].value, prefix);
    prefix_each(arena, node_find(model, "secrets"), "file", prefix);
    prefix_each(arena, node_find(model, "configs"), "file", prefix);
}
