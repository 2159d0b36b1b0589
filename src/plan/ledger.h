/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left in each cluster while the services of an app take from it: processors, memory,
 * host ports.
 *
 * The rooms and the app must outlive the ledger. Released with ledger_fini.
 */
#pragma once

#include "model/app.h"
#include "plan/planner.h"
#include "plan/ports.h"

#include <stdbool.h>
#include <stdint.h>

/* What one replica of a service takes. */
struct demand {
    size_t service; /* number in app->services */
    uint64_t cpus_nano, memory_bytes;
    bool has_ports;
};

/* One cluster. */
struct entry {
    bool usable;
    uint64_t cpus_nano, memory_bytes; /* left; UINT64_MAX: no limit */
    unsigned replicas;                /* of the app, all services */
    double
        share; /* of the scarcest resource that is taken: the fuller, the later it is chosen */
};

struct ledger {
    unsigned cluster_count;
    struct entry *entries; /* [cluster] */
    const struct planner_room *rooms;
    struct ports *ports;
};

void ledger_init(struct ledger *ledger, const struct app *app, const struct planner_room *rooms,
                 unsigned cluster_count);
void ledger_fini(struct ledger *ledger);

struct demand demand_of(const struct ledger *ledger, const struct app *app, size_t service);

/* How many more replicas fit the cluster, at most `max`. */
unsigned ledger_cap(const struct ledger *ledger, const struct demand *demand, unsigned cluster,
                    unsigned max);

/* The same for all clusters. Returns whether all `max` fit each one that is usable. */
bool ledger_caps(const struct ledger *ledger, const struct demand *demand, unsigned max,
                 unsigned *caps);

/* Takes the room of `replicas` in the cluster, which must be there. */
void ledger_take(struct ledger *ledger, const struct demand *demand, unsigned cluster,
                 unsigned replicas);

/* Gives it back. */
void ledger_give(struct ledger *ledger, const struct demand *demand, unsigned cluster,
                 unsigned replicas);
