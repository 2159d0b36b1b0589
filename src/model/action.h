/* SPDX-License-Identifier: Apache-2.0 */
/* One step that brings observation nearer to plan. Plain data; names belong to the decider. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum action_kind {
    ACTION_NETWORK_ENSURE,  /* target: network key */
    ACTION_VOLUME_ENSURE,   /* target: volume key */
    ACTION_REPLICA_START,   /* service, number: create if missing (pulls the image), start */
    ACTION_REPLICA_RESTART, /* service, number, id: what the orchestrator calls unhealthy */
    ACTION_REPLICA_REMOVE,  /* service, number, id: stop with grace, remove */
    ACTION_NETWORK_REMOVE,  /* target: name in the orchestrator */
    ACTION_VOLUME_REMOVE,   /* target: name in the orchestrator */
    /* Where the orchestrator keeps services by itself: */
    ACTION_SPACE_ENSURE,   /* the app's own namespace */
    ACTION_SERVICE_APPLY,  /* service, number: make it so many copies, made from digest */
    ACTION_SERVICE_REMOVE, /* service: all that belongs to it, volumes excepted */
    ACTION_SPACE_REMOVE,   /* target: name in the orchestrator */
};
#define ACTION_KINDS 11

const char *action_kind_name(enum action_kind kind);

struct action {
    enum action_kind kind;
    const char *cluster;
    const char *app;
    const char *service; /* NULL where the kind has none */
    unsigned number;     /* of the replica; ACTION_SERVICE_APPLY: of replicas, may be 0 */
    const char *id;      /* the orchestrator's, NULL while it does not exist */
    const char *target;  /* networks and volumes */
    const char *digest;  /* ACTION_REPLICA_START, ACTION_SERVICE_APPLY: see app_json.h */
    const char *reason;  /* "missing", "changed: image", "not in the plan", "unhealthy" */
};
