/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader of files may ask about the world outside: pure code gets it as callbacks, so
 * that tests and fuzzers hand in a world of their own. cli/ implements the real one.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct surroundings {
    void *ctx;

    /*
     * Appends the whole file to `out`, which was born with its limit. "-" is standard input.
     * Returns 0 or a negative errno (-ENOENT: no such file, -EFBIG: beyond the limit) with
     * `err` set.
     */
    int (*read_file)(void *ctx, const char *path, struct buf *out, struct err *err);

    /* Is there anything at this path? */
    bool (*has_file)(void *ctx, const char *path);

    /* The value of an environment variable, NULL when it is not set. Valid until the next call.
     */
    const char *(*get_variable)(void *ctx, const char *name);

    const char *work_dir; /* absolute: where relative paths of the command line begin */
};
