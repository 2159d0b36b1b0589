/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table, and what changed in one, as JSON: GET /v1/table and the events of the nameserver's
 * own socket (docs/api.md). Pure.
 */
#pragma once

#include "base/attr.h"
#include "steer/changes.h"
#include "steer/table.h"

#include <jansson.h>

/* A new reference. NULL makes a table without names. */
json_t *table_to_json(const struct table *table) MUST_USE;

/* An event without its time. A new reference. */
json_t *change_to_json(const struct change *change) MUST_USE;
