/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in words, for people: table, certificate, reasons, warnings, refusals, changes. */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "model/plan.h"
#include "plan/diff.h"

#include <stdbool.h>

/*
 * Appends the text to `out`. `diff` may be NULL: then nothing is said about changes. With
 * `colour`, headings and verdicts carry ANSI colours. Returns 0 or -EMSGSIZE.
 */
int plan_explain(struct buf *out, const struct plan *plan, const struct diff *diff,
                 bool colour) MUST_USE;

/* The table and the warnings alone: what is to be said after a plan was carried out. */
int plan_summarize(struct buf *out, const struct plan *plan, bool colour) MUST_USE;
