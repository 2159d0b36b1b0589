/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "base/map.h"
#include "store/backend.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const struct store_backend *const backends[] = {&store_memory, &store_sqlite};

int store_open(struct store **out, const char *url, struct err *err)
{
    const char *colon = strchr(url, ':');
    size_t len = colon ? (size_t)(colon - url) : 0;

    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        const char *scheme = backends[i]->scheme;

        if (colon && strlen(scheme) == len && memcmp(scheme, url, len) == 0)
            return backends[i]->open(out, colon + 1, err);
    }
    return err_set(err, -EINVAL,
                   "open store '%s': expected sqlite:PATH (or memory:, which forgets)", url);
}

struct store *store_close(struct store *store)
{
    return store ? store->backend->close(store) : NULL;
}

int store_get(struct store *store, struct arena *arena, const char *key,
              struct store_value *out, struct err *err)
{
    return store->backend->get(store, arena, key, out, err);
}

int store_list(struct store *store, struct arena *arena, const char *prefix,
               struct store_value **out, size_t *count, struct err *err)
{
    return store->backend->list(store, arena, prefix, out, count, err);
}

static int check_write(const struct store_write *write, struct err *err)
{
    size_t len = strlen(write->key);

    if (len == 0 || len > STORE_KEY_MAX)
        return err_set(err, -EINVAL, "write store: key of %zu bytes, 1 to %d are allowed", len,
                       STORE_KEY_MAX);
    if (write->kind == STORE_PUT && write->len > STORE_VALUE_MAX)
        return err_set(err, -EMSGSIZE, "write store: %s: %zu bytes, at most %zu are allowed",
                       write->key, write->len, STORE_VALUE_MAX);
    return 0;
}

int store_commit(struct store *store, const struct store_write *writes, size_t count,
                 uint64_t *revision, struct err *err)
{
    struct map keys;
    int r = 0;

    map_init(&keys);
    for (size_t i = 0; i < count && r == 0; i++) {
        bool is_new = !map_set(&keys, writes[i].key, &keys);

        assert(is_new); /* what the second write to a key should compare with is undefined */
        (void)is_new;
        r = check_write(&writes[i], err);
    }
    map_fini(&keys);
    return r < 0 ? r : store->backend->commit(store, writes, count, revision, err);
}

struct store_value store_value_copy(struct arena *arena, const char *key, const void *data,
                                    size_t len, uint64_t revision)
{
    char *copy = arena_alloc(arena, len + 1);

    if (len)
        memcpy(copy, data, len);
    return (struct store_value){
        .key = arena_strdup(arena, key), .data = copy, .len = len, .revision = revision};
}
