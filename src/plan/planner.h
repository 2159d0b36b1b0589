/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places an app on a fleet: the least total number of replicas that survives every loss case,
 * then the cheapest, then the fewest moves, then the most even. Pure.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "model/app.h"
#include "model/fleet.h"
#include "model/plan.h"

/* A host port that something outside this app holds in a cluster. */
struct planner_port {
    uint16_t port;
    enum port_protocol protocol;
};

/* What a cluster can take, beside what this app runs there already. Indexed as fleet->clusters.
 */
struct planner_room {
    bool usable;                      /* false: drained, or its driver cannot run the app */
    uint64_t cpus_nano, memory_bytes; /* left for this app as a whole; UINT64_MAX: no limit */
    const struct planner_port *ports; /* taken by others */
    size_t port_count;
    bool shares_ports; /* copies of a service share its published ports: they limit nothing */
};

struct planner_input {
    const struct app *app;
    const struct fleet *fleet;
    const struct planner_room *rooms;
    const struct plan *current; /* what runs now; NULL: nothing */
};

/*
 * Makes the plan. Always sets *out when it returns 0; a plan that must not be carried out has
 * refusals. The caller frees it. The plan copies what it needs.
 */
int planner_make(struct plan **out, const struct planner_input *input,
                 struct err *err) MUST_USE;

/*
 * The same on a fleet where nothing runs yet: all that the clusters are said to have is free,
 * what they are not said to have has no limit.
 */
int planner_make_alone(struct plan **out, const struct app *app, const struct fleet *fleet,
                       struct err *err) MUST_USE;
