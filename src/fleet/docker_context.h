/* SPDX-License-Identifier: Apache-2.0 */
/* Where a `docker context` leads: read from what the Docker CLI keeps under ~/.docker. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/surroundings.h"

struct docker_context {
    const char *endpoint;                    /* "tcp://HOST:PORT" or "unix:///PATH" */
    const char *tls_ca, *tls_cert, *tls_key; /* NULL: not there */
};

/* Texts are in the arena. Returns 0, or a negative errno with `err` set. */
int docker_context_read(struct docker_context *out, struct arena *arena, const char *name,
                        const struct surroundings *world, struct err *err) MUST_USE;
