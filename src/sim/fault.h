/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to the simulated world from outside: faults, their ends, users' commands. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_CRASH,    /* the cluster's machine loses power */
    FAULT_CUT,      /* every packet from and to the cluster is lost */
    FAULT_API_LOSS, /* the Engine stops, its containers live */
    FAULT_EXIT,     /* a container ends by itself */
    FAULT_SICKEN,   /* a container runs and no longer serves */
    FAULT_KILL,     /* control dies */
    FAULT_CHANGE,   /* up, with another definition of some services */
    FAULT_SCALE,    /* up, with other numbers of replicas */
    FAULT_DOWN,     /* down, and up again when it ends */
};
#define FAULT_KINDS 9

const char *fault_kind_name(enum fault_kind kind);

struct fault {
    enum fault_kind kind;
    uint64_t at_ms, for_ms;
    unsigned cluster; /* index */
    unsigned pick;    /* which container, service or number, by what the kind needs */
    bool is_off;      /* left out, to find out whether it matters */
};

struct faults {
    struct fault *items; /* by time */
    size_t count;
};

/*
 * Storms of FAULTS_STORM_MS with calms of FAULTS_CALM_MS between them, until `end_ms`. Every
 * fault ends with its storm.
 */
#define FAULTS_STORM_MS (20 * 60000u)
#define FAULTS_CALM_MS  (10 * 60000u)

struct faults faults_make(struct arena *arena, struct random *random, unsigned clusters,
                          uint64_t end_ms);
