/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's streams in pieces: the first byte says which stream and how large the pieces are. */
#include "driver/docker_stream.h"
#include "driver/lines.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_line(void *ctx, const char *line, size_t len, struct err *err)
{
    (void)ctx;
    (void)err;
    assert(len > 0 && len <= DOCKER_JSON_LINE_MAX);
    assert(!memchr(line, '\n', len));
    return 0;
}

static void on_log(void *ctx, const struct docker_log *log)
{
    (void)ctx;
    assert(log->len <= DOCKER_LOG_LINE_MAX);
    assert(log->text[log->len] == '\0');
    assert(!memchr(log->text, '\n', log->len));
    assert(strlen(log->at) < 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;

    struct arena *arena = arena_new();
    struct lines *lines = lines_new(arena, DOCKER_JSON_LINE_MAX, on_line, NULL);
    struct docker_frames *frames = docker_frames_new(arena, data[0] & 2, on_log, NULL);
    size_t piece = (size_t)(data[0] >> 2) + 1;
    struct err err;
    int r = 0;

    for (size_t at = 1; at < size && r == 0; at += piece) {
        size_t len = size - at < piece ? size - at : piece;

        if (data[0] & 1)
            docker_frames_feed(frames, (const char *)data + at, len);
        else
            r = lines_feed(lines, (const char *)data + at, len, &err);
    }
    docker_frames_end(frames);
    if (r == 0)
        r = lines_end(lines, &err);
    (void)arena_free(arena);
    return 0;
}
