/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the intent for steering from what is placed and what was last seen. Pure. */
#pragma once

#include "base/attr.h"
#include "control/decide.h"
#include "model/intent.h"

struct intent_app {
    const struct app *app;
    bool removing; /* its names are no longer answered */
};

struct intent_input {
    const struct fleet *fleet;
    const struct intent_app *apps; /* sorted by name */
    size_t app_count;
    const struct control_cluster *clusters; /* sorted by name; seen now or earlier */
    size_t cluster_count;
    const struct intent *before; /* the latest intent, or NULL */
    /* Copies on their way out: they still serve who knows them, but nobody new is sent there.
     */
    bool (*is_leaving)(void *ctx, const char *cluster, const char *replica_id);
    void *ctx;
};

/*
 * The endpoints of a service are the published ports of its running copies on the client-facing
 * addresses of their clusters. A cluster that cannot be seen keeps the endpoints it had, in its
 * last observation or, after a restart of control, in the intent before: only probes may say
 * that they are down. The caller frees the result and sets its generation.
 */
struct intent *intent_make(const struct intent_input *input) MUST_USE;
