/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API: finds the route of a request and answers it through a backend. */
#pragma once

#include "api/backend.h"
#include "net/http_server.h"

struct api {
    const struct backend *backend;
    void *ctx; /* the backend's */
};

/* An http_handler; `ctx` is a struct api, which must outlive the server. */
void api_handle(void *ctx, struct http_exchange *exchange);
