/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An app: a Compose project as Seawall understands it, complete and checked.
 *
 * compose/ makes it from files, app_json from JSON. Everything belongs to app->arena; inside,
 * nothing refers to a file, a line or a default any more. Names were validated: services,
 * networks and volumes are [a-zA-Z0-9._-]+, app names [a-z0-9][a-z0-9_-]*, so they need no
 * escaping in a path or a label.
 */
#pragma once

#include "base/arena.h"
#include "model/domain.h"
#include "model/setting.h"
#include "model/strings.h"

#include <stdbool.h>
#include <stdint.h>

#define APP_NAME_MAX     63 /* fits a DNS label and a container name prefix */
#define APP_SERVICES_MAX 200000
#define APP_REPLICAS_MAX 10000 /* of one service */

enum port_protocol { PORT_TCP, PORT_UDP };

/* One `ports` entry. A range with a range target was split into single ports. */
struct port {
    const char *host_ip;      /* NULL: all addresses */
    uint16_t published_first; /* 0: the engine chooses */
    uint16_t published_last;  /* == first unless a range was given for one target */
    uint16_t target;
    enum port_protocol protocol;
};

enum mount_kind { MOUNT_VOLUME, MOUNT_BIND };

struct mount {
    enum mount_kind kind;
    const char *source; /* volume key in app->volumes, "" for an anonymous volume; or path */
    const char *target;
    bool read_only;
};

struct healthcheck {
    bool is_set;
    bool disabled;       /* also what the image brings */
    struct strings test; /* as the Engine takes it: first item CMD, CMD-SHELL or NONE */
    uint64_t interval_ns, timeout_ns, start_period_ns; /* 0: the engine's default */
    unsigned retries;                                  /* 0: the engine's default */
};

enum depends_condition { DEPENDS_STARTED, DEPENDS_HEALTHY, DEPENDS_COMPLETED };

struct dependency {
    const char *service;
    enum depends_condition condition;
    bool required; /* false: a missing service is not an error */
    bool restart;  /* restart this service when that one is replaced */
};

struct service_network {
    const char *network; /* key in app->networks */
    struct strings aliases;
};

enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED };

/* x-seawall.state */
enum service_state {
    STATE_PLAIN,      /* nothing said: pinned to one cluster if it has volumes or binds */
    STATE_REPLICATED, /* the app replicates by itself */
    STATE_NONE,       /* what it keeps may be lost */
};

enum probe_kind { PROBE_NONE, PROBE_TCP, PROBE_HTTP };

/* How steering finds out whether an endpoint of the service is up. */
struct probe {
    enum probe_kind kind;
    uint16_t port;        /* target port of the `ports` entry that is probed */
    const char *path;     /* HTTP only: "/healthz" */
    const char *host;     /* HTTP only: Host header, NULL: the hostname of the service */
    unsigned status;      /* HTTP only: expected status; 0: any 2xx or 3xx */
    unsigned interval_ms; /* 0: default */
    unsigned timeout_ms;  /* 0: default */
};

struct service {
    const char *name;
    const char *image;
    bool has_command, has_entrypoint; /* false: what the image brings */
    struct strings command, entrypoint;
    struct key_values environment, labels;
    struct port *ports;
    size_t port_count;
    struct mount *mounts;
    size_t mount_count;
    struct service_network *networks;
    size_t network_count;
    struct dependency *dependencies;
    size_t dependency_count;
    struct healthcheck healthcheck;
    enum restart_policy restart;
    unsigned restart_retries_max; /* RESTART_ON_FAILURE: 0 is no limit */
    struct settings settings;     /* what goes to the orchestrator as it is */

    unsigned replicas; /* needed, after any loss that survive names; 0 is allowed */
    uint64_t cpus_limit_nano, memory_limit_bytes;             /* 0: no limit */
    uint64_t cpus_reservation_nano, memory_reservation_bytes; /* 0: none */

    /* x-seawall */
    const char *hostname; /* NULL: see service_hostname in fleet.h; "" never */
    unsigned ttl_s;       /* 0: the app's */
    bool has_survive;     /* false: the app's */
    struct survive survive;
    enum service_state state;
    struct probe probe;
};

struct network {
    const char *key;    /* as services refer to it: "default" */
    const char *name;   /* in the orchestrator: "shop_default" */
    const char *driver; /* NULL: the engine's default */
    bool external, internal;
    struct key_values driver_opts, labels;
};

struct volume {
    const char *key;
    const char *name; /* in the orchestrator: "shop_data" */
    const char *driver;
    bool external;
    struct key_values driver_opts, labels;
};

struct app {
    struct arena *arena; /* owns everything here, the app itself included */
    const char *name;
    struct service *services; /* sorted by name */
    size_t service_count;
    struct network *networks; /* sorted by key; only those that a service uses */
    size_t network_count;
    struct volume *volumes; /* sorted by key; only those that a service uses */
    size_t volume_count;

    /* x-seawall at top level */
    const char *hostname; /* NULL: none given */
    unsigned ttl_s;       /* never 0: APP_TTL_DEFAULT_S unless given */
    bool has_survive;     /* false: the planner's default for the fleet */
    struct survive survive;
};

#define APP_TTL_DEFAULT_S 5

/* Accepts NULL. Returns NULL. */
struct app *app_free(struct app *app);
void app_freep(struct app **app);

/* Binary search. NULL when there is none. */
const struct service *app_find_service(const struct app *app, const char *name);
const struct network *app_find_network(const struct app *app, const char *key);
const struct volume *app_find_volume(const struct app *app, const char *key);

/* What a replica takes from a cluster's capacity: the reservation, else the limit, else 0. */
uint64_t service_cpus_nano(const struct service *service);
uint64_t service_memory_bytes(const struct service *service);

/* Keeps data in one place (a volume or bind, and the file does not say otherwise). */
bool service_is_pinned(const struct service *service);

/*
 * The most replicas that one Docker Engine can hold because of published host ports: the
 * smallest published range; UINT_MAX when no port is fixed.
 */
unsigned service_replicas_per_host_max(const struct service *service);

/* The `ports` entry that steering and probes use: TCP, probe.port if set, else the first. */
const struct port *service_steered_port(const struct service *service);
