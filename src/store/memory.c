/* SPDX-License-Identifier: Apache-2.0 */
/* A store that forgets: for tests and simulations. A sorted array. */
#include "base/mem.h"
#include "store/backend.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *key;
    void *data;
    size_t len;
    uint64_t revision;
};

struct memory {
    struct store store;
    struct entry *entries; /* sorted by key */
    size_t count, capacity;
    uint64_t revision;
};

static int memory_open(struct store **out, const char *rest, struct err *err)
{
    struct memory *memory = mem_new(struct memory);

    (void)rest;
    (void)err;
    memory->store.backend = &store_memory;
    *out = &memory->store;
    return 0;
}

static void entry_fini(struct entry *entry)
{
    free(entry->key);
    free(entry->data);
}

static struct store *memory_close(struct store *store)
{
    struct memory *memory = (struct memory *)store;

    for (size_t i = 0; i < memory->count; i++)
        entry_fini(&memory->entries[i]);
    free(memory->entries);
    free(memory);
    return NULL;
}

/* Where the key is, or would have to be. */
static size_t position(const struct memory *memory, const char *key)
{
    size_t low = 0, high = memory->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(memory->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *find(const struct memory *memory, const char *key)
{
    size_t at = position(memory, key);

    if (at == memory->count || strcmp(memory->entries[at].key, key) != 0)
        return NULL;
    return &memory->entries[at];
}

static struct store_value value_of(struct arena *arena, const struct entry *entry)
{
    return store_value_copy(arena, entry->key, entry->data, entry->len, entry->revision);
}

static int memory_get(struct store *store, struct arena *arena, const char *key,
                      struct store_value *out, struct err *err)
{
    const struct entry *entry = find((struct memory *)store, key);

    (void)err;
    if (!entry)
        return STORE_NOT_FOUND;
    *out = value_of(arena, entry);
    return STORE_OK;
}

static int memory_list(struct store *store, struct arena *arena, const char *prefix,
                       struct store_value **out, size_t *count, struct err *err)
{
    const struct memory *memory = (struct memory *)store;
    size_t first = position(memory, prefix), end = first, prefix_len = strlen(prefix);

    (void)err;
    while (end < memory->count && strncmp(memory->entries[end].key, prefix, prefix_len) == 0)
        end++;

    struct store_value *values = arena_array(arena, end - first, sizeof(*values));
    for (size_t i = first; i < end; i++)
        values[i - first] = value_of(arena, &memory->entries[i]);
    *out = values;
    *count = end - first;
    return STORE_OK;
}

static bool is_as_expected(const struct memory *memory, const struct store_write *write)
{
    const struct entry *entry = find(memory, write->key);

    return write->revision == STORE_ANY || write->revision == (entry ? entry->revision : 0);
}

static void apply_delete(struct memory *memory, const struct store_write *write)
{
    struct entry *entry = find(memory, write->key);

    if (!entry)
        return;
    entry_fini(entry);
    memory->count--;
    memmove(entry, entry + 1,
            (size_t)(memory->entries + memory->count - entry) * sizeof(*entry));
}

static void apply_put(struct memory *memory, const struct store_write *write)
{
    struct entry *entry = find(memory, write->key);

    if (!entry) {
        size_t at = position(memory, write->key);

        memory->entries =
            mem_grow(memory->entries, memory->count, &memory->capacity, sizeof(*entry));
        entry = &memory->entries[at];
        memmove(entry + 1, entry, (memory->count - at) * sizeof(*entry));
        memory->count++;
        *entry = (struct entry){.key = mem_strdup(write->key)};
    }
    free(entry->data);
    entry->data = mem_alloc(write->len + 1);
    if (write->len)
        memcpy(entry->data, write->data, write->len);
    entry->len = write->len;
    entry->revision = memory->revision;
}

static int memory_commit(struct store *store, const struct store_write *writes, size_t count,
                         uint64_t *revision, struct err *err)
{
    struct memory *memory = (struct memory *)store;

    (void)err;
    for (size_t i = 0; i < count; i++)
        if (!is_as_expected(memory, &writes[i]))
            return STORE_CONFLICT;

    memory->revision++;
    for (size_t i = 0; i < count; i++) {
        if (writes[i].kind == STORE_DELETE)
            apply_delete(memory, &writes[i]);
        else
            apply_put(memory, &writes[i]);
    }
    *revision = memory->revision;
    return STORE_OK;
}

const struct store_backend store_memory = {
    .scheme = "memory",
    .open = memory_open,
    .close = memory_close,
    .get = memory_get,
    .list = memory_list,
    .commit = memory_commit,
};
