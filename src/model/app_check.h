/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an app fit together? What services refer to exists, nothing waits for itself, and no two
 * want the same port. Pure; the same for apps from files and from the API.
 */
#pragma once

#include "model/app.h"

enum app_problem_kind {
    PROBLEM_NETWORK,    /* networks[item] is not defined */
    PROBLEM_VOLUME,     /* mounts[item] is not defined */
    PROBLEM_MOUNT,      /* mounts[item] has the target of an earlier one */
    PROBLEM_DEPENDENCY, /* dependencies[item] is not defined */
    PROBLEM_CYCLE,      /* dependencies[item] leads back to the service */
    PROBLEM_PORT,       /* ports[item] is published already */
};

struct app_problem {
    enum app_problem_kind kind;
    const struct service *service;
    size_t item;
    const struct service *other; /* PROBLEM_PORT: who has the port, which may be `service` */
    size_t other_item;
    const char *text; /* what is wrong, without the place; valid during the call */
};

typedef void app_problem_fn(void *ctx, const struct app_problem *problem);

/* Calls `on_problem` for what does not fit, at most 100 times. Returns how often. */
size_t app_check(const struct app *app, app_problem_fn *on_problem, void *ctx);
