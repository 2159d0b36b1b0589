/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One accepted revision of an app: what the file says, where it goes, what copies are made
 * from. Immutable and counted, because calls under way outlive the next revision.
 */
#pragma once

#include "base/attr.h"
#include "model/app.h"
#include "model/plan.h"

#include <stdint.h>

struct revision {
    unsigned refs;
    uint64_t number; /* 1, 2, ... */
    struct app *app;
    struct plan *plan;
    const char **digests; /* of app->services, same order; in app->arena */
};

/*
 * What copies of each service are made from, as app->services. A service that says `restart`
 * of a dependency changes when that changes, so that it is replaced with it.
 */
const char **revision_digests(struct arena *arena, const struct app *app);

/* Takes over app and plan. One reference. */
struct revision *revision_new(uint64_t number, struct app *app, struct plan *plan) MUST_USE;

struct revision *revision_ref(struct revision *revision) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct revision *revision_unref(struct revision *revision);
