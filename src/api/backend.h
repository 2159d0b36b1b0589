/* SPDX-License-Identifier: Apache-2.0 */
/* What the API needs of the server: values in, JSON out. The server fills it in. */
#pragma once

#include "base/err.h"
#include "model/app.h"
#include "model/fleet.h"

#include <jansson.h>
#include <stdbool.h>

/* Positive outcomes of operations, beside 0 and a negative errno. */
enum {
    BACKEND_OK = 0,
    BACKEND_REFUSED = 1, /* the plan has refusals; they stand in the reply */
};

/*
 * The end of a command. `reply` belongs to the receiver and may be NULL; `err` is set when
 * `result` is negative. Called exactly once, from the loop, possibly before the operation
 * returns.
 */
struct backend_done {
    void (*fn)(void *ctx, int result, json_t *reply, const struct err *err);
    void *ctx;
};

/* Receives the lines of a stream. The line is valid during the call only. */
struct backend_sink {
    void (*on_line)(void *ctx, const json_t *line);
    void (*on_end)(void *ctx); /* no line comes after it */
    void *ctx;
};

struct backend_stream; /* something that a sink listens to */

struct backend_scale {
    const char *service;
    unsigned replicas;
};

struct backend_logs {
    const char *app;
    const char *service, *cluster; /* NULL: all */
    bool follow, timestamps;
    int tail;        /* -1: all */
    int64_t since_s; /* 0: from the start */
};

struct backend_events {
    const char *app;   /* NULL: all, also those of no app */
    const char *since; /* "2026-11-24T04:00:35.123Z"; NULL: all that are kept */
    bool follow;
};

struct backend {
    /* Questions: a new reference, or NULL with `err` (-ENOENT). */
    json_t *(*version)(void *ctx);
    json_t *(*fleet)(void *ctx);
    json_t *(*apps)(void *ctx);
    json_t *(*app)(void *ctx, const char *name, struct err *err);

    /* Takes over `app`. BACKEND_OK, also with refusals in the plan, or negative. */
    int (*plan)(void *ctx, struct app *app, json_t **out, struct err *err);

    /* Commands: done once they are durable. Take over fleet and app. */
    void (*fleet_apply)(void *ctx, struct fleet *fleet, struct backend_done done);
    void (*cluster_remove)(void *ctx, const char *name, bool force, struct backend_done done);
    void (*cluster_drain)(void *ctx, const char *name, bool undo, struct backend_done done);
    void (*app_up)(void *ctx, struct app *app, struct backend_done done);
    void (*app_down)(void *ctx, const char *name, bool volumes, struct backend_done done);
    void (*app_scale)(void *ctx, const char *name, const struct backend_scale *scales,
                      size_t count, struct backend_done done);

    /*
     * Streams. NULL with `err` when there is nothing to listen to. The sink's on_end may come
     * at any time after; stream_close must be called in any case and silences the sink.
     */
    struct backend_stream *(*progress)(void *ctx, const char *app, struct backend_sink sink,
                                       struct err *err);
    struct backend_stream *(*events)(void *ctx, const struct backend_events *events,
                                     struct backend_sink sink, struct err *err);
    struct backend_stream *(*logs)(void *ctx, const struct backend_logs *logs,
                                   struct backend_sink sink, struct err *err);
    void (*stream_close)(void *ctx, struct backend_stream *stream);

    /* Asks the nameserver. */
    void (*dns)(void *ctx, struct backend_done done);
};
