/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out one driver call, step by step, over the HTTP client. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "driver/driver.h"
#include "net/http_client.h"
#include "server/access.h"

struct call;

/*
 * `err` is NULL when it was done. `driver_call` holds the results and its arena, which go after
 * the callback; who keeps the observation takes it out.
 */
typedef void call_on_done(void *ctx, struct driver_call *driver_call, const struct err *err);

/*
 * Starts the call. `access` was prepared, and is shared with others. *proto and its cluster are
 * copied, and get an arena of their own; what else it points to must outlive the call. The
 * callback never comes from inside call_start.
 */
struct call *call_start(uv_loop_t *loop, struct http_client *client, struct access *access,
                        const struct driver_call *proto, call_on_done *on_done,
                        void *ctx) MUST_USE;

/* No callback comes after this. Accepts NULL. Returns NULL. */
struct call *call_cancel(struct call *call);
