/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status out of the first bytes of an HTTP reply, and no more: a probe needs nothing else.
 * Pure, allocates nothing, keeps nothing but what it needs (RFC 9112 section 4).
 */
#pragma once

#include <stddef.h>

#define STATUS_LINE_SIZE 12 /* "HTTP/1.1 200" */

struct status_line {
    char text[STATUS_LINE_SIZE + 1];
    size_t len;
};

enum {
    STATUS_LINE_MORE = 1, /* so far, so good: bytes are missing */
};

/*
 * Adds the next bytes of the reply. Returns 0 with *status between 100 and 599,
 * STATUS_LINE_MORE, or -EPROTO when this is not HTTP. Start with {0}.
 */
int status_line_add(struct status_line *line, const char *data, size_t len, unsigned *status);
