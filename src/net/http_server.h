/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server on the event loop, over libmicrohttpd: small JSON requests, whole or
 * streamed answers.
 *
 * The server owns its exchanges. One is the handler's from its call until it was answered, or,
 * for a stream, until on_close.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define HTTP_SERVER_BODY_MAX        ((size_t)64 << 20) /* an app of 100,000 services */
#define HTTP_SERVER_CONNECTIONS_MAX 256
#define HTTP_SERVER_QUEUE_MAX       ((size_t)16 << 20) /* unsent bytes of one stream */
#define HTTP_SERVER_TIMEOUT_S       30 /* a peer that neither sends its request nor reads */

struct http_server;
struct http_exchange; /* one request and its answer */

/* Called once the whole request is there. Must answer, now or later, exactly once. */
typedef void http_handler(void *ctx, struct http_exchange *exchange);

/* Takes over `listen_fd`, also when it fails. */
int http_server_open(struct http_server **out, uv_loop_t *loop, int listen_fd,
                     http_handler *handler, void *ctx, struct err *err) MUST_USE;

/*
 * Drops all connections: streams get their on_close, exchanges that wait for their answer are
 * gone. Not from inside a handler or on_close. The loop must run once more. Accepts NULL.
 * Returns NULL.
 */
struct http_server *http_server_close(struct http_server *server);

/*
 * Listens on a unix socket that only its owner and group may use (0660). A socket file that
 * nobody answers on is replaced; one that somebody answers on fails with -EADDRINUSE.
 * Returns the descriptor.
 */
int http_listen_unix(const char *path, struct err *err) MUST_USE;

const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange); /* unescaped */
/* NULL when the query has no such key, "" when it has no value. */
const char *http_exchange_query(struct http_exchange *exchange, const char *key);
/* All of them, in their order. */
void http_exchange_queries(struct http_exchange *exchange,
                           void (*fn)(void *ctx, const char *key, const char *value),
                           void *ctx);
/* NUL-terminated; "" when there is none. */
const char *http_exchange_body(const struct http_exchange *exchange, size_t *len);

/* Answers whole. The bytes are copied. */
void http_exchange_reply(struct http_exchange *exchange, int status, const char *content_type,
                         const void *data, size_t len);

/*
 * Answers piece by piece. `on_close` is called once, from the loop, when the stream is gone for
 * whatever reason (the peer left, the queue overflowed, everything up to http_exchange_end was
 * sent); the exchange must not be used after it.
 */
void http_exchange_stream(struct http_exchange *exchange, int status, const char *content_type,
                          void (*on_close)(void *ctx), void *ctx);
/* Returns -EMSGSIZE when the peer reads too slowly; the stream is then being closed. */
int http_exchange_write(struct http_exchange *exchange, const void *data, size_t len);
void http_exchange_end(struct http_exchange *exchange);
