/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the Kubernetes driver share: one call on its way from phase to phase.
 *
 * The state and all texts are in the call's arena; JSON trees belong to the function that
 * parsed them; what is remembered between calls is in the mirror, see kubernetes_mirror.h.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "driver/docker_stream.h"
#include "driver/driver.h"
#include "driver/kubernetes_mirror.h"
#include "driver/lines.h"

#include <jansson.h>
#include <stdbool.h>

/* Labels select: their values are made from names, see kubernetes_name. */
#define LABEL_APP      "dev.seawall.app"
#define LABEL_SERVICE  "dev.seawall.service"
#define LABEL_REVISION "dev.seawall.revision" /* the beginning of the digest */
#define LABEL_PART     "dev.seawall.part"     /* "names" or "published" on a Service */
#define LABEL_OURS     "app.kubernetes.io/managed-by"

/* Annotations tell: the true names, and the digest, which is too long for a label. */
#define NOTE_APP     "dev.seawall.app"
#define NOTE_SERVICE "dev.seawall.service"
#define NOTE_DIGEST  "dev.seawall.digest"

#define FIELD_MANAGER "seawall"

/* Where a busy API server still gets there; a hung one is given up after it. */
#define CALL_TIMEOUT_MS 20000

/* Each phase is one request and its reply; see the tables in kubernetes.c. */
enum kubernetes_phase {
    PHASE_DONE = 0, /* what a reply function returns when nothing is left to do */
    PHASE_VERSION,
    PHASE_LIST,  /* a page of state->kind */
    PHASE_CHECK, /* the mirror is complete: is the API there? */
    PHASE_WATCH,
    PHASE_LOGS,
    PHASE_STEP, /* one of state->steps */
    PHASE_SPACE_CREATE,
    PHASE_SPACE_FIND,
    PHASE_SPACE_REMOVE,
};

/* A request of an action that is nothing but a row of requests. */
struct kubernetes_step {
    const char *method, *path, *body;
    const char *what;
    const char *plural;   /* what it changes: the reply goes to the mirror */
    bool missing_is_done; /* 404: what was to be removed is gone, or never was */
};

struct kubernetes {
    enum kubernetes_phase phase;
    const char *what; /* "apply deployment web": for errors */

    /* PHASE_LIST, PHASE_WATCH */
    unsigned kind;
    const char *next_page; /* NULL: the first */
    struct lines *lines;
    bool is_gone; /* 410 came as an event */

    struct docker_frames *log;

    const struct kubernetes_step *steps;
    size_t step_count, step;

    const char *space, *space_uid;
};

/* "kubernetes at amber-1: apply deployment web: ..." before what `fmt` says. Returns `code`. */
int kubernetes_fail(const struct driver_call *call, int code, struct err *err, const char *fmt,
                    ...) PRINTF(4, 5);

/*
 * An error reply as an error: "...: 409: Apply failed with 1 conflict ...". -EKEYEXPIRED for
 * 401: whoever made the call may get new credentials and try again.
 */
int kubernetes_fail_reply(const struct driver_call *call, const struct http_reply *in,
                          struct err *err);

/* The reply's JSON if its status is 2xx and it is an object; NULL with err set. */
json_t *kubernetes_json(const struct driver_call *call, const struct http_reply *in,
                        struct err *err) MUST_USE;
void kubernetes_json_freep(json_t **json);

/*
 * The name of an object, and the value of a label, for a name of the model: itself wherever
 * Kubernetes allows that (RFC 1035 label, at most 50 bytes), else what is left of it and a hash
 * that keeps it apart from others.
 */
const char *kubernetes_name(struct arena *arena, const char *name);

/*
 * Takes a workload's id apart, "deployments/web/<uid>", as observations have it. False when it
 * is none.
 */
bool kubernetes_split_id(struct arena *arena, const char *id, const char *space,
                         const char **path, const char **uid);

/* kubernetes_make.c, kubernetes_pod.c: a service as objects. */

enum kubernetes_workload { WORKLOAD_DEPLOYMENT, WORKLOAD_STATEFULSET, WORKLOAD_JOB };

/*
 * A service whose end another one waits for is a Job, one with volumes of its own a
 * StatefulSet, any other a Deployment.
 */
enum kubernetes_workload kubernetes_workload(const struct app *app,
                                             const struct service *service);

/*
 * The requests that bring the service about, the workload last. 0, or -ENOTSUP with `err` set
 * for what cannot be had on Kubernetes.
 */
int kubernetes_make_service(struct driver_call *call, struct err *err) MUST_USE;

/* The labels and annotations that everything of the call's service has. */
void kubernetes_put_metadata(const struct driver_call *call, json_t *object, const char *name);

/* The members of the labels that select copies of the call's service. */
void kubernetes_put_selector(const struct driver_call *call, json_t *labels);

/* The pod template of the call's service: object["template"]. */
void kubernetes_put_template(const struct driver_call *call, json_t *object,
                             enum kubernetes_workload workload);

/* Whether the mount is a claim that each copy gets for itself. */
bool kubernetes_is_claim(const struct app *app, const struct mount *mount);

/* kubernetes_apply.c: requests and replies of DRIVER_APPLY. */
int kubernetes_apply_first(struct driver_call *call, struct err *err) MUST_USE;
int kubernetes_apply_request(struct driver_call *call, struct http_request *out);
int kubernetes_apply_reply(struct driver_call *call, const struct http_reply *in,
                           struct err *err);
