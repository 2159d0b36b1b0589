/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of containers as people read them: who said it, in a colour of its own, and what. Pure.
 *
 *     amber/web-1  | GET /
 *     birch/web-1  | GET /
 *
 * What containers print is from outside: of all that could command the terminal only colours
 * are let through, and those only where colours are wanted.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"

#include <jansson.h>
#include <stdbool.h>

/* Sources beyond these share the last colour. */
#define LOG_VIEW_SOURCES_MAX 20000

struct log_view {
    struct arena *arena;
    const char *app;  /* its name in front of a replica's is left out */
    bool has_colour;  /* of prefixes, and those that containers print */
    bool has_prefix;  /* who said it */
    bool has_time;    /* when */
    char source[400]; /* the last one */
    struct map seen;  /* source -> struct log_source */
    size_t width;     /* of the widest prefix so far */
};

/* The caller sets the three flags afterwards. Release with log_view_fini. */
void log_view_init(struct log_view *view, const char *app);
void log_view_fini(struct log_view *view);

/* Appends a line of the stream of GET /v1/apps/NAME/logs. Returns 0 or -EMSGSIZE. */
int log_view_add(struct log_view *view, const json_t *line, struct buf *out) MUST_USE;

/* "amber/web-1"; valid until the next call. */
const char *log_view_source(struct log_view *view, const json_t *line) MUST_USE;
