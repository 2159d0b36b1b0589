/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/json_put.h"

#include <assert.h>
#include <stdlib.h>

void json_put_text(json_t *object, const char *key, const char *text)
{
    (void)json_object_set_new(object, key, json_string(text));
}

void json_put_bool(json_t *object, const char *key, bool value)
{
    (void)json_object_set_new(object, key, json_boolean(value));
}

void json_put_integer(json_t *object, const char *key, uint64_t value)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

void json_put_number(json_t *object, const char *key, uint64_t value)
{
    if (value)
        json_put_integer(object, key, value);
}

json_t *json_put_object(json_t *object, const char *key)
{
    (void)json_object_set_new(object, key, json_object());
    return json_object_get(object, key);
}

json_t *json_put_array(json_t *object, const char *key)
{
    (void)json_object_set_new(object, key, json_array());
    return json_object_get(object, key);
}

json_t *json_add_object(json_t *array)
{
    (void)json_array_append_new(array, json_object());
    return json_array_get(array, json_array_size(array) - 1);
}

void json_add_text(json_t *array, const char *text)
{
    (void)json_array_append_new(array, json_string(text));
}

void json_put_strings(json_t *object, const char *key, const struct strings *strings)
{
    json_t *list = json_put_array(object, key);

    for (size_t i = 0; i < strings->count; i++)
        json_add_text(list, strings->items[i]);
}

void json_put_pairs(json_t *object, const struct key_values *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        json_put_text(object, pairs->items[i].key, pairs->items[i].value);
}

const char *json_finish(struct arena *arena, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    assert(text); /* fails for want of memory only */
    const char *copy = arena_strdup(arena, text);
    free(text);
    json_decref(json);
    return copy;
}
