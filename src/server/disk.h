/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits to the store on the thread pool, one after the other, so that the loop never waits
 * for a disk. What is submitted while a commit runs goes into the next one together; where
 * that one fails, each write is tried by itself, so that none fails for another's sake.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "store/store.h"

#include <uv.h>

struct disk;

/* `err` is NULL when the write is durable. */
typedef void disk_on_done(void *ctx, const struct err *err);

/* Uses the store, which must outlive it, from one pool thread at a time. */
struct disk *disk_new(uv_loop_t *loop, struct store *store) MUST_USE;

/* Runs the loop until nothing waits to be written. */
void disk_drain(struct disk *disk);

/* Nothing may be under way. Accepts NULL. Returns NULL. */
struct disk *disk_free(struct disk *disk);

/*
 * All of it or nothing. Keys and data are copied; NULL data deletes the key, and no key comes
 * twice. `on_done` comes from the loop.
 */
struct disk_entry {
    const char *key;
    const char *data; /* text */
};

void disk_write(struct disk *disk, const struct disk_entry *entries, size_t count,
                disk_on_done *on_done, void *ctx);
