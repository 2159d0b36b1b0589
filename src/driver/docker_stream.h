/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's log frames, in whatever pieces they arrive. No input makes them keep more than
 * their limits. They are in the arena that they were made in, which also bounds their life.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

#define DOCKER_JSON_LINE_MAX ((size_t)1 << 20)  /* an event of a container with many labels */
#define DOCKER_LOG_LINE_MAX  ((size_t)64 << 10) /* longer lines are split */

struct docker_log {
    bool is_stderr;
    const char *text; /* NUL-terminated, without its newline; may hold any bytes */
    size_t len;
    const char *at; /* RFC 3339, "" without timestamps */
};

typedef void docker_on_log(void *ctx, const struct docker_log *log);

struct docker_frames;

/*
 * Frames of {1 stdout | 2 stderr, 0, 0, 0, size as 4 bytes big-endian} and text, as the logs of
 * a container without a terminal come; with a terminal they come raw, which the first bytes
 * tell. `timestamps`: each frame, or raw line, begins with a time and a space.
 */
struct docker_frames *docker_frames_new(struct arena *arena, bool timestamps,
                                        docker_on_log *on_log, void *ctx) MUST_USE;

void docker_frames_feed(struct docker_frames *frames, const char *data, size_t len);

/* Hands over last lines that have no newline. */
void docker_frames_end(struct docker_frames *frames);
