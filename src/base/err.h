/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure that an operator can read. Lives on the caller's stack, allocates nothing.
 *
 * The text is one line of UTF-8 whatever went into it, also where it was cut: peers' words,
 * file names. So it fits into JSON, a log and a terminal.
 */
#pragma once

#include "base/attr.h"

struct err {
    int code;       /* negative errno, 0 while nothing failed */
    char text[480]; /* "apply plan: docker at amber-1: connection refused" */
};

/* Sets code and text. Returns `code`, which must be negative. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

/* Like err_set with the current errno, whose text is appended. Returns -errno. */
int err_sys(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* Puts context in front of the text: "context: text". Returns err->code. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3);
