/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/lines.h"

#include <errno.h>
#include <string.h>

struct lines {
    struct arena *arena;
    lines_on_line *on_line;
    void *ctx;
    size_t size_max;
    char *text; /* the beginning of a line whose end is not there yet */
    size_t len, size;
};

struct lines *lines_new(struct arena *arena, size_t size_max, lines_on_line *on_line, void *ctx)
{
    struct lines *lines = arena_new_in(arena, struct lines);

    *lines =
        (struct lines){.arena = arena, .size_max = size_max, .on_line = on_line, .ctx = ctx};
    return lines;
}

/* Keeps a piece. The arena's old copies add up to less than the line itself. */
static int lines_keep(struct lines *lines, const char *data, size_t len, struct err *err)
{
    if (len > lines->size_max - lines->len)
        return err_set(err, -EMSGSIZE, "a line of more than %zu bytes", lines->size_max);
    if (lines->len + len > lines->size) {
        size_t size = lines->size ? lines->size : 4096;
        while (size < lines->len + len)
            size *= 2;
        char *text = arena_alloc(lines->arena, size);
        if (lines->len)
            memcpy(text, lines->text, lines->len);
        lines->text = text;
        lines->size = size;
    }
    if (len)
        memcpy(lines->text + lines->len, data, len);
    lines->len += len;
    return 0;
}

static int lines_emit(struct lines *lines, const char *line, size_t len, struct err *err)
{
    if (len && line[len - 1] == '\r')
        len--;
    return len ? lines->on_line(lines->ctx, line, len, err) : 0;
}

int lines_feed(struct lines *lines, const char *data, size_t len, struct err *err)
{
    const char *end;

    while (len && (end = memchr(data, '\n', len))) {
        size_t part = (size_t)(end - data);
        int r;

        if (lines->len) {
            r = lines_keep(lines, data, part, err);
            size_t whole = lines->len;
            lines->len = 0;
            if (r == 0)
                r = lines_emit(lines, lines->text, whole, err);
        } else {
            r = lines_emit(lines, data, part, err);
        }
        if (r < 0)
            return r;
        data = end + 1;
        len -= part + 1;
    }
    return lines_keep(lines, data, len, err);
}

int lines_end(struct lines *lines, struct err *err)
{
    size_t len = lines->len;

    lines->len = 0;
    return lines_emit(lines, lines->text, len, err);
}
