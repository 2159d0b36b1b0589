/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out what the API is asked for: the commands and questions of api/backend.h. */
#pragma once

#include "api/backend.h"
#include "server/reconciler.h"

/* What it works with; all of it outlives it. */
struct server_parts {
    uv_loop_t *loop;
    struct records *records;
    struct disk *disk;
    struct reconciler *reconciler;
    struct steering *steering;
    struct feed *events;
    int64_t started_ms; /* wall time */
};

/* The context of its functions is a struct server_parts. */
extern const struct backend server_backend;
