/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of control_decide share: decide.c, for orchestrators that are told about
 * each copy, and keep.c, for those that keep services by themselves.
 */
#pragma once

#include "control/decide.h"
#include "control/view.h"

/* What all steps of one decision need. */
struct decision {
    struct control_output *out;
    struct arena *arena;
    const struct control_input *input;
    const struct view *view;
};

/* One service, and what is known of it over all clusters. */
struct scope {
    size_t index;
    const struct service *service;
    const char *digest;
    const struct plan_service *planned;
    unsigned serving;         /* in all clusters that can be seen */
    unsigned serving_planned; /* the same, counting no cluster for more than the plan does */
    bool plan_serves;         /* every cluster that can be seen has what the plan wants of it */
    const char *replacing;    /* the domain whose serving copies may be replaced; NULL: none */
    enum domain_level level;
};

/* The caller fills in what the kind needs. */
struct action *decide_add_action(struct decision *d, enum action_kind kind,
                                 const struct cell *cell, const char *reason);

void decide_add_hold(struct decision *d, const struct cell *cell, const char *service,
                     bool unreachable, const char *reason);

/* NULL when all dependencies are met, else the reason to wait. */
const char *decide_unmet_dependency(const struct decision *d, size_t cluster,
                                    const struct service *service);

/*
 * NULL, or the reason not to replace the service yet: it is replaced with one that it depends
 * on (`restart`), which comes first.
 */
const char *decide_unreplaced_dependency(const struct decision *d,
                                         const struct service *service);

/* Whether something in the cluster depends on the service. */
bool decide_has_dependent(const struct decision *d, size_t cluster, const char *service);

/* keep.c: one service in a cluster that keeps services, and the app there as a whole. */
void decide_keep(struct decision *d, const struct scope *scope, size_t cluster);
void decide_keep_app(struct decision *d, size_t cluster);
