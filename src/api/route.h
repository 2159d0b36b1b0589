/* SPDX-License-Identifier: Apache-2.0 */
/* One file per resource; each exports its routes. */
#pragma once

#include "api/api.h"

#define ROUTE_NAME_MAX 255

/* A request on its way through its handler. Lives until the answer is complete. */
struct request {
    struct api *api;
    const struct route *route;
    struct request *next; /* of those that wait for their turn */
    struct http_exchange *exchange;
    char name[ROUTE_NAME_MAX + 1]; /* what stood for NAME in the path */
};

struct route {
    const char *method;
    const char *path;                        /* "/v1/apps/NAME/up" */
    void (*handle)(struct request *request); /* takes over the request */
    enum { QUESTION, COMMAND } kind; /* a command changes what is durable: it takes its turn */
    const char
        *queries; /* what it takes: "app since tail# follow?", '#' a number, '?' a flag */
};

/* Tables that end with a route without a method. */
extern const struct route routes_fleet[];
extern const struct route routes_apps[];
extern const struct route routes_streams[];

/* Answers. Each ends the request. `body` is taken over. */
void request_reply(struct request *request, int status, json_t *body);
void request_fail(struct request *request, const struct err *err);

/* The error object of docs/api.md. */
json_t *error_json(const char *code, const char *message);

/*
 * The body as a JSON object with none but these keys, unless NULL; NULL, and the request is
 * answered, if it is no such thing.
 */
json_t *request_body(struct request *request, const char *const *keys);

/* A member that may be missing: false. */
int request_body_flag(const json_t *body, const char *key, bool *out, struct err *err) MUST_USE;

/* For backend_done: answers 200 with the reply, 422 when refused, or the error. */
void request_on_done(void *ctx, int result, json_t *reply, const struct err *err);

/* Turns the request into a stream of what `open` listens to; it ends with the stream. */
typedef struct backend_stream *stream_open(const struct request *request,
                                           struct backend_sink sink, struct err *err);
void request_stream(struct request *request, stream_open *open);

bool request_flag(const struct request *request, const char *key);
