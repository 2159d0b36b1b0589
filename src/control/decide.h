/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what to do next for one app: plan and observations in, actions out. Pure.
 *
 * Level-triggered: the answer depends on what is there now, never on what happened before, so
 * lost, doubled and reordered events change nothing. Every action it names is wanted at once
 * and none of them waits for another in the same list; what must wait is a hold, and becomes
 * an action in a later round. The rules:
 *
 * - A service starts in a cluster once its networks and volumes are there and what it depends
 *   on fulfils the condition.
 * - What is right is left alone. What is not labelled as ours is not in an observation.
 * - Nothing is taken away before its replacement serves: an old copy goes when the new one is
 *   up, a copy that the plan no longer has goes when all that it has are up.
 * - Copies are replaced in one failure domain of the survive level at a time, and only while
 *   all other domains that can be seen serve.
 * - A cluster that cannot be seen is not touched and nothing is started elsewhere for it.
 * - A cluster that keeps services by itself is told how many copies of what; when it is told,
 *   and when it is told to take them away, follows from the rules above.
 */
#pragma once

#include "base/arena.h"
#include "model/action.h"
#include "model/app.h"
#include "model/fleet.h"
#include "model/observation.h"
#include "model/plan.h"

#include <stdbool.h>

/* What steering says of the endpoints of one replica. */
enum replica_endpoint {
    REPLICA_ENDPOINT_NONE, /* not steered, or steering cannot be asked: health alone counts */
    REPLICA_ENDPOINT_UNKNOWN,
    REPLICA_ENDPOINT_UP,
    REPLICA_ENDPOINT_DOWN,
    REPLICA_ENDPOINT_LEAVING, /* not down, on its way out: serves those who know it, no others
                               */
};

/* One cluster as control sees it. */
struct control_cluster {
    const struct cluster *cluster;
    const struct observation *observation; /* NULL: never seen */
    bool visible;                          /* the observation is current */
    bool keeps_services;                   /* counts and replaces copies by itself */
    /* One per observation->replicas; NULL: REPLICA_ENDPOINT_NONE for all. */
    const enum replica_endpoint *endpoints;
};

struct control_input {
    const char *app_name;
    const struct app *app;
    const struct plan *plan;
    const char *const *digests;             /* of app->services, same order */
    bool removing;                          /* the app is being taken down */
    bool remove_volumes;                    /* and its named volumes with it */
    const struct control_cluster *clusters; /* sorted by name */
    size_t cluster_count;
};

/* Something that cannot be done yet. */
struct control_hold {
    const char *cluster;
    const char *service; /* NULL: the whole cluster */
    const char *reason;  /* "waits for db to be healthy" */
    bool unreachable;    /* waits for the cluster to be seen again, not for the app */
};

struct control_output {
    struct action *actions;
    size_t action_count, action_capacity;
    struct control_hold *holds;
    size_t hold_count, hold_capacity;
};

/*
 * Text and lists are taken from `arena` or belong to the input. No actions and no holds: the
 * app is in step. No actions and only unreachable holds: in step as far as can be seen.
 */
void control_decide(struct control_output *out, struct arena *arena,
                    const struct control_input *input);
