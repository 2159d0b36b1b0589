/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects out of a JSON list. The first byte says how deep they are and how large the pieces.
 * A list that a JSON parser accepts gives the same objects here.
 */
#include "driver/items.h"

#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
    json_t *heard = ctx;

    (void)err;
    assert(len >= 2 && len <= 4096);
    assert(text[0] == '{');
    (void)json_array_append_new(heard, json_loadb(text, len, 0, NULL));
    return 0;
}

static bool is_list_of_objects(const json_t *json)
{
    for (size_t i = 0; i < json_array_size(json); i++)
        if (!json_is_object(json_array_get(json, i)))
            return false;
    return json_is_array(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct items_limits limits = {.item_size_max = 4096, .size_max = 65536, .count_max = 4096};
    struct err err;
    int r = 0;

    if (!size)
        return 0;
    unsigned depth = 1 + (data[0] & 1);
    size_t piece = (size_t)(data[0] >> 1) + 1;
    struct arena *arena = arena_new();
    json_t *heard = json_array();
    struct items *items = items_new(arena, depth, limits, on_item, heard);

    for (size_t at = 1; at < size && r == 0; at += piece)
        r = items_feed(items, (const char *)data + at, size - at < piece ? size - at : piece,
                       &err);
    if (r == 0)
        r = items_end(items, &err);
    json_t *whole = json_loadb((const char *)data + 1, size - 1, 0, NULL);
    if (depth == 1 && is_list_of_objects(whole) && size <= 4096) {
        assert(r == 0);
        assert(json_equal(whole, heard));
    }
    json_decref(whole);
    json_decref(heard);
    (void)arena_free(arena);
    return 0;
}
