/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet: all clusters and DNS operators that one Seawall manages.
 *
 * fleet/ makes it from a file, fleet_json from JSON. Everything belongs to fleet->arena.
 */
#pragma once

#include "base/arena.h"
#include "model/app.h"
#include "model/strings.h"

#include <stdbool.h>
#include <stdint.h>

#define FLEET_CLUSTERS_MAX    4096
#define CLUSTER_ADDRESSES_MAX 16

/* Kubernetes: what makes published ports reachable from outside. */
enum cluster_expose { EXPOSE_NODEPORT, EXPOSE_LOADBALANCER, EXPOSE_INGRESS };

struct cluster {
    const char *name;     /* [a-z0-9][a-z0-9-]*, unique in the fleet */
    const char *driver;   /* "docker": a name in driver_all */
    const char *endpoint; /* "tcp://192.0.2.10:2376", "unix:///run/docker.sock",
                             "kubeconfig:///path#context" or "in-cluster://" */
    const char *tls_ca, *tls_cert, *tls_key; /* absolute paths; NULL: no TLS */
    const char *provider, *region;           /* never NULL; default: the cluster's name */
    struct strings addresses;                /* where clients reach published ports */
    uint64_t cpus_nano, memory_bytes;        /* capacity; 0: what the orchestrator reports */
    uint64_t cost_micro; /* per replica, millionths of any unit; default 1 000 000 */
    bool drained;        /* runs nothing new, is emptied */
    enum cluster_expose expose;
    bool allow_exec; /* the plugins that its kubeconfig names may be run */
};

struct fleet_dns {
    struct strings listen;      /* "127.0.0.1:5353", "[::1]:5353" */
    const char *zone;           /* "example.test", lower case, no final dot; NULL: no DNS */
    struct strings nameservers; /* NS names; empty: "ns1.<zone>" */
};

struct fleet {
    struct arena *arena;
    struct cluster *clusters; /* sorted by name */
    size_t cluster_count;
    struct fleet_dns dns;
};

/* Accepts NULL. Returns NULL. */
struct fleet *fleet_free(struct fleet *fleet);
void fleet_freep(struct fleet **fleet);

/* A deep copy with room for `extra` more clusters. */
struct fleet *fleet_copy(const struct fleet *fleet, size_t extra) MUST_USE;

/* A deep copy of one cluster into `arena`. */
void cluster_copy(struct arena *arena, struct cluster *out, const struct cluster *in);

/* Replaces the cluster of that name, or adds it where it belongs; there must be room. */
void fleet_put(struct fleet *fleet, const struct cluster *cluster);

/* Returns false when there was none of that name. */
bool fleet_remove(struct fleet *fleet, const char *name);

void fleet_dns_copy(struct arena *arena, struct fleet_dns *out, const struct fleet_dns *in);

const struct cluster *fleet_find_cluster(const struct fleet *fleet, const char *name);

/* The name of the domain that holds the cluster at this level. */
const char *cluster_domain(const struct cluster *cluster, enum domain_level level);

/*
 * The name that DNS answers for the service, NULL for none:
 * 1. the service's own x-seawall.hostname;
 * 2. the app's, if this is the only service that publishes a TCP port;
 * 3. "<service>.<the app's hostname>" if several do;
 * 4. "<service>.<app>.<zone>" if the fleet has a zone and the service publishes a TCP port.
 * The result is in `arena` or belongs to the app.
 */
const char *service_hostname(struct arena *arena, const struct app *app,
                             const struct service *service, const char *zone);
