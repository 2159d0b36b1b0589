/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that the server or the planner made, on standard output. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "cli/command.h"
#include "model/plan.h"
#include "plan/diff.h"

#include <jansson.h>

/* In words. `diff` may be NULL. */
int plan_print(const struct plan *plan, const struct diff *diff, struct err *err) MUST_USE;

/* The same for JSON from outside: {"plan": plan, "diff": [change]}; the diff may be missing. */
int plan_print_answer(const json_t *answer, struct err *err) MUST_USE;

/* What is to be said of a plan that was carried out: where it runs, and warnings. */
int plan_print_summary(const json_t *plan, struct err *err) MUST_USE;

/*
 * What a command that was refused has to show: `answer`, which is released. Does nothing for
 * any other outcome. Returns `outcome`, or a negative errno when it could not be printed.
 */
int plan_print_refusal(const struct cli *cli, int outcome, json_t *answer,
                       struct err *err) MUST_USE;
