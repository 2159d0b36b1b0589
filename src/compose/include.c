/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "compose/load.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <string.h>

static int report_cycle(struct loader *l, const char *path, struct place place)
{
    return problems_add(l->shaping.problems, place, "include: '%s' includes itself", path);
}

/* Does this project, or one that includes it, come from the file already? */
static bool is_being_read(const struct loader *l, const char *path)
{
    for (; l; l = l->parent)
        for (size_t i = 0; i < l->file_count; i++)
            if (strcmp(l->files[i], path) == 0)
                return true;
    return false;
}

static int read_environment(struct loader *l, const struct node *include, const char *folder,
                            struct environment *env)
{
    const struct node *files = node_find(include, "env_file");
    struct arena *arena = l->shaping.arena;
    int result = 0;

    for (size_t i = 0; files && i < files->count; i++) {
        const char *name = files->items[i].value->text;

        if (environment_read(env, arena, path_join(arena, l->folder, name), name,
                             l->shaping.problems) < 0)
            result = -EINVAL;
    }
    if (files)
        return result;
    const char *path = path_join(arena, folder, ".env");
    if (!env->world->has_file(env->world->ctx, path))
        return 0;
    return environment_read(env, arena, path, path, l->shaping.problems);
}

/* What is there twice must be the same twice. */
static int import(struct loader *l, struct node *document, const struct node *included,
                  const char *section, struct place place)
{
    struct arena *arena = l->shaping.arena;
    const struct node *from = node_find(included, section);
    struct node *to = node_find(document, section);
    int result = 0;

    if (!from || from->kind != NODE_MAP)
        return 0;
    if (!to || to->kind != NODE_MAP) {
        to = node_new(arena, NODE_MAP, place);
        node_put(arena, document, section, to);
    }
    for (size_t i = 0; i < from->count; i++) {
        const struct node_item *item = &from->items[i];
        const struct node *there = node_find(to, item->key);

        if (!there)
            node_put(arena, to, item->key, item->value);
        else if (!node_equal(there, item->value))
            result = problems_add(l->shaping.problems, place,
                                  "include: %s.%s is in %s already, and is another", section,
                                  item->key, there->place.file);
    }
    return result;
}

static int import_all(struct loader *l, struct node *document, const struct node *included,
                      struct place place)
{
    static const char *const sections[] = {"services", "networks", "volumes", "secrets",
                                           "configs",  "models",   NULL};
    int result = 0;

    for (const char *const *section = sections; *section; section++)
        if (import(l, document, included, *section, place) < 0)
            result = -EINVAL;
    return result;
}

/* Reads the files of one include as a project of its own. */
static int load_include(struct loader *l, struct node *document, const struct node *include)
{
    struct arena *arena = l->shaping.arena;
    const struct node *paths = node_find(include, "path");
    const struct node *folder_node = node_find(include, "project_directory");
    struct node *model = NULL;

    if (!paths || !paths->count)
        return problems_add(l->shaping.problems, include->place,
                            "include: the key 'path' is "
                            "missing");
    const char *folder =
        folder_node ? folder_node->text : path_folder(arena, paths->items[0].value->text);
    struct environment env = {.world = l->env->world, .parent = l->env};
    struct loader inner = {
        .project = l->project,
        .shaping = l->shaping,
        .env = &env,
        .folder = path_join(arena, l->folder, folder),
        .shown_folder = path_join(arena, l->shown_folder, folder),
        .parent = l,
        .budget = l->budget,
        .depth = l->depth + 1,
        .file_count = paths->count,
    };
    const char **files = arena_array(arena, paths->count, sizeof(*files));
    const char **shown = arena_array(arena, paths->count, sizeof(*shown));
    for (size_t i = 0; i < paths->count; i++) {
        const struct node *path = paths->items[i].value;

        files[i] = path_join(arena, l->folder, path->text);
        shown[i] = path_join(arena, l->shown_folder, path->text);
        if (is_being_read(l, files[i]))
            return report_cycle(l, path->text, path->place);
    }
    inner.files = files;
    if (inner.depth > LOAD_DEPTH_MAX)
        return problems_add(l->shaping.problems, include->place, "include: more than %d deep",
                            LOAD_DEPTH_MAX);
    if (read_environment(l, include, inner.folder, &env) < 0)
        return -EINVAL;
    map_init(&inner.documents);
    int r = load_files(&inner, shown, include->place, &model);
    map_fini(&inner.documents);
    if (r < 0)
        return r;
    load_prefix_model(arena, model, folder);
    return import_all(l, document, model, include->place);
}

int load_includes(struct loader *l, struct node *document)
{
    const struct node *includes = node_find(document, "include");
    int result = 0;

    for (size_t i = 0; includes && i < includes->count; i++)
        if (load_include(l, document, includes->items[i].value) < 0)
            result = -EINVAL;
    node_remove(document, "include");
    return result;
}
