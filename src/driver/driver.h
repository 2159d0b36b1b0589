/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an orchestrator must do for us: requests out, replies in, no socket, no clock.
 *
 * A driver is a const struct of pure functions, one file (or folder) and one word in
 * meson.build. The shell (server/link.c) sends what `request` fills in, hands the answer to
 * `reply` or, for streams, piece by piece to `chunk`, and goes on while they say DRIVER_AGAIN.
 * All operations are idempotent: a call whose answer was lost is simply made again.
 *
 * Errors of a driver are complete: "docker at amber-1: create shop-web-1: 409: Conflict. ...".
 * The shell puts a place only in front of what it finds out itself: no connection, a timeout.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "model/action.h"
#include "model/app.h"
#include "model/fleet.h"
#include "model/observation.h"
#include "net/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More steps than any operation needs; a driver that passes it is a bug, or is being fooled. */
#define DRIVER_STEPS_MAX 1024

enum driver_op {
    DRIVER_CONNECT, /* agree on a version, ask what the cluster is and has */
    DRIVER_LIST,    /* -> call->observation: everything that carries our labels */
    DRIVER_WATCH,   /* stream: call->on_change for everything that happens from since_ns on */
    DRIVER_APPLY,   /* carries out call->action */
    DRIVER_LOGS,    /* stream: call->on_log */
};
#define DRIVER_OPS 5

enum {
    DRIVER_DONE = 0,
    DRIVER_AGAIN = 1, /* ask `request` for the next step */
};

/* What DRIVER_CONNECT finds out. */
struct driver_info {
    unsigned api_minor; /* Docker: 1.<minor> */
    unsigned dialect;   /* what the driver has to know about the peer; 0: nothing special */
    const char *engine; /* "20.10.24", "podman 4.3.1" */
    uint64_t cpus_nano, memory_bytes;
};

/* Something happened to a replica: enough to know what to look at again. */
struct driver_change {
    int64_t at_ns;   /* the cluster's clock; resume with since_ns = at_ns */
    const char *id;  /* the replica's, or "" */
    const char *app; /* "" when it is not ours */
    const char *service;
    const char *what; /* "start", "die", "health_status: unhealthy", ... */
    bool matters;     /* false: says nothing about the observation (exec, attach, ...) */
};

struct driver_log_line {
    bool is_stderr;
    const char *text; /* one line without its newline; NUL-terminated */
    size_t len;
    const char *at; /* RFC 3339, "" unless timestamps were asked for */
};

struct driver_call {
    enum driver_op op;
    unsigned step;       /* 0, then one more after each DRIVER_AGAIN; kept by the shell */
    struct arena *arena; /* requests, results and the driver's own state live here */
    const struct cluster *cluster;
    unsigned api_minor, dialect; /* from the latest DRIVER_CONNECT's info; 0 before */

    /* DRIVER_APPLY; for removals only `action`. */
    const struct action *action;
    const struct app *app;
    const struct service *service;
    const char *registry_auth; /* X-Registry-Auth for the service's image; NULL: none */

    /* Of drivers that have one: DRIVER_LIST and DRIVER_WATCH bring it up to date. */
    void *mirror;

    int64_t since_ns; /* DRIVER_WATCH; 0: from now on */
    unsigned stream;  /* DRIVER_WATCH: which of driver->streams */

    /* DRIVER_LOGS */
    const char *replica_id;
    bool follow, timestamps;
    int tail;            /* lines; -1: all */
    int64_t log_since_s; /* 0: from the start */

    void *state; /* the driver's, between steps and chunks */

    /*
     * Results, set by `reply`, valid after DRIVER_DONE. The driver makes the observation on
     * the way; whoever made the call frees what is there, also when the call failed or ended
     * early.
     */
    struct driver_info info;
    struct observation *observation;

    /* Stream sinks; the text is valid during the call only */
    void (*on_change)(void *ctx, const struct driver_change *change);
    void (*on_log)(void *ctx, const struct driver_log_line *line);
    void (*on_progress)(void *ctx,
                        const char *text); /* "pulling shop/web:3: 40 %"; may be NULL */
    void *ctx;
};

struct driver_gap;

struct driver {
    const char *name;              /* config key, metrics label and log tag */
    unsigned ops;                  /* set of 1u << enum driver_op */
    const struct driver_gap *gaps; /* what it does not honour, see keys.h; NULL: nothing */
    uint64_t settings;             /* set of 1 << enum setting_id: those that it honours */
    bool keeps_services;           /* counts and replaces the copies of a service by itself */

    /*
     * What is remembered of a cluster between calls, for drivers whose streams tell all that an
     * observation needs. DRIVER_LIST fills it; from then on the streams keep it, and
     * DRIVER_LIST only asks whether the API is there. NULL: there is none, a list is read whole
     * every time. A call never outlives the mirror that it was given.
     */
    void *(*mirror_new)(void);
    void *(*mirror_free)(void *mirror); /* accepts NULL, returns NULL */
    unsigned streams;                   /* watches that are kept open at once; 0: one */

    /* Fills in the request of call->step. */
    int (*request)(struct driver_call *call, struct http_request *out, struct err *err);

    /* Reads the reply, or the end of a stream. DRIVER_DONE, DRIVER_AGAIN or negative errno. */
    int (*reply)(struct driver_call *call, const struct http_reply *in, struct err *err);

    /* Reads a piece of a stream whose request said `stream`. 0 or negative errno. */
    int (*chunk)(struct driver_call *call, const char *data, size_t len, struct err *err);
};

/* All drivers, NULL at the end. */
extern const struct driver *const driver_all[];

/* NULL when there is none of that name. */
const struct driver *driver_find(const char *name);
