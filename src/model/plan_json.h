/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as JSON, both ways: what `seawall plan --format json` prints, the API carries and the
 * store keeps.
 *
 *     {"app": "shop",
 *      "services": {"web": {"needed": 4, "placed": {"amber-1": 2}, "total": 6,
 *                           "survives": true, "pinned": false, "survive": {"provider": 1},
 *                           "why": "...",
 *                           "certificate": [{"level": "provider", "lost": "amber",
 *                                            "left": 4, "needed": 4}]}},
 *      "survive_source": "...", "refusals": [{"service": "", "reason": "", "fix": ""}],
 *      "warnings": []}
 */
#pragma once

#include "base/err.h"
#include "model/plan.h"

#include <jansson.h>

/* A new reference. */
json_t *plan_to_json(const struct plan *plan) MUST_USE;

/*
 * Strict: an unknown key, a wrong type or a number out of bounds is -EINVAL, and `err` names
 * the field. The caller frees the plan and keeps the JSON.
 */
int plan_from_json(struct plan **out, const json_t *json, struct err *err) MUST_USE;
