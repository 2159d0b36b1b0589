/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link to one cluster: keeps the observation current and carries out actions.
 *
 *   waiting --timer--> connecting --> listing --> ready
 *      ^                   |             |          |
 *      +-------------------+-- failure --+----------+
 *
 * Ready means: the change stream is open, the observation was read after it was opened, and
 * has been confirmed within PACE_CONFIRM_MS of control/pace.h. A cluster that hangs costs its
 * own link only.
 */
#pragma once

#include "base/attr.h"
#include "control/revision.h"
#include "driver/driver.h"
#include "model/action.h"
#include "net/http_client.h"

#include <stdbool.h>

struct link;

/* Engines create and start containers in parallel; more than this gains nothing (measured). */
#define LINK_ACTIONS_MAX 8

struct link_handlers {
    void (*on_state)(void *ctx, struct link *link);
    void (*on_observation)(void *ctx, struct link *link);
    void (*on_change)(void *ctx, struct link *link, const struct driver_change *change);
    void (*on_action_start)(void *ctx, struct link *link, const struct action *action);
    /* `err` is NULL when it was done. */
    void (*on_action_done)(void *ctx, struct link *link, const struct action *action,
                           const struct err *err);
    /* An action that failed may be submitted again. */
    void (*on_retry)(void *ctx, struct link *link, const char *app);
};

/* The cluster is copied. Starts to connect at once. */
struct link *link_open(uv_loop_t *loop, struct http_client *client,
                       const struct cluster *cluster, uint64_t seed,
                       const struct link_handlers *handlers, void *ctx) MUST_USE;

/* Cancels what is under way. Accepts NULL. Returns NULL. */
struct link *link_close(struct link *link);

const struct cluster *link_cluster(const struct link *link);
void link_set_drained(struct link *link, bool drained);

bool link_is_ready(const struct link *link);
bool link_keeps_services(const struct link *link);    /* see driver.h */
const char *link_state_name(const struct link *link); /* "connecting", "ready", "unreachable" */
int64_t link_since_ms(const struct link *link);       /* wall time of that state */
const char *link_error(const struct link *link);      /* "" when ready */
const struct driver_info *link_info(const struct link *link);

/* The latest one, also while unreachable. NULL: never seen. Valid until the next. */
const struct observation *link_observation(const struct link *link);

/*
 * Takes an action unless it is superfluous: WORK_TAKEN, WORK_PENDING or WORK_LATER of
 * control/work.h; on_retry tells when later is. `registry_auth` may be NULL.
 */
int link_submit(struct link *link, const struct action *action, struct revision *revision,
                const char *registry_auth);

/* The action waits, runs, or is done and not yet seen. */
bool link_has_action(const struct link *link, const struct action *action);

/* Actions of the app that are queued or under way. */
unsigned link_count_pending(const struct link *link, const char *app);

/* The last error of an action of the app that waits to be tried again; NULL: none waits. */
const char *link_action_error(const struct link *link, const char *app);

/* Streams the logs of a replica; see driver.h. The caller cancels the call. */
struct call *link_logs(struct link *link, const struct driver_call *proto,
                       void (*on_done)(void *ctx, struct driver_call *, const struct err *),
                       void *ctx) MUST_USE;
