/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max};
}

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.size_max = buf->size_max};
}

static int reserve(struct buf *buf, size_t more)
{
    if (more > buf->size_max || buf->len > buf->size_max - more)
        return -EMSGSIZE;

    size_t wanted = buf->len + more + 1;
    if (wanted <= buf->size)
        return 0;

    size_t size = buf->size ? buf->size : 256;
    while (size < wanted)
        size *= 2;
    char *data = realloc(buf->data, size);
    if (!data)
        return -EMSGSIZE;
    buf->data = data;
    buf->size = size;
    return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
    int r = reserve(buf, len);

    if (r < 0)
        return r;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    int r = len < 0 ? -EMSGSIZE : reserve(buf, (size_t)len);
    if (r == 0) {
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return r;
}

void buf_consume(struct buf *buf, size_t len)
{
    assert(len <= buf->len);

    if (!len)
        return;
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len + 1);
}

void buf_cut(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
    if (buf->data)
        buf->data[len] = '\0';
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}
