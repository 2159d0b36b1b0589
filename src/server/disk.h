/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits to the store on the thread pool, one after the other, so that the loop never waits
 * for a disk. What is submitted while a commit runs goes into the next one together.
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

/* Waits for the running commit. Accepts NULL. Returns NULL. */
struct disk *disk_free(struct disk *disk);

/* Copies key and data; NULL data deletes the key. `on_done` comes from the loop. */
void disk_write(struct disk *disk, const char *key, const char *data, size_t len,
                disk_on_done *on_done, void *ctx);
