/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys of an app a driver does not honour. Each driver has a table of them; the command
 * line asks before anything is sent anywhere. Pure.
 */
#pragma once

#include "model/app.h"

#include <stdbool.h>
#include <stddef.h>

/* What a driver does not honour of a service. Tables end with key == NULL. */
struct driver_gap {
    const char *key; /* as the Compose file has it: "restart", "deploy.resources" */
    const char *why; /* "a Deployment restarts its pods whatever the exit code" */
    bool (*is_used)(const struct service *service);
};

/* The names of all drivers, NULL at the end. */
extern const char *const driver_names[];

typedef void driver_gap_fn(void *ctx, const struct service *service,
                           const struct driver_gap *gap);

/*
 * Calls `on_gap` for each key that the app uses and the driver of that name would not honour.
 * Returns how often.
 */
size_t driver_gaps(const char *driver, const struct app *app, driver_gap_fn *on_gap, void *ctx);

/* The same for a table. NULL: the driver honours everything. */
size_t driver_gaps_in(const struct driver_gap *gaps, const struct app *app,
                      driver_gap_fn *on_gap, void *ctx);
