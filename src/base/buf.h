/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that is born with its limit.
 *
 * The buffer owns its bytes. It is always NUL-terminated, so data can be read as text.
 */
#pragma once

#include "base/attr.h"

#include <stddef.h>

struct buf {
    char *data; /* NULL while empty and never used */
    size_t len;
    size_t size;     /* allocated */
    size_t size_max; /* buf_add beyond it fails with -EMSGSIZE */
};

void buf_init(struct buf *buf, size_t size_max);
void buf_fini(struct buf *buf);

/* Returns 0 or -EMSGSIZE; the buffer is then as it was before the call. */
int buf_add(struct buf *buf, const void *data, size_t len) MUST_USE;
int buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* Drops the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);
/* Keeps the first `len` bytes. */
void buf_cut(struct buf *buf, size_t len);
void buf_clear(struct buf *buf);

/* The bytes as text: never NULL. */
const char *buf_text(const struct buf *buf);
