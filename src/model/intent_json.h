/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intent as JSON, both ways: what control sends to the nameserver, and what the nameserver
 * keeps on disk.
 *
 *     {"generation": 7, "zone": "example.test", "nameservers": ["ns1.example.test"],
 *      "names": [{"name": "shop.example.test", "app": "shop", "service": "web", "ttl": 5,
 *                 "probe": {"kind": "http", "port": 80, "path": "/healthz", "host": null,
 *                           "status": 0, "interval_ms": 0, "timeout_ms": 0},
 *                 "endpoints": [{"address": "192.0.2.10", "port": 80, "cluster": "amber-1",
 *                                "region": "amber-north", "provider": "amber", "weight": 2,
 *                                "pin": "none"}]}]}
 *
 * `kind` is none, tcp or http; only http has path, host and status. `pin` is none, up or down.
 */
#pragma once

#include "base/err.h"
#include "model/intent.h"

#include <jansson.h>

#define INTENT_TTL_S_MAX       86400u
#define INTENT_WEIGHT_MAX      1000000u
#define INTENT_NAMESERVERS_MAX 13  /* what fits beside an answer of 512 bytes */
#define INTENT_DOMAIN_TEXT_MAX 253 /* of the names of clusters, regions, providers */

/* A new reference. */
json_t *intent_to_json(const struct intent *intent) MUST_USE;

/*
 * Strict: an unknown key, a wrong type, an invalid name or address or a number out of bounds
 * is -EINVAL, and `err` names the field. Names and endpoints may come in any order, but only
 * once each. The caller frees the intent and keeps the JSON.
 */
int intent_from_json(struct intent **out, const json_t *json, struct err *err) MUST_USE;

/* The same from text, which is refused with line and column where it is not JSON. */
int intent_parse(struct intent **out, const char *text, size_t len, struct err *err) MUST_USE;

/* All that the JSON would show is the same, the generation included. */
bool intent_is_equal(const struct intent *a, const struct intent *b);
