/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives and dies together: an app, a plan, a request each have an arena.
 *
 * Nothing taken from an arena is freed by itself; arena_free releases all of it.
 */
#pragma once

#include "base/attr.h"

#include <stddef.h>

struct arena;

struct arena *arena_new(void) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct arena *arena_free(struct arena *arena);
void arena_freep(struct arena **arena);

/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;
void *arena_array(struct arena *arena, size_t count, size_t size) MUST_USE;
char *arena_strdup(struct arena *arena, const char *s) MUST_USE;
char *arena_strndup(struct arena *arena, const char *s, size_t len) MUST_USE;
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

#define arena_new_in(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/*
 * Makes room for one more element of `size` bytes in an arena array that doubles as it
 * grows. `array` must be what an earlier call returned, or NULL with *capacity 0.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity,
                 size_t size) MUST_USE;

/* Bytes taken so far, for limits. */
size_t arena_size(const struct arena *arena);
