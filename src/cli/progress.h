/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far `up`, `down` and `scale` are: a model of the progress stream, drawn as a live view
 * that fits any window, or line by line. Pure; times are parameters.
 *
 * Text from outside is shown with control characters as '?'.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A row of the view: a service in a cluster. */
struct progress_row {
    const char *cluster, *service; /* "" for networks and volumes */
    char what[80];                 /* the latest action: "start web-1" */
    char message[200];             /* what it says of itself: "pulling shop/web:3: 40 %" */
    unsigned started, ended;
    bool is_failing; /* its latest action did */
    bool is_waiting; /* for its cluster, as far as is known */
    uint64_t first_ms, last_ms;
};

struct progress {
    struct arena *arena;
    const char *title; /* "up shop" */
    uint64_t start_ms;
    struct progress_row *rows; /* in the order in which they began */
    size_t count, capacity;
    unsigned done, total;
    bool is_done, is_failed;
    const char *outcome; /* the message of the last line, "" while there is none */
};

/* Rows beyond these are counted in done and total, but have no line of their own. */
#define PROGRESS_ROWS_MAX 20000

/* `title` must outlive it. Release with progress_fini. */
void progress_init(struct progress *progress, const char *title, uint64_t now_ms);
void progress_fini(struct progress *progress);

/* Adds a line of the stream. Unknown members and phases are ignored. */
void progress_add(struct progress *progress, const json_t *line, uint64_t now_ms);

/*
 * Appends the view to `out`: at most `height` lines of at most `width` columns, each ending in
 * a newline. Rows that are done make room first. Returns the number of lines.
 */
unsigned progress_view(const struct progress *progress, uint64_t now_ms, size_t width,
                       size_t height, bool colour, struct buf *out);

/* Appends the stream's line as one line of text, for logs and pipes; some lines say nothing. */
void progress_plain(const json_t *line, struct buf *out);
