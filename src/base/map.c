/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_fini(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

static size_t hash(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* The slot of the key, or the free slot where it belongs. */
static size_t locate(const struct map *map, const char *key)
{
    size_t i = hash(key) & (map->size - 1);

    while (map->slots[i].key && strcmp(map->slots[i].key, key) != 0)
        i = (i + 1) & (map->size - 1);
    return i;
}

static void grow(struct map *map)
{
    struct map old = *map;

    map->size = old.size ? old.size * 2 : 16;
    map->slots = mem_array(map->size, sizeof(*map->slots));
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].key)
            map->slots[locate(map, old.slots[i].key)] = old.slots[i];
    free(old.slots);
}

void *map_set(struct map *map, const char *key, void *value)
{
    assert(key);

    if (map->count * 4 >= map->size * 3)
        grow(map);

    struct map_slot *slot = &map->slots[locate(map, key)];
    void *before = slot->key ? slot->value : NULL;
    if (!slot->key)
        map->count++;
    *slot = (struct map_slot){key, value};
    return before;
}

void *map_find(const struct map *map, const char *key)
{
    if (!map->size)
        return NULL;
    struct map_slot slot = map->slots[locate(map, key)];
    return slot.key ? slot.value : NULL;
}

void *map_remove(struct map *map, const char *key)
{
    if (!map->size)
        return NULL;

    size_t gap = locate(map, key);
    if (!map->slots[gap].key)
        return NULL;
    void *value = map->slots[gap].value;

    /* Close the gap: move back whatever was displaced over it (Knuth 6.4 R). */
    for (size_t i = (gap + 1) & (map->size - 1); map->slots[i].key;
         i = (i + 1) & (map->size - 1)) {
        size_t home = hash(map->slots[i].key) & (map->size - 1);

        if (((i - home) & (map->size - 1)) >= ((i - gap) & (map->size - 1))) {
            map->slots[gap] = map->slots[i];
            gap = i;
        }
    }
    map->slots[gap] = (struct map_slot){0};
    map->count--;
    return value;
}

bool map_next(const struct map *map, size_t *at, const char **key, void **value)
{
    for (; *at < map->size; (*at)++) {
        if (!map->slots[*at].key)
            continue;
        if (key)
            *key = map->slots[*at].key;
        if (value)
            *value = map->slots[*at].value;
        (*at)++;
        return true;
    }
    return false;
}
