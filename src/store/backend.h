/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store backend must do, with the promises of store.h. One const struct per backend.
 *
 * store.c checks the arguments (keys, sizes, no key twice in one commit), so backends see
 * valid ones only.
 */
#pragma once

#include "store/store.h"

struct store_backend {
    const char *scheme; /* "sqlite": store_open sends "sqlite:REST" here */
    int (*open)(struct store **out, const char *rest, struct err *err);
    struct store *(*close)(struct store *store);
    int (*get)(struct store *store, struct arena *arena, const char *key,
               struct store_value *out, struct err *err);
    int (*list)(struct store *store, struct arena *arena, const char *prefix,
                struct store_value **out, size_t *count, struct err *err);
    int (*commit)(struct store *store, const struct store_write *writes, size_t count,
                  uint64_t *revision, struct err *err);
};

/* The first member of every backend's own struct. */
struct store {
    const struct store_backend *backend;
};

extern const struct store_backend store_memory;
extern const struct store_backend store_sqlite;

/* Copies an entry into the arena. The copied data has a NUL behind it. */
struct store_value store_value_copy(struct arena *arena, const char *key, const void *data,
                                    size_t len, uint64_t revision);
