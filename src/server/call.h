/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out one driver call, step by step, over the HTTP client. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "driver/driver.h"
#include "net/http_client.h"

struct call;

/*
 * `err` is NULL when it was done. `driver_call` holds the results and its arena, which is
 * freed after the callback; an observation in it belongs to the receiver.
 */
typedef void call_on_done(void *ctx, struct driver_call *driver_call, const struct err *err);

/*
 * Starts the call. *proto is copied, and gets an arena of its own; what it points to must
 * outlive the call. The callback never comes from inside call_start.
 */
struct call *call_start(uv_loop_t *loop, struct http_client *client,
                        const struct http_target *target, const struct driver *driver,
                        const struct driver_call *proto, call_on_done *on_done,
                        void *ctx) MUST_USE;

/* No callback comes after this. Accepts NULL. Returns NULL. */
struct call *call_cancel(struct call *call);

/* Where calls to the cluster go. Points into the cluster; `text` takes what has no place there.
 */
struct http_target call_target(const struct cluster *cluster, char *text, size_t size);
