/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON: what `docker compose config --format json --no-path-resolution` prints. */
#include "compose/project.h"
#include "compose/schema.h"

#include <string.h>

static json_t *to_json(struct arena *arena, const struct shape *shape, const struct node *node);

/* Text once more with each `$` doubled, so that the output can be read as a Compose file. */
static json_t *text_to_json(struct arena *arena, const char *text)
{
    if (!strchr(text, '$'))
        return json_string(text);
    char *doubled = arena_alloc(arena, 2 * strlen(text) + 1);
    for (char *out = doubled; *text; text++) {
        if (*text == '$')
            *out++ = '$';
        *out++ = *text;
    }
    return json_string(doubled);
}

static bool is_empty(const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return !node->boolean;
    case NODE_INT:
        return !node->integer;
    case NODE_FLOAT:
        return !(node->number < 0) && !(node->number > 0);
    case NODE_TEXT:
        return !*node->text;
    case NODE_LIST:
    case NODE_MAP:
    default:
        return !node->count;
    }
}

static bool is_object(const struct shape *shape, const struct node *node)
{
    return shape->keys && node->kind == NODE_MAP;
}

static void put_member(struct arena *arena, json_t *out, const struct shape *shape,
                       const struct node_item *item)
{
    const struct shape_key *key = shape_find_key(shape, item->key);

    if (key && key->flags & KEY_HIDE)
        return;
    /* Compose keeps what is free for the user at top level alone. */
    if (strncmp(item->key, "x-", 2) == 0 && shape != &schema_project)
        return;
    if (key && !(key->flags & KEY_KEEP) && is_empty(item->value) &&
        !is_object(key->shape, item->value))
        return;
    (void)json_object_set_new(out, item->key,
                              to_json(arena, key ? key->shape : &shape_any, item->value));
}

static json_t *map_to_json(struct arena *arena, const struct shape *shape,
                           const struct node *node)
{
    json_t *out = json_object();

    for (size_t i = 0; i < node->count; i++) {
        const struct node_item *item = &node->items[i];

        if (shape->keys)
            put_member(arena, out, shape, item);
        else
            (void)json_object_set_new(
                out, item->key,
                to_json(arena, shape->values ? shape->values : &shape_any, item->value));
    }
    return out;
}

static json_t *to_json(struct arena *arena, const struct shape *shape, const struct node *node)
{
    switch (node->kind) {
    case NODE_BOOL:
        return json_boolean(node->boolean);
    case NODE_INT:
        return json_integer(node->integer);
    case NODE_FLOAT:
        return json_real(node->number);
    case NODE_TEXT:
        return text_to_json(arena, node->text);
    case NODE_MAP:
        return map_to_json(arena, shape, node);
    case NODE_LIST: {
        json_t *list = json_array();

        for (size_t i = 0; i < node->count; i++)
            (void)json_array_append_new(
                list, to_json(arena, shape->values ? shape->values : &shape_any,
                              node->items[i].value));
        return list;
    }
    case NODE_NULL:
    default:
        return json_null();
    }
}

/* What Compose writes whether or not it was said. */

static void set_default(json_t *object, const char *key, json_t *value)
{
    if (object && !json_object_get(object, key))
        (void)json_object_set_new(object, key, value);
    else
        json_decref(value);
}

static void rename_key(json_t *object, const char *from, const char *to)
{
    json_t *value = json_object_get(object, from);

    if (!value)
        return;
    (void)json_object_set(object, to, value);
    (void)json_object_del(object, from);
}

/* Compose prints these with the names of its source code. */
static void capitalize_keys(json_t *list)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        rename_key(item, "path", "Path");
        rename_key(item, "rate", "Rate");
        rename_key(item, "weight", "Weight");
    }
}

