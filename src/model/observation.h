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
    struct strings addresses; /* where its ports are reached; empty: at the cluster's */
};

/*
 * A service that the orchestrator keeps by itself: it was told how many copies of what, and
 * starts, replaces and counts them on its own. The copies are observed replicas as well.
 */
struct observed_service {
    const char *app, *service;
    const char *id;      /* the orchestrator's */
    const char *digest;  /* what it was told to make copies from */
    unsigned replicas;   /* how many it was told to run */
    bool settled;        /* it runs these and no others, and they serve */
    const char *trouble; /* why it is not settled, for people; "" when nothing is wrong */
};

/* A network, volume or namespace that carries our labels. */
struct observed_object {
    const char *name; /* "shop_default" */
    const char *app;
};

struct observation {
    struct arena *arena;
    struct observed_replica *replicas;
    size_t replica_count;
    struct observed_object *networks, *volumes, *spaces;
    size_t network_count, volume_count, space_count;
    struct observed_service *services; /* only where the orchestrator keeps services */
    size_t service_count;
    uint64_t cpus_nano, memory_bytes; /* room as it is now; 0: as it was at the connection */
};

/* Accepts NULL. Returns NULL. */
struct observation *observation_free(struct observation *observation);
