/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, bounded on the way in and atomic on the way out. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads the file into `out`, which the caller initialised with its limit. A file beyond the
 * limit fails with -EFBIG before it is read. Also reads pipes ("-" is standard input).
 */
int file_read(const char *path, struct buf *out, struct err *err) MUST_USE;

/*
 * Replaces the file so that a crash or power loss leaves the old or the new content, never
 * a mixture: write to a neighbour, fsync, rename, fsync the folder. Mode 0600.
 */
int file_replace(const char *path, const void *data, size_t len, struct err *err) MUST_USE;

/* Makes sure that what was created or renamed in the folder of `path` survives power loss. */
int file_sync_folder(const char *path, struct err *err) MUST_USE;
