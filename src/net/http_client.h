/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 client on the event loop, over libcurl: unix sockets, TCP, mutual TLS.
 *
 * Connections to a target are kept and shared. A call lives until its on_done returns, or
 * until it is cancelled. All callbacks come from the loop, never from inside http_call_start,
 * and may start and cancel calls (their own too) and free the client. Proxies of the
 * environment, redirects, cookies and netrc files are never honoured.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "net/http_message.h"

#include <stdbool.h>
#include <uv.h>

struct http_client;
struct http_call;

/* Where to send a call. Copied by http_call_start. */
struct http_target {
    const char *unix_socket; /* NULL: TCP */
    const char *origin; /* "https://192.0.2.10:2376"; for unix sockets "http://localhost" */
    /* File paths; NULL: none. With tls_ca nobody else is trusted, not even the system's. */
    const char *tls_ca, *tls_cert, *tls_key;
    const char *tls_ca_pem, *tls_cert_pem, *tls_key_pem; /* the same as text; NULL: none */
    const char *tls_name; /* whom the certificate must name; NULL: the origin's host */
    bool tls_is_unchecked;
    const char *proxy;           /* "http://192.0.2.1:3128"; NULL: none */
    const char *authorization;   /* the value of the header; NULL: none */
    bool http2;                  /* where the peer has it: one connection for all calls */
    unsigned connect_timeout_ms; /* TCP and TLS handshakes; 0: 5000 */
};

struct http_handlers {
    /*
     * A piece of a streamed body; may be NULL for calls that do not stream. Not called for
     * status >= 400, whose body is kept whole (up to 1 MiB).
     */
    void (*on_data)(void *ctx, const char *data, size_t len);
    /*
     * `reply` is NULL when there was none, or when it did not arrive whole; `err` then says
     * why and names the target: -ETIMEDOUT, -ECONNREFUSED and other errnos of connect,
     * -EHOSTUNREACH (no such name), -EACCES (TLS: one side does not trust the other),
     * -EMSGSIZE (too large), -EIO. Valid during the call only.
     */
    void (*on_done)(void *ctx, const struct http_reply *reply, const struct err *err);
};

struct http_client *http_client_new(uv_loop_t *loop) MUST_USE;

/* Cancels what is under way. Accepts NULL. Returns NULL. The loop must run once more. */
struct http_client *http_client_free(struct http_client *client);

/*
 * Copies the target and the request. NULL with `err` set when the request cannot be sent at
 * all (bad target, control characters in a path or header).
 */
struct http_call *http_call_start(struct http_client *client, const struct http_target *target,
                                  const struct http_request *request,
                                  const struct http_handlers *handlers, void *ctx,
                                  struct err *err) MUST_USE;

/* No callback comes after this. The call is released. */
void http_call_cancel(struct http_call *call);
