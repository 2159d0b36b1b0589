/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines out of a stream that arrives in whatever pieces: events, progress, changes. They are in
 * the arena that they were made in, and no input makes them keep more than their limit.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>

/* Returns 0, or a negative errno with `err` set, which ends the feeding. */
typedef int lines_on_line(void *ctx, const char *line, size_t len, struct err *err);

struct lines;

struct lines *lines_new(struct arena *arena, size_t size_max, lines_on_line *on_line,
                        void *ctx) MUST_USE;

/* Empty lines are skipped. 0, -EMSGSIZE for a line without end, or what on_line returned. */
int lines_feed(struct lines *lines, const char *data, size_t len, struct err *err) MUST_USE;

/* Hands over a last line that has no newline. */
int lines_end(struct lines *lines, struct err *err) MUST_USE;
