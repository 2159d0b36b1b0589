/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/forms.h"
#include "compose/words.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* {key: node} */
static struct node *wrap(struct shaping *s, const char *key, struct node *node)
{
    struct node *map = node_new(s->arena, NODE_MAP, node->place);

    node_put(s->arena, map, key, node);
    return map;
}

struct node *form_command(struct shaping *s, struct node *node, const char *name)
{
    struct strings words;
    const char *rest;

    if (node->kind != NODE_TEXT)
        return node;
    if (words_split(&words, s->arena, node->text, &rest) < 0)
        return shape_complain(s, node, name, "a command whose quotes are closed");
    if (*rest)
        problems_warn(s->problems, node->place,
                      "%s: '%.40s' and what follows is left out, because no shell reads this; "
                      "write [sh, -c, '...'] if one should",
                      name, rest);
    struct node *list = node_new(s->arena, NODE_LIST, node->place);
    for (size_t i = 0; i < words.count; i++)
        node_append(s->arena, list, node_text(s->arena, words.items[i], node->place));
    return list;
}

struct node *form_test(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    if (node->kind != NODE_TEXT)
        return node;
    struct node *list = node_new(s->arena, NODE_LIST, node->place);
    node_append(s->arena, list, node_text(s->arena, "CMD-SHELL", node->place));
    node_append(s->arena, list, node);
    return list;
}

struct node *form_build(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    return node->kind == NODE_TEXT ? wrap(s, "context", node) : node;
}

struct node *form_source(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    return node->kind == NODE_TEXT ? wrap(s, "source", node) : node;
}

struct node *form_secret(struct shaping *s, struct node *node, const char *name)
{
    struct node *map = form_source(s, node, name);
    const struct node *source = node_find(map, "source");

    if (source && source->kind == NODE_TEXT && !node_find(map, "target"))
        node_put_text(s->arena, map, "target",
                      arena_printf(s->arena, "/run/secrets/%s", source->text));
    return map;
}

struct node *form_env_files(struct shaping *s, struct node *node, const char *name)
{
    struct node *list = shape_to_list(s, node, name);

    for (size_t i = 0; list->kind == NODE_LIST && i < list->count; i++) {
        struct node_item *item = &list->items[i];

        if (item->value->kind == NODE_TEXT)
            item->value = wrap(s, "path", item->value);
        if (item->value->kind == NODE_MAP && !node_find(item->value, "required"))
            node_put(s->arena, item->value, "required", node_bool(s->arena, true, item->place));
    }
    return list;
}

struct node *form_device(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    if (node->kind != NODE_TEXT)
        return node;

    size_t from_len = strcspn(node->text, ":");
    const char *from = arena_strndup(s->arena, node->text, from_len);
    const char *to = node->text + from_len + (node->text[from_len] == ':');
    size_t to_len = strcspn(to, ":");
    struct node *map = node_new(s->arena, NODE_MAP, node->place);
    node_put_text(s->arena, map, "source", from);
    node_put_text(s->arena, map, "target", to_len ? arena_strndup(s->arena, to, to_len) : from);
    node_put_text(s->arena, map, "permissions", to[to_len] ? to + to_len + 1 : "rwm");
    return map;
}

struct node *form_ulimit(struct shaping *s, struct node *node, const char *name)
{
    return node->kind == NODE_MAP ? node : shape_to_int(s, node, name);
}

struct node *form_extends(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    return node->kind == NODE_TEXT ? wrap(s, "service", node) : node;
}

struct node *form_include(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    return node->kind == NODE_TEXT ? wrap(s, "path", node) : node;
}

struct node *form_probe(struct shaping *s, struct node *node, const char *name)
{
    (void)name;
    return node->kind == NODE_TEXT ? wrap(s, "url", node) : node;
}

struct node *form_gpus(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind != NODE_TEXT)
        return node;
    if (strcmp(node->text, "all") != 0)
        return shape_complain(s, node, name, "'all', or a list of mappings");
    struct node *list = node_new(s->arena, NODE_LIST, node->place);
    node_append(s->arena, list, node_new(s->arena, NODE_MAP, node->place));
    return list;
}

struct node *form_device_count(struct shaping *s, struct node *node, const char *name)
{
    if (node->kind == NODE_TEXT && strcasecmp(node->text, "all") == 0)
        return node_integer(s->arena, -1, node->place);
    return shape_to_int(s, node, name);
}

struct node *form_device_request(struct shaping *s, struct node *node, const char *name)
{
    const struct node *count = node_find(node, "count");

    if (node->kind != NODE_MAP)
        return node;
    if (count && node_find(node, "device_ids")) {
        (void)problems_add(s->problems, count->place,
                           "%s: count and device_ids exclude each other", name);
        return NULL;
    }
    if (!count && !node_find(node, "device_ids"))
        node_put_text(s->arena, node, "count", "all");
    return node;
}

struct node *form_mode(struct shaping *s, struct node *node, const char *name)
{
    static const char expected[] = "an octal mode such as 0440";
    uint64_t mode = 0;

    if (node->kind == NODE_INT && node->integer >= 0) {
        mode = (uint64_t)node->integer;
    } else if (node->kind == NODE_TEXT && *node->text && strlen(node->text) < 20) {
        for (const char *c = node->text; *c; c++) {
            if (*c < '0' || *c > '7')
                return shape_complain(s, node, name, expected);
            mode = mode * 8 + (unsigned)(*c - '0');
        }
    } else {
        return shape_complain(s, node, name, expected);
    }
    return node_text(s->arena, arena_printf(s->arena, "0%" PRIo64, mode), node->place);
}

struct node *form_resource(struct shaping *s, struct node *node, const char *name)
{
    struct node *external = node_find(node, "external");
    struct node *external_name = node_find(external, "name");

    (void)name;
    if (!external || external->kind != NODE_MAP)
        return node;
    if (external_name) {
        const struct node *own = node_find(node, "name");

        if (own && !node_equal(own, external_name))
            return shape_complain(s, external_name, "external.name",
                                  "the same as name, or to be left out");
        node_put(s->arena, node, "name", external_name);
    }
    node_put(s->arena, node, "external", node_bool(s->arena, true, external->place));
    return node;
}

/* Another driver does not understand the options of the first. */
struct node *form_merge_logging(struct shaping *s, struct node *base, struct node *over)
{
    const struct node *one = node_find(base, "driver");
    const struct node *other = node_find(over, "driver");

    if (one && other && !node_equal(one, other))
        return over;
    return shape_merge_maps(s, &shape_any, base, over);
}

/* Identities. */

static const char *text_of(struct shaping *s, const struct node *item, const char *key)
{
    const struct node *node = node_find(item, key);

    return node ? node_as_text(s->arena, node) : NULL;
}

const char *form_path_identity(struct shaping *s, const struct node *item)
{
    return text_of(s, item, "path");
}

const char *form_target_identity(struct shaping *s, const struct node *item)
{
    return text_of(s, item, "target");
}

const char *form_grant_identity(struct shaping *s, const struct node *item)
{
    const char *target = text_of(s, item, "target");

    return target ? target : text_of(s, item, "source");
}

const char *form_subnet_identity(struct shaping *s, const struct node *item)
{
    return text_of(s, item, "subnet");
}
