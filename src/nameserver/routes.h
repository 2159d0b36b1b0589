/* SPDX-License-Identifier: Apache-2.0 */
/* The API on the nameserver's own socket, as docs/api.md has it. */
#pragma once

#include "api/feed.h"
#include "nameserver/helm.h"
#include "nameserver/keeper.h"
#include "nameserver/listening.h"
#include "net/http_server.h"

#include <stdbool.h>
#include <stdint.h>

/* What requests are answered from. Outlives the HTTP server. */
struct routes {
    struct helm *helm;
    struct keeper *keeper;
    struct feed *events;
    struct listening *listening;
    bool is_owned;               /* by a server */
    uint64_t durable_generation; /* on disk; 0: none is */
    int64_t started_ms;
    void (*on_deaf)(void *ctx); /* there is nothing left that we listen on */
    void *ctx;
};

/* An http_handler; `ctx` is a struct routes. */
void routes_handle(void *ctx, struct http_exchange *exchange);
