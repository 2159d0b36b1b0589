/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations of one app, arranged by service and cluster, for control/decide. Pure.
 */
#pragma once

#include "base/arena.h"
#include "control/decide.h"

/* The replicas of one service in one cluster. */
struct cell {
    const struct control_cluster *cluster;
    unsigned wanted; /* by the plan */
    const struct observed_replica **replicas;
    enum replica_endpoint *endpoints; /* same order */
    size_t count, capacity;
    const struct observed_service *kept; /* NULL: the orchestrator does not keep it here */
};

struct view {
    size_t service_count, cluster_count;
    struct cell *cells; /* service_count x cluster_count, a row per service */
    /* Replicas of services that the app no longer has, per cluster. */
    struct cell *strangers;
};

/* The index of the service in the app, or -1. */
ptrdiff_t view_find_service(const struct app *app, const char *name);

/* Lives in `arena`; points into `input`. */
struct view *view_new(struct arena *arena, const struct control_input *input);

struct cell *view_cell(const struct view *view, size_t service, size_t cluster);

/* Runs, is not called unhealthy or starting, and somebody may be using it. */
bool replica_is_up(const struct observed_replica *replica, enum replica_endpoint endpoint);

/* The same, and it is there for everybody: a copy that leaves no longer counts. */
bool replica_serves(const struct observed_replica *replica, enum replica_endpoint endpoint);

/* Made from what the file says now. */
bool replica_is_right(const struct observed_replica *replica, const char *digest);

/*
 * The orchestrator will not bring it up by itself, and it should run. A copy that ended with
 * exit code 0 and `restart: no` or `on-failure` is done; one that failed with `restart: no`
 * stays as it is for its owner to see; one that was killed (128 and above: with its cluster,
 * mostly) is started again.
 */
bool replica_needs_start(const struct observed_replica *replica, enum restart_policy policy);

/* Ended well and is not meant to run again. */
bool replica_is_completed(const struct observed_replica *replica, enum restart_policy policy);

/* There is something of the service in the cluster. */
bool cell_is_used(const struct cell *cell);

/* Some of it is made from something else than the file says now. */
bool cell_is_outdated(const struct cell *cell, const char *digest);

unsigned cell_count_right(const struct cell *cell, const char *digest);
unsigned cell_count_serving(const struct cell *cell);
unsigned cell_count_serving_right(const struct cell *cell, const char *digest);

/* The lowest number, not below `from`, that no replica in the cell has. */
unsigned cell_free_number(const struct cell *cell, unsigned from);
