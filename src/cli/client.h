/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the server: its API over the unix socket, on a loop that runs until an answer is
 * there. See docs/api.md.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "cli/command.h"

#include <jansson.h>

struct client;

/* A line of a stream. Far above what the server sends; a guard against something else. */
#define CLIENT_LINE_MAX ((size_t)4 << 20)

enum {
    CLIENT_OK = 0,
    CLIENT_REFUSED = 1,     /* the server said 422: `err` says why, *out is its whole answer */
    CLIENT_INTERRUPTED = 2, /* Ctrl-C */
};

/*
 * Where the server listens: `given`, else $SEAWALL_SOCKET, else /run/seawall/seawall.sock for
 * root and $XDG_RUNTIME_DIR/seawall/seawall.sock for others. NULL with `err` set when there is
 * no such place.
 */
const char *client_socket(struct arena *arena, const char *given, struct err *err);

/* For the command's --socket. Does not connect yet: nothing is said until a call fails. */
int client_open(struct client **out, const struct cli *cli, struct err *err) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct client *client_close(struct client *client);
void client_closep(struct client **client);

/*
 * Sends one request and waits for its answer. `body` may be NULL. CLIENT_OK, CLIENT_REFUSED,
 * CLIENT_INTERRUPTED or a negative errno: -ENOENT for 404, -EBUSY for 409, -EINVAL for 400,
 * -EAGAIN for 503, -ECONNREFUSED without a server, -EIO for the rest. The caller releases *out;
 * it is set for the first two.
 */
int client_call(struct client *client, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err) MUST_USE;

struct client_sink {
    /* One line. Return anything but 0 to leave the stream; client_stream returns CLIENT_OK. */
    int (*on_line)(void *ctx, const json_t *line);
    /* Every `tick_ms` while the stream is open, for what moves; may be NULL. */
    void (*on_tick)(void *ctx);
    unsigned tick_ms;
    void *ctx;
};

/* Like client_call, for an answer that is a stream of JSON lines. *out is the answer of 422. */
int client_stream(struct client *client, const char *method, const char *path,
                  const json_t *body, const struct client_sink *sink, json_t **out,
                  struct err *err) MUST_USE;

/* What a command returns for what a call returned: an enum cli_exit or a negative errno. */
int client_exit(int outcome);

/* `text` as a part of a path or query: all but letters, digits and -._~ as %XX. In the arena.
 */
const char *client_escape(struct arena *arena, const char *text);
