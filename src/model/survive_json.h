/* SPDX-License-Identifier: Apache-2.0 */
/* What to survive as JSON, both ways: {"provider": 1}. Part of apps and of plans. */
#pragma once

#include "base/err.h"
#include "model/domain.h"

#include <jansson.h>

/* A new reference. */
json_t *survive_to_json(const struct survive *survive) MUST_USE;

/* Strict; `where` names the object in complaints. Returns 0, or -EINVAL with `err` set. */
int survive_from_json(const json_t *json, const char *where, struct survive *out,
                      struct err *err) MUST_USE;
