/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/docker_stream.h"

#include <stdint.h>
#include <string.h>

#define AT_SIZE     40 /* "2026-11-24T05:23:30.411664203+00:00" and its NUL */
#define HEADER_SIZE 8

/* One of the two streams of a log. */
struct log_half {
    char line[DOCKER_LOG_LINE_MAX + 1];
    size_t len;
    char at[AT_SIZE];
    size_t at_len;
    bool in_stamp; /* the time at the beginning of a frame */
};

struct docker_frames {
    docker_on_log *on_log;
    void *ctx;
    bool has_stamps;
    bool is_raw, is_known; /* whether it is raw is known */
    unsigned char header[HEADER_SIZE];
    size_t header_len;
    uint32_t left; /* of the frame */
    unsigned current;
    struct log_half halves[2];
};

struct docker_frames *docker_frames_new(struct arena *arena, bool timestamps,
                                        docker_on_log *on_log, void *ctx)
{
    struct docker_frames *frames = arena_new_in(arena, struct docker_frames);

    frames->on_log = on_log;
    frames->ctx = ctx;
    frames->has_stamps = timestamps;
    return frames;
}

static void half_emit(struct docker_frames *frames, unsigned which)
{
    struct log_half *half = &frames->halves[which];

    if (half->len && half->line[half->len - 1] == '\r' && frames->is_raw)
        half->len--; /* what a terminal puts in front of each newline */
    half->line[half->len] = '\0';
    half->at[half->at_len] = '\0';
    struct docker_log log = {
        .is_stderr = which == 1, .text = half->line, .len = half->len, .at = half->at};
    frames->on_log(frames->ctx, &log);
    half->len = 0;
}

static void half_add(struct docker_frames *frames, unsigned which, char c)
{
    struct log_half *half = &frames->halves[which];

    if (half->len == DOCKER_LOG_LINE_MAX)
        half_emit(frames, which);
    half->line[half->len++] = c;
}

static void stamp_begin(struct docker_frames *frames, unsigned which)
{
    struct log_half *half = &frames->halves[which];

    half->in_stamp = frames->has_stamps;
    half->at_len = 0;
}

/* Takes one byte of a time; what turns out to be none goes to the line. */
static void stamp_add(struct docker_frames *frames, unsigned which, char c)
{
    struct log_half *half = &frames->halves[which];

    if (c == ' ') {
        half->in_stamp = false;
        return;
    }
    if (strchr("0123456789-:.TZ+", c) && c && half->at_len < AT_SIZE - 1) {
        half->at[half->at_len++] = c;
        return;
    }
    half->in_stamp = false;
    size_t len = half->at_len;
    half->at_len = 0;
    for (size_t i = 0; i < len; i++)
        half_add(frames, which, half->at[i]);
    if (c == '\n')
        half_emit(frames, which);
    else
        half_add(frames, which, c);
}

static void half_feed(struct docker_frames *frames, unsigned which, const char *data,
                      size_t len)
{
    struct log_half *half = &frames->halves[which];

    for (size_t i = 0; i < len; i++) {
        if (half->in_stamp) {
            stamp_add(frames, which, data[i]);
        } else if (data[i] == '\n') {
            half_emit(frames, which);
            if (frames->is_raw)
                stamp_begin(frames, which);
        } else {
            half_add(frames, which, data[i]);
        }
    }
}

static bool header_begins(const unsigned char *header, size_t len)
{
    for (size_t i = 0; i < len && i < 4; i++)
        if (header[i] > (i ? 0 : 2))
            return false;
    return true;
}

static void raw_begin(struct docker_frames *frames)
{
    frames->is_raw = frames->is_known = true;
    stamp_begin(frames, 0);
    half_feed(frames, 0, (const char *)frames->header, frames->header_len);
    frames->header_len = 0;
}

static void header_end(struct docker_frames *frames)
{
    const unsigned char *h = frames->header;

    frames->is_known = true;
    frames->header_len = 0;
    frames->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
    frames->current = h[0] == 2;
    stamp_begin(frames, frames->current);
}

void docker_frames_feed(struct docker_frames *frames, const char *data, size_t len)
{
    while (len && !frames->is_raw) {
        if (frames->left) {
            size_t part = len < frames->left ? len : frames->left;
            half_feed(frames, frames->current, data, part);
            frames->left -= (uint32_t)part;
            data += part;
            len -= part;
            continue;
        }
        frames->header[frames->header_len++] = (unsigned char)*data++;
        len--;
        if (!frames->is_known && !header_begins(frames->header, frames->header_len))
            raw_begin(frames);
        else if (frames->header_len == HEADER_SIZE)
            header_end(frames);
    }
    if (len)
        half_feed(frames, 0, data, len);
}

void docker_frames_end(struct docker_frames *frames)
{
    for (unsigned which = 0; which < 2; which++)
        if (frames->halves[which].len)
            half_emit(frames, which);
}
