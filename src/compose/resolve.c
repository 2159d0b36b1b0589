/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "compose/project.h"

#include <errno.h>
#include <string.h>

#define VARIABLES_MAX 1000000 /* of all services, with what files hold */

struct resolver {
    struct project *project;
    struct problems *problems;
    size_t variables; /* put so far */
};

/* Names without a value take that of the process; what it has not stays without, or goes. */
static void take_over(const struct resolver *r, struct node *map, bool keeps_unset)
{
    size_t kept = 0;

    for (size_t i = 0; map && i < map->count; i++) {
        struct node_item item = map->items[i];
        const char *value =
            item.value->kind == NODE_NULL ? environment_find(&r->project->env, item.key) : NULL;

        if (value)
            item.value = node_text(r->project->arena, arena_strdup(r->project->arena, value),
                                   item.value->place);
        if (item.value->kind != NODE_NULL || keeps_unset)
            map->items[kept++] = item;
    }
    if (map)
        map->count = kept;
}

/* What a file says, under what the service itself says. */
static int put_file(struct resolver *r, struct node *map, const struct dotenv *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct dotenv_entry *entry = &file->items[i];
        const char *value =
            entry->value ? entry->value : environment_find(&r->project->env, entry->name);

        if (!value)
            continue;
        if (r->variables++ == VARIABLES_MAX)
            return problems_add(r->problems, entry->place, "more than %d variables",
                                VARIABLES_MAX);
        node_put(
            r->project->arena, map, entry->name,
            node_text(r->project->arena, arena_strdup(r->project->arena, value), entry->place));
    }
    return 0;
}

static const char *text_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_TEXT ? node->text : "";
}

/* Adds to `out` what the file at `path` says; `node` is where it is named. */
static int read_file(struct resolver *r, struct dotenv *out, const char *path, bool is_raw,
                     bool is_required, const struct node *node)
{
    const struct surroundings *world = r->project->env.world;
    const struct variables variables = environment_variables(&r->project->env);
    const char *absolute = path_join(r->project->arena, r->project->folder, path);
    struct err err = {0};
    struct buf text;

    buf_init(&text, DOTENV_SIZE_MAX);
    int result = world->read_file(world->ctx, absolute, &text, &err);
    if (result == -ENOENT && !is_required)
        result = 0;
    else if (result < 0)
        result = problems_add(r->problems, node->place, "%s", err.text);
    else
        result = dotenv_read(out, r->project->arena, path, buf_text(&text), is_raw, &variables,
                             r->problems);
    buf_fini(&text);
    return result;
}

static int read_env_file(struct resolver *r, struct dotenv *out, const struct node *file)
{
    const struct node *required = node_find(file, "required");
    const char *format = text_of(file, "format");

    if (*format && strcmp(format, "raw") != 0)
        return problems_add(r->problems, node_find(file, "format")->place,
                            "format: expected raw, or no format, found '%.80s'", format);
    return read_file(r, out, text_of(file, "path"), *format != '\0',
                     !required || required->boolean, file);
}

/* `own` over what `files` say, as service[key]. */
static int put_under(struct resolver *r, struct node *service, const char *key,
                     const struct dotenv *files)
{
    struct node *own = node_find(service, key);
    struct node *map = node_new(r->project->arena, NODE_MAP, service->place);

    if (!files->count)
        return 0;
    if (put_file(r, map, files) < 0)
        return -EINVAL;
    for (size_t i = 0; own && i < own->count; i++)
        node_put(r->project->arena, map, own->items[i].key, own->items[i].value);
    node_put(r->project->arena, service, key, map);
    return 0;
}

static int resolve_service(struct resolver *r, struct node *service)
{
    const struct node *env_files = node_find(service, "env_file");
    const struct node *label_files = node_find(service, "label_file");
    struct dotenv variables = {0}, labels = {0};
    int result = 0;

    take_over(r, node_find(service, "environment"), true);
    take_over(r, node_find(node_find(service, "build"), "args"), false);
    for (size_t i = 0; env_files && i < env_files->count; i++)
        if (read_env_file(r, &variables, env_files->items[i].value) < 0)
            result = -EINVAL;
    for (size_t i = 0; label_files && i < label_files->count; i++) {
        const struct node *path = label_files->items[i].value;

        if (read_file(r, &labels, path->text, false, true, path) < 0)
            result = -EINVAL;
    }
    if (put_under(r, service, "environment", &variables) < 0 ||
        put_under(r, service, "labels", &labels) < 0)
        result = -EINVAL;
    return result;
}

int project_resolve(struct project *project, struct problems *problems)
{
    struct node *services = node_find(project->root, "services");
    struct resolver r = {project, problems, 0};
    int result = 0;

    for (size_t i = 0; services && i < services->count; i++)
        if (resolve_service(&r, services->items[i].value) < 0)
            result = -EINVAL;
    return result;
}
