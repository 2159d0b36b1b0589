/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the Docker driver share: one call on its way from phase to phase.
 *
 * The state and all texts are in the call's arena; JSON trees belong to the function that
 * parsed them.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "driver/docker_stream.h"
#include "driver/driver.h"
#include "driver/items.h"
#include "driver/lines.h"
#include "driver/url.h"

#include <jansson.h>
#include <stdbool.h>

/* What tells about one thing: an inspected container with all its labels and variables. */
#define DOCKER_REPLY_SIZE_MAX ((size_t)1 << 20)

#define LABEL_APP     "dev.seawall.app"
#define LABEL_SERVICE "dev.seawall.service"
#define LABEL_REPLICA "dev.seawall.replica"
#define LABEL_DIGEST  "dev.seawall.digest"

/* Podman: no port ranges, health only on request, other names of events. */
enum docker_dialect { DOCKER_ENGINE = 0, DOCKER_PODMAN = 1 };

/* Each phase is one request and its reply; see the table in docker.c. */
enum docker_phase {
    PHASE_DONE = 0, /* what a reply function returns when nothing is left to do */
    PHASE_PING,
    PHASE_VERSION,
    PHASE_INFO,
    PHASE_LIST_CONTAINERS,
    PHASE_LIST_HEALTH, /* Podman: once for each health */
    PHASE_LIST_NETWORKS,
    PHASE_LIST_VOLUMES,
    PHASE_EVENTS,
    PHASE_LOGS,
    PHASE_CREATE,
    PHASE_PULL,
    PHASE_FIND, /* the container that has the name already */
    PHASE_JOIN, /* one more network */
    PHASE_START,
    PHASE_UNDO,    /* what was created and does not start */
    PHASE_INSPECT, /* is it ours? before restart and removal */
    PHASE_RESTART,
    PHASE_STOP,
    PHASE_REMOVE,
    PHASE_OBJECT_CREATE,
    PHASE_OBJECT_FIND,
    PHASE_OBJECT_INSPECT,
    PHASE_OBJECT_REMOVE,
};

/* A network or volume: the calls differ by these words alone. */
struct docker_kind {
    const char *word; /* "network" */
    const char *path; /* "/networks" */
};

struct docker {
    enum docker_phase phase;
    const char *what; /* "create shop-web-1": for errors */

    /* Replicas */
    const char *name; /* "shop-web-1" */
    bool is_pulled;   /* once is enough */
    bool is_created;  /* by this call */
    size_t joined;    /* networks that it is in, in the order of the service */
    bool *is_in;      /* per network of the service */
    unsigned port_offset;
    unsigned stop_timeout_s;
    struct err failure; /* why it did not start, told after PHASE_UNDO */

    /* Networks and volumes */
    const struct docker_kind *kind;
    const struct network *network;
    const struct volume *volume;
    const char *object; /* its name in the Engine */

    /* Lists */
    struct items *items;
    items_on_item *read_item;
    bool item_is_wrong;              /* and read_item said why */
    size_t capacity;                 /* of the array that is being filled */
    struct observed_replica **by_id; /* sorted, for PHASE_LIST_HEALTH */
    unsigned health_asked;           /* the index of it */

    struct lines *lines;
    struct docker_frames *frames;
};

/* "docker at amber-1: create shop-web-1: ..." in front of what `fmt` says. Returns `code`. */
int docker_fail(const struct driver_call *call, int code, struct err *err, const char *fmt, ...)
    PRINTF(4, 5);

/* An error reply as an error: "...: 409: Conflict. ...". */
int docker_fail_reply(const struct driver_call *call, int code, const struct http_reply *in,
                      struct err *err);

/* The Engine's words in an error reply, in the arena; readable whatever was sent. */
const char *docker_message(struct arena *arena, const struct http_reply *in);

/* "/v1.41" and the rest. In the arena. */
const char *docker_path(const struct driver_call *call, const char *fmt, ...) PRINTF(2, 3);

/* The reply's JSON if its status is 2xx and it is an object, or array; NULL with err set. */
json_t *docker_json(const struct driver_call *call, const struct http_reply *in, json_type type,
                    struct err *err) MUST_USE;
void docker_json_freep(json_t **json);

/* NULL unless the member is there and is text. */
const char *docker_text(const json_t *json, const char *key);

/* Does this JSON object carry the labels of the call's app? */
bool docker_is_ours(const struct driver_call *call, const json_t *labels);

/* docker_read.c: lists into the model, object by object. `ctx` is the call. */
items_on_item docker_read_container;
items_on_item docker_read_health;
items_on_item docker_read_network;
items_on_item docker_read_volume;

/* PHASE_LIST_HEALTH: the health that d->health_asked asks for; NULL when that was all. */
const char *docker_health_name(const struct docker *d);
void docker_health_begin(struct driver_call *call);

/* docker_create.c: bodies of requests, in the call's arena. */
const char *docker_container_body(const struct driver_call *call);

/* Into the container's body and its HostConfig. */
void docker_put_settings(struct arena *arena, json_t *body, json_t *host,
                         const struct settings *settings);
const char *docker_network_body(const struct driver_call *call);
const char *docker_volume_body(const struct driver_call *call);
const char *docker_join_body(const struct driver_call *call, size_t network);

/* How often a replica of the service may be tried with another port of its ranges. */
unsigned docker_port_choices(const struct service *service);

/* docker_apply.c: requests and replies of DRIVER_APPLY. */
int docker_apply_first(struct driver_call *call, struct err *err) MUST_USE;
int docker_apply_request(struct driver_call *call, struct http_request *out);
int docker_apply_reply(struct driver_call *call, const struct http_reply *in, struct err *err);
int docker_pull_line(void *ctx, const char *line, size_t len, struct err *err);
