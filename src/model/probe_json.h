/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe as JSON, both ways: part of apps and of intents.
 *
 *     {"kind": "http", "port": 80, "path": "/healthz", "host": null, "status": 0,
 *      "interval_ms": 0, "timeout_ms": 0}
 *
 * `kind` is none, tcp or http; only http has path, host and status.
 */
#pragma once

#include "base/err.h"
#include "model/app.h"

#include <jansson.h>

#define PROBE_INTERVAL_MS_MIN 100u /* probes must not become a flood of their own */
#define PROBE_INTERVAL_MS_MAX 3600000u
#define PROBE_TIMEOUT_MS_MIN  10u
#define PROBE_TIMEOUT_MS_MAX  60000u
#define PROBE_PATH_MAX        1024
#define PROBE_HOST_MAX        255

/* A new reference. */
json_t *probe_to_json(const struct probe *probe) MUST_USE;

/* Strict; `where` names the probe in complaints. Returns 0, or -EINVAL with `err` set. */
int probe_from_json(const json_t *json, const char *where, struct arena *arena,
                    struct probe *out, struct err *err) MUST_USE;
