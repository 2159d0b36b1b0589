/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from text to pointers. Owns neither: keys must outlive their entries.
 *
 * The hash has no seed, so that the same input gives the same walk in every run; maps that
 * outsiders fill are bounded by the limits of their parser.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct map_slot {
    const char *key; /* NULL: free */
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t count, size; /* size is 0 or a power of two */
};

void map_init(struct map *map);
void map_fini(struct map *map);

/* Adds or replaces. Returns the value that was there, or NULL. */
void *map_set(struct map *map, const char *key, void *value);

/* NULL when the key is not there. */
void *map_find(const struct map *map, const char *key);

/* Returns the value that was there, or NULL. */
void *map_remove(struct map *map, const char *key);

/* Iterates in no particular order: start with *at = 0; false at the end. */
bool map_next(const struct map *map, size_t *at, const char **key, void **value);
