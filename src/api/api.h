/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP API: finds the route of a request and answers it through a backend.
 *
 * Commands take turns: each sees everything that was accepted before it, and none is accepted
 * on top of what another is about to change. Questions do not wait.
 */
#pragma once

#include "api/backend.h"
#include "net/http_server.h"

#include <stdbool.h>

struct request;

struct api {
    const struct backend *backend;
    void *ctx; /* the backend's */

    struct request *turn; /* the command that is being accepted; NULL: none */
    struct request *waiting, *waiting_last;
    bool is_turning; /* turns_run is on the stack */
};

/* Forgets the commands that wait. Their exchanges are gone already. */
void api_fini(struct api *api);

/* An http_handler; `ctx` is a struct api, which must outlive the server. */
void api_handle(void *ctx, struct http_exchange *exchange);