/* {"id": "path", "default": null} to ["default", "id=path"]. */
static void list_ssh_keys(json_t *build)
{
    json_t *list = json_array();
    const char *id;
    json_t *path;

    json_object_foreach(json_object_get(build, "ssh"), id, path)
    {
        (void)json_array_append_new(
            list, json_is_string(path) ? json_sprintf("%s=%s", id, json_string_value(path))
                                       : json_string(id));
    }
    if (json_array_size(list))
        (void)json_object_set(build, "ssh", list);
    json_decref(list);
}

static void rename_parts(json_t *service)
{
    static const char *const lists[] = {"device_read_bps", "device_read_iops",
                                        "device_write_bps", "device_write_iops",
                                        "weight_device"};
    json_t *blkio = json_object_get(service, "blkio_config");

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        capitalize_keys(json_object_get(blkio, lists[i]));
    list_ssh_keys(json_object_get(service, "build"));
    rename_key(json_object_get(service, "provider"), "type", "driver");
}

static void put_service_defaults(json_t *service)
{
    json_t *watches = json_object_get(json_object_get(service, "develop"), "watch");
    json_t *deploy = json_object_get(service, "deploy");
    json_t *watch;
    size_t i;

    rename_parts(service);
    set_default(service, "command", json_null());
    set_default(service, "entrypoint", json_null());
    set_default(deploy, "placement", json_object());
    set_default(deploy, "resources", json_object());
    json_array_foreach(watches, i, watch)
    {
        set_default(watch, "exec", json_object());
        set_default(json_object_get(watch, "exec"), "command", json_null());
    }
}

static void put_defaults(json_t *root)
{
    const char *name;
    json_t *item;

    set_default(root, "services", json_object());
    json_object_foreach(json_object_get(root, "services"), name, item)
    {
        put_service_defaults(item);
    }
    json_object_foreach(json_object_get(root, "networks"), name, item)
    {
        set_default(item, "ipam", json_object());
    }
}

/* What no service uses is left out. */

static void collect_keys(json_t *used, json_t *map)
{
    const char *key;
    json_t *value;

    json_object_foreach(map, key, value)
    {
        (void)json_object_set_new(used, key, json_true());
    }
}

static void collect_sources(json_t *used, json_t *list, const char *type)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *source = json_string_value(json_object_get(item, "source"));
        const char *kind = json_string_value(json_object_get(item, "type"));

        if (source && (!type || (kind && strcmp(kind, type) == 0)))
            (void)json_object_set_new(used, source, json_true());
    }
}

static void keep_used(json_t *root, const char *section, json_t *used)
{
    json_t *resources = json_object_get(root, section);
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(resources, next, key, value)
    {
        if (!json_object_get(used, key))
            (void)json_object_del(resources, key);
    }
    if (resources && !json_object_size(resources))
        (void)json_object_del(root, section);
    json_decref(used);
}

static void drop_unused(json_t *root)
{
    json_t *networks = json_object(), *volumes = json_object();
    json_t *secrets = json_object(), *configs = json_object(), *models = json_object();
    const char *name;
    json_t *service;

    json_object_foreach(json_object_get(root, "services"), name, service)
    {
        collect_keys(networks, json_object_get(service, "networks"));
        collect_keys(models, json_object_get(service, "models"));
        collect_sources(volumes, json_object_get(service, "volumes"), "volume");
        collect_sources(secrets, json_object_get(service, "secrets"), NULL);
        collect_sources(secrets, json_object_get(json_object_get(service, "build"), "secrets"),
                        NULL);
        collect_sources(configs, json_object_get(service, "configs"), NULL);
    }
    keep_used(root, "networks", networks);
    keep_used(root, "volumes", volumes);
    keep_used(root, "secrets", secrets);
    keep_used(root, "configs", configs);
    keep_used(root, "models", models);
}

json_t *project_to_json(const struct project *project)
{
    struct arena *scratch = arena_new();
    json_t *root = to_json(scratch, &schema_project, project->root);

    (void)arena_free(scratch);
    put_defaults(root);
    drop_unused(root);
    return root;
}
