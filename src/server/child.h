/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nameserver that a server starts for itself. It goes on when the server dies; the next one
 * finds it by its socket.
 */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <uv.h>

struct child;

struct child_options {
    const char *program;    /* our own executable */
    const char *socket;     /* the nameserver's */
    const char *state_path; /* its folder */
};

/* `on_exit` is called from the loop when it ended by itself. Options are copied. */
struct child *child_new(uv_loop_t *loop, const struct child_options *options,
                        void (*on_exit)(void *ctx), void *ctx) MUST_USE;

/* Ends the nameserver if it runs; the loop goes on until it has. Accepts NULL. Returns NULL. */
struct child *child_free(struct child *child);

bool child_is_running(const struct child *child);

/*
 * Starts it, unless it runs or was started a moment ago: one that does not come up must not
 * become a tight loop. `listen` ends with NULL. Returns whether it was started.
 */
bool child_start(struct child *child, char *const *listen);
