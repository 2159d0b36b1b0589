/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most apps and plans fit one block; larger requests get a block of their own. */
#define ARENA_BLOCK_SIZE ((size_t)4032)
#define ARENA_ALIGN      _Alignof(max_align_t)

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *blocks; /* newest first */
    size_t total;
    size_t block_size; /* doubles up to a megabyte, so that big plans take few blocks */
};

struct arena *arena_new(void)
{
    struct arena *arena = mem_new(struct arena);

    arena->block_size = ARENA_BLOCK_SIZE;
    return arena;
}

struct arena *arena_free(struct arena *arena)
{
    if (!arena)
        return NULL;
    while (arena->blocks) {
        struct block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
    free(arena);
    return NULL;
}

void arena_freep(struct arena **arena)
{
    *arena = arena_free(*arena);
}

static struct block *block_add(struct arena *arena, size_t size)
{
    struct block *block = mem_alloc(sizeof(*block) + size);

    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

/* A request too large for a shared block: kept behind the block that is being filled. */
static void *alloc_large(struct arena *arena, size_t size)
{
    struct block *filling = arena->blocks;
    struct block *block = block_add(arena, size);

    block->used = size;
    if (filling) {
        arena->blocks = filling;
        block->next = filling->next;
        filling->next = block;
    }
    return block->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    arena->total += size;

    if (size > arena->block_size / 4)
        return alloc_large(arena, size);
    if (!arena->blocks || arena->blocks->size - arena->blocks->used < size) {
        (void)block_add(arena, arena->block_size);
        if (arena->block_size < (size_t)1 << 20)
            arena->block_size *= 2;
    }

    void *p = arena->blocks->data + arena->blocks->used;
    arena->blocks->used += size;
    return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        abort();
    return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
    return arena_strndup(arena, s, strlen(s));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        abort();

    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;

    size_t wanted = *capacity ? *capacity * 2 : 4;
    void *grown = arena_array(arena, wanted, size);
    if (count)
        memcpy(grown, array, count * size);
    *capacity = wanted;
    return grown;
}

size_t arena_size(const struct arena *arena)
{
    return arena->total;
}
