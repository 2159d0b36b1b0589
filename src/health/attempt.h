/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe of one target on the event loop: connects, and for HTTP asks and reads the status.
 *
 * Reads no more than it needs, whatever the target sends, and ends in time, whatever it does
 * not send. An attempt lives until its on_done is called, or until it is cancelled.
 */
#pragma once

#include "base/attr.h"
#include "model/verdict.h"

#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct attempt;

/* Borrowed by attempts until they end. */
struct attempt_target {
    struct sockaddr_storage address;
    socklen_t address_len;
    const char *request; /* HTTP: what to send; NULL: TCP, a connection is all that is asked */
    size_t request_len;
    unsigned status; /* HTTP: expected; 0: any 2xx or 3xx */
    unsigned timeout_ms;
};

enum attempt_result {
    ATTEMPT_OK,
    ATTEMPT_FAILED,
    ATTEMPT_VOID, /* this computer could not ask: says nothing about the target */
};

/* `why` is short and says what was found: "HTTP 200", "no answer within 800 ms". */
typedef void attempt_on_done(void *ctx, enum attempt_result result, const char *why);

/* `on_done` comes from the loop, never from inside this call; the attempt is gone by then. */
struct attempt *attempt_start(uv_loop_t *loop, const struct attempt_target *target,
                              attempt_on_done *on_done, void *ctx) MUST_USE;

/* No on_done comes after this. Accepts NULL. Returns NULL. The loop must run once more. */
struct attempt *attempt_cancel(struct attempt *attempt);
