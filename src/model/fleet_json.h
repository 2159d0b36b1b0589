/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet as JSON, both ways: what `seawall fleet apply` sends and the store keeps.
 *
 *     {"clusters": {"amber-1": {"driver": "docker", "endpoint": "tcp://192.0.2.10:2376",
 *                               "tls": {"ca": "", "cert": "", "key": ""},
 *                               "provider": "amber", "region": "amber-north",
 *                               "addresses": ["192.0.2.10"], "cpus_nano": 0,
 *                               "memory_bytes": 0, "cost_micro": 1000000, "drained": false}},
 *      "dns": {"listen": ["127.0.0.1:5353"], "zone": "example.test", "nameservers": []}}
 *
 * `tls` is there only where TLS is used, `zone` only where there is one; "expose": "nodeport"
 * (or "loadbalancer", "ingress") and "allow_exec": false only where they are not the default.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "model/fleet.h"

#include <jansson.h>

#define FLEET_COST_MICRO_MAX (UINT64_C(1000000000) * 1000000)
#define FLEET_LISTEN_MAX     16
#define FLEET_NAMESERVER_MAX 13

/* A new reference. */
json_t *fleet_to_json(const struct fleet *fleet) MUST_USE;
json_t *cluster_to_json(const struct cluster *cluster) MUST_USE;

/*
 * Strict: an unknown key, a wrong type, an invalid name or address or a number out of bounds
 * is -EINVAL, and `err` names the field. The caller frees the fleet and keeps the JSON.
 */
int fleet_from_json(struct fleet **out, const json_t *json, struct err *err) MUST_USE;
