/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as JSON, both ways: part of apps.
 *
 *     {"cap_add": ["NET_ADMIN"], "privileged": true, "stop_grace_period": 20000000000,
 *      "logging.driver": "journald", "ulimits": {"nofile": "1024:2048"}}
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "model/setting.h"

#include <jansson.h>

/* A new reference. */
json_t *settings_to_json(const struct settings *settings) MUST_USE;

/* Strict; `where` names the object in complaints. Returns 0, or -EINVAL with `err` set. */
int settings_from_json(const json_t *json, const char *where, struct arena *arena,
                       struct settings *out, struct err *err) MUST_USE;
