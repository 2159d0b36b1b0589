/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable key-value state behind one interface: memory or SQLite.
 *
 * A store is used by one thread at a time. What store_commit acknowledged survives kill -9
 * and power loss.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct store;

#define STORE_KEY_MAX   255
#define STORE_VALUE_MAX ((size_t)64 << 20)

enum {
    STORE_OK = 0,
    STORE_NOT_FOUND = 1, /* store_get: no such key */
    STORE_CONFLICT = 2,  /* store_commit: somebody wrote a newer revision */
};

struct store_value {
    const char *key;
    const void *data;
    size_t len;
    uint64_t revision; /* of the commit that wrote it; grows with each commit */
};

enum store_write_kind { STORE_PUT, STORE_DELETE };

/* `revision`: what the key must be at; 0: must not exist; STORE_ANY: whatever it is. */
#define STORE_ANY UINT64_MAX

struct store_write {
    enum store_write_kind kind;
    const char *key;
    uint64_t revision;
    const void *data; /* STORE_PUT */
    size_t len;
};

/*
 * Opens what `url` names: "sqlite:/path/state.db" or "memory:". Checks the integrity of what
 * it finds; a damaged or foreign file, or one that another process has open as a server, fails
 * with a text that says what to do.
 */
int store_open(struct store **out, const char *url, struct err *err) MUST_USE;

/* Accepts NULL. Returns NULL, so that `s = store_close(s)` disarms the variable. */
struct store *store_close(struct store *store);

/* STORE_OK or STORE_NOT_FOUND. The value is copied into `arena`. */
int store_get(struct store *store, struct arena *arena, const char *key,
              struct store_value *out, struct err *err) MUST_USE;

/* All keys that start with `prefix`, sorted. *out is an array in `arena`. */
int store_list(struct store *store, struct arena *arena, const char *prefix,
               struct store_value **out, size_t *count, struct err *err) MUST_USE;

/* All or nothing. STORE_OK, with the new *revision, or STORE_CONFLICT. */
int store_commit(struct store *store, const struct store_write *writes, size_t count,
                 uint64_t *revision, struct err *err) MUST_USE;
