/* SPDX-License-Identifier: Apache-2.0 */
#include "model/setting_json.h"

#include "model/app_json.h"
#include "model/json_read.h"

#include <errno.h>
#include <string.h>

static json_t *list_to_json(const struct strings *list)
{
    json_t *json = json_array();

    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(json, json_string(list->items[i]));
    return json;
}

static json_t *map_to_json(const struct key_values *map)
{
    json_t *json = json_object();

    for (size_t i = 0; i < map->count; i++)
        (void)json_object_set_new(json, map->items[i].key, json_string(map->items[i].value));
    return json;
}

static json_t *setting_to_json(const struct setting *setting)
{
    switch (setting_types[setting->id].kind) {
    case SETTING_TEXT:
        return json_string(setting->text);
    case SETTING_BOOL:
        return json_boolean(setting->is_true);
    case SETTING_LIST:
        return list_to_json(&setting->list);
    case SETTING_MAP:
        return map_to_json(&setting->map);
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
    default:
        return json_integer(setting->number);
    }
}

json_t *settings_to_json(const struct settings *settings)
{
    json_t *json = json_object();

    for (size_t i = 0; i < settings->count; i++)
        (void)json_object_set_new(json, setting_types[settings->items[i].id].key,
                                  setting_to_json(&settings->items[i]));
    return json;
}

static int read_number(const json_t *json, const char *where, const char *key, int64_t *out,
                       struct err *err)
{
    const json_t *value = json_object_get(json, key);

    if (!json_is_integer(value))
        return err_set(err, -EINVAL, "%s: expected a whole number", where);
    *out = json_integer_value(value);
    return 0;
}

static int read_map(const json_t *json, const char *where, struct arena *arena,
                    struct key_values *out, struct err *err)
{
    if (json_read_object(json, where, APP_ITEMS_MAX, err) < 0)
        return err->code;

    struct json_members members = json_members_sorted(arena, json);
    struct key_value *items = arena_array(arena, members.count, sizeof(*items));
    for (size_t i = 0; i < members.count; i++) {
        items[i].key = members.items[i].key;
        if (!*items[i].key || strlen(items[i].key) > JSON_TEXT_MAX)
            return err_set(err, -EINVAL, "%s: found a name of %zu bytes, expected 1 to %d",
                           where, strlen(items[i].key), JSON_TEXT_MAX);
        if (json_read_text(json, where, items[i].key, arena, &items[i].value, err) < 0)
            return err->code;
    }
    *out = (struct key_values){items, members.count};
    return 0;
}

static int read_setting(const json_t *json, const char *where, struct arena *arena,
                        struct setting *out, struct err *err)
{
    const char *key = setting_types[out->id].key;
    const char *place = json_where(arena, where, key);

    switch (setting_types[out->id].kind) {
    case SETTING_TEXT:
        return json_read_text(json, where, key, arena, &out->text, err);
    case SETTING_BOOL:
        return json_read_bool(json, where, key, &out->is_true, err);
    case SETTING_LIST:
        return json_read_strings(json, where, key, APP_ITEMS_MAX, arena, &out->list, err);
    case SETTING_MAP:
        return read_map(json_object_get(json, key), place, arena, &out->map, err);
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
    default:
        return read_number(json, place, key, &out->number, err);
    }
}

int settings_from_json(const json_t *json, const char *where, struct arena *arena,
                       struct settings *out, struct err *err)
{
    const char *keys[SETTINGS + 1] = {NULL};
    struct settings settings = {0};

    for (unsigned id = 0; id < SETTINGS; id++)
        keys[id] = setting_types[id].key;
    if (json_read_keys(json, where, keys, err) < 0)
        return err->code;
    settings.items = arena_array(arena, json_object_size(json), sizeof(*settings.items));
    for (unsigned id = 0; id < SETTINGS; id++) {
        struct setting *setting = &settings.items[settings.count];

        if (!json_object_get(json, keys[id]))
            continue;
        setting->id = (enum setting_id)id;
        if (read_setting(json, where, arena, setting, err) < 0)
            return err->code;
        settings.count++;
    }
    *out = settings;
    return 0;
}
