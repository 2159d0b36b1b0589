/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of JSON objects that several listeners follow: events, the progress of an app.
 *
 * Keeps the latest ones for those who come late. Owns its lines; belongs to one loop.
 */
#pragma once

#include "base/attr.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct feed;
struct feed_listener;

typedef void feed_on_line(void *ctx, const json_t *line);

/* Keeps the last `kept_max` lines. */
struct feed *feed_new(size_t kept_max) MUST_USE;

/* Forgets its listeners. Accepts NULL. Returns NULL. */
struct feed *feed_free(struct feed *feed);

/* Takes over `line`, an object; adds "at" to it. */
void feed_publish(struct feed *feed, json_t *line);

/* Hands over what is kept first if `replay`. */
struct feed_listener *feed_listen(struct feed *feed, bool replay, feed_on_line *on_line,
                                  void *ctx) MUST_USE;

/* Accepts NULL. Returns NULL. May be called from on_line. */
struct feed_listener *feed_leave(struct feed_listener *listener);
