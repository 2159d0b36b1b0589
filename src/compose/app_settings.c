/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a service that go to the orchestrator as they are: by the table of model/setting.h.
 */
#include "base/quantity.h"
#include "compose/app_build.h"
#include "model/app_json.h"

#include <string.h>

/* "logging.driver" is the `driver` of `logging`. */
static const struct node *find(struct builder *b, const struct node *service, const char *key)
{
    const struct node *resources = node_find(node_find(service, "deploy"), "resources");
    const char *dot = strchr(key, '.');

    if (!dot && node_find(service, key))
        return node_find(service, key);
    if (!dot)
        return strcmp(key, "pids_limit") == 0
                   ? node_find(node_find(resources, "limits"), "pids")
                   : NULL;
    return node_find(
        node_find(service, arena_strndup(b->shaping.arena, key, (size_t)(dot - key))), dot + 1);
}

static const char *member(struct builder *b, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);
    const char *text = node ? node_as_text(b->shaping.arena, node) : NULL;

    return text ? text : "";
}

/* What is a mapping in the file and one text in the model. */
static struct node *flat(struct builder *b, enum setting_id id, const struct node *item)
{
    struct arena *arena = b->shaping.arena;
    const char *text = node_as_text(arena, item);

    if (id == SETTING_DEVICES)
        text = arena_printf(
            arena, "%s:%s:%s", member(b, item, "source"),
            *member(b, item, "target") ? member(b, item, "target") : member(b, item, "source"),
            *member(b, item, "permissions") ? member(b, item, "permissions") : "rwm");
    else if (id == SETTING_ULIMITS && item->kind == NODE_MAP)
        text = arena_printf(arena, "%s:%s", member(b, item, "soft"), member(b, item, "hard"));
    else if (id == SETTING_ULIMITS)
        text = arena_printf(arena, "%s:%s", text, text);
    return node_text(arena, text ? text : "", item->place);
}

static const struct node *flatten(struct builder *b, enum setting_id id,
                                  const struct node *node)
{
    struct node *out = node_new(b->shaping.arena, node->kind, node->place);

    for (size_t i = 0; i < node->count; i++) {
        struct node_item item = node->items[i];

        item.value = flat(b, id, item.value);
        node_append_item(b->shaping.arena, out, item);
    }
    return out;
}

static int64_t read_number(struct builder *b, const struct node *node, enum setting_id id)
{
    uint64_t value = 0;

    if (setting_types[id].kind == SETTING_DURATION &&
        quantity_duration_ns(node->text, APP_DURATION_NS_MAX, &value) < 0)
        build_complain(b, node, setting_types[id].key, "a duration of at most a year");
    else if (setting_types[id].kind == SETTING_BYTES && strcmp(node->text, "-1") == 0)
        return -1;
    else if (setting_types[id].kind == SETTING_BYTES &&
             quantity_bytes(node->text, APP_MEMORY_BYTES_MAX, &value) < 0)
        build_complain(b, node, setting_types[id].key, "a size of at most 1024 PiB");
    else if (setting_types[id].kind == SETTING_NUMBER)
        return node->integer;
    return (int64_t)value;
}

static void build_setting(struct builder *b, const struct node *node, struct setting *out)
{
    switch (setting_types[out->id].kind) {
    case SETTING_TEXT:
        if (strncmp(node->text, "service:", 8) == 0)
            (void)problems_refuse(b->shaping.problems, node->place,
                                  "%s: '%.80s': sharing it with another service is not "
                                  "supported yet",
                                  setting_types[out->id].key, node->text);
        out->text = build_copy(b, node);
        break;
    case SETTING_BOOL:
        out->is_true = node->boolean;
        break;
    case SETTING_LIST:
        out->list = build_strings(b, flatten(b, out->id, node));
        break;
    case SETTING_MAP:
        out->map = build_pairs(b, flatten(b, out->id, node));
        break;
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
    default:
        out->number = read_number(b, node, out->id);
        break;
    }
}

void build_settings(struct builder *b, const struct node *service, struct settings *out)
{
    struct setting found[SETTINGS];
    size_t count = 0;

    for (unsigned id = 0; id < SETTINGS; id++) {
        const struct node *node = find(b, service, setting_types[id].key);

        if (!node || node->kind == NODE_NULL)
            continue;
        found[count] = (struct setting){.id = (enum setting_id)id};
        build_setting(b, node, &found[count++]);
    }
    if (!count)
        return;
    out->items = arena_array(b->app->arena, count, sizeof(*out->items));
    out->count = count;
    memcpy(out->items, found, count * sizeof(*out->items));
}
