/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP request and reply as values: what drivers make and read without a socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADERS_MAX 8

/* Largest body that is kept whole. 100,000 containers in one list are about 100 MB. */
#define HTTP_BODY_SIZE_MAX ((size_t)128 << 20)

struct http_header {
    const char *name, *value;
};

struct http_request {
    const char *method; /* "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD" */
    const char *path;   /* with query, already escaped: "/v1.41/containers/json?all=1" */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    bool stream;              /* hand over the body as it comes instead of keeping it */
    unsigned timeout_ms;      /* whole call; 0: none, for streams that stay open */
    unsigned idle_timeout_ms; /* longest silence on a stream; 0: none */
    size_t body_size_max;     /* 0: HTTP_BODY_SIZE_MAX */
    unsigned speed_max;       /* of the reply, bytes per second; 0: as fast as it comes */
};

struct http_reply {
    int status;
    const char *content_type; /* "" when there is none */
    const char *api_version;  /* header Api-Version of Docker, "" when there is none */
    const char *body;         /* NUL-terminated; "" for streams */
    size_t body_len;
};
