/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An app as JSON, both ways: what `seawall config --format json --model` prints, the API
 * carries and the store keeps. What has its default is left out.
 *
 *     {"name": "shop", "ttl": 5, "hostname": "shop.example.test", "survive": {"provider": 1},
 *      "services": {"web": {
 *          "image": "shop/web:3", "command": [], "entrypoint": [],
 *          "environment": {}, "labels": {},
 *          "ports": [{"host_ip": "", "published_first": 80, "published_last": 80,
 *                     "target": 8080, "protocol": "tcp"}],
 *          "mounts": [{"type": "volume", "source": "data", "target": "/data",
 *                      "read_only": false}],
 *          "networks": {"default": {"aliases": []}},
 *          "dependencies": {"db": {"condition": "healthy", "required": true,
 *                                  "restart": false}},
 *          "healthcheck": {"disabled": false, "test": ["CMD", "/ok"], "interval_ns": 0,
 *                          "timeout_ns": 0, "start_period_ns": 0, "retries": 0},
 *          "restart": "always", "restart_retries_max": 0, "settings": {}, "replicas": 1,
 *          "cpus_limit_nano": 0, "memory_limit_bytes": 0, "cpus_reservation_nano": 0,
 *          "memory_reservation_bytes": 0,
 *          "hostname": "", "ttl": 5, "survive": {}, "state": "plain", "probe": {}}},
 *      "networks": {"default": {"name": "shop_default", "driver": "bridge",
 *                               "external": false, "internal": false, "driver_opts": {},
 *                               "labels": {}}},
 *      "volumes": {"data": {"name": "shop_data", "driver": "", "external": false,
 *                           "driver_opts": {}, "labels": {}}}}
 */
#pragma once

#include "base/err.h"
#include "model/app.h"

#include <jansson.h>

#define APP_ITEMS_MAX        10000 /* of one list or map of a service */
#define APP_DURATION_NS_MAX  (UINT64_C(366) * 24 * 3600 * 1000000000)
#define APP_CPUS_NANO_MAX    (UINT64_C(1000000) * 1000000000)
#define APP_MEMORY_BYTES_MAX (UINT64_C(1) << 60)
#define APP_RETRIES_MAX      1000000u
#define SERVICE_DIGEST_SIZE  65 /* SHA-256 in hexadecimal, and the NUL */

/* A new reference. */
json_t *app_to_json(const struct app *app) MUST_USE;

/*
 * Strict: an unknown key, a wrong type, an invalid name, a number out of bounds, or services
 * that do not fit together (see app_check.h) are -EINVAL, and `err` names the field. The caller
 * frees the app and keeps the JSON.
 */
int app_from_json(struct app **out, const json_t *json, struct err *err) MUST_USE;

/*
 * Names what a container of the service is made from: two services with the same digest need
 * no other container. Covers image, command, entrypoint, environment, labels, ports, mounts,
 * networks, health check, restart policy, settings and resources, not what only Seawall reads:
 * replicas, hostname, ttl, survive, state, probe, dependencies. Writes hexadecimal text.
 */
void service_digest(const struct app *app, const struct service *service,
                    char out[SERVICE_DIGEST_SIZE]);
