/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster says it runs now. Made by drivers from replies; owned by its arena. */
#pragma once

#include "base/arena.h"
#include "model/app.h"

#include <stdbool.h>
#include <stdint.h>

#define OBSERVED_REPLICAS_MAX 100000 /* of one cluster */

enum replica_state {
    REPLICA_CREATED, /* exists, never started */
    REPLICA_RUNNING,
    REPLICA_RESTARTING,
    REPLICA_PAUSED,
    REPLICA_EXITED,
    REPLICA_DEAD, /* the orchestrator could not remove it */
};

enum replica_health {
    HEALTH_NONE, /* no health check */
    HEALTH_STARTING,
    HEALTH_HEALTHY,
    HEALTH_UNHEALTHY,
};

const char *replica_state_name(enum replica_state state);
const char *replica_health_name(enum replica_health health);

struct observed_port {
    uint16_t published, target;
    enum port_protocol protocol;
};

/* A container, pod or task that carries our labels. */
struct observed_replica {
    const char *id;      /* the orchestrator's */
    const char *name;    /* "shop-web-1" */
    const char *app;     /* dev.seawall.app */
    const char *service; /* dev.seawall.service */
    unsigned number;     /* dev.seawall.replica: 1.. within its service and cluster */
    const char *digest;  /* dev.seawall.digest: what it was made from, see app_json.h */
    const char *image;
    enum replica_state state;
    enum replica_health health;
    int exit_code;
    const char *status; /* the orchestrator's words: "Up 3 minutes (healthy)" */
    struct observed_port *ports;
    size_t port_count;
};

/* A network or volume that carries our labels. */
struct observed_object {
    const char *name; /* "shop_default" */
    const char *app;
};

struct observation {
    struct arena *arena;
    struct observed_replica *replicas;
    size_t replica_count;
    struct observed_object *networks, *volumes;
    size_t network_count, volume_count;
};

/* Accepts NULL. Returns NULL. */
struct observation *observation_free(struct observation *observation);
