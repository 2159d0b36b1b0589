/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the planner: collects what the clusters have room for. */
#pragma once

#include "plan/diff.h"
#include "plan/planner.h"
#include "server/backend.h"

/*
 * Plans the app, with `current` (may be NULL) as what runs. A cluster that cannot be reached
 * keeps what it has and gets nothing new.
 */
int placing_plan(struct plan **out, const struct server_parts *parts, const struct app *app,
                 const struct plan *current, struct err *err) MUST_USE;

/* What the plan would change of the record, which may be NULL. The caller frees the diff. */
struct diff *placing_diff(const struct plan *plan, const struct app *app,
                          const struct app_record *record) MUST_USE;
