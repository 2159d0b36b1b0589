/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control's side of steering: starts a nameserver unless one answers, hands it the intent,
 * follows its verdicts.
 */
#pragma once

#include "api/backend.h"
#include "api/feed.h"
#include "base/attr.h"
#include "control/decide.h"
#include "net/http_client.h"

struct steering;

struct steering_options {
    const char *program;    /* our own executable, to start the nameserver with */
    const char *socket;     /* the nameserver's */
    const char *state_path; /* where the nameserver keeps its intent: a folder */
    bool spawn;             /* false: somebody else runs it */
};

/* `on_verdicts` is called when a verdict may have changed. Options are copied. */
struct steering *steering_new(uv_loop_t *loop, struct http_client *client,
                              const struct steering_options *options, struct feed *events,
                              void (*on_verdicts)(void *ctx), void *ctx) MUST_USE;

/* Stops a nameserver that it, or a server before it, started. Accepts NULL. Returns NULL. */
struct steering *steering_free(struct steering *steering);

/* Where the nameserver listens; starts it, or tells it if that changed. */
void steering_listen(struct steering *steering, const struct strings *listen);

/* The intent as JSON; copied. Sent now, and again after every reconnect. */
void steering_set_intent(struct steering *steering, const char *intent);

/* REPLICA_ENDPOINT_NONE while no nameserver is connected. */
enum replica_endpoint steering_verdict(const struct steering *steering, const char *address,
                                       unsigned port);

/* Asks for the steering table. */
void steering_table(struct steering *steering, struct backend_done done);
