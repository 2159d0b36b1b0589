/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver remembers of a cluster between calls: the objects that carry our label, and
 * the nodes, each in the few words that an observation needs. Lists fill it, watches keep it.
 *
 * Plain memory, no clock and no socket. Items belong to the mirror.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/map.h"
#include "model/fleet.h"
#include "model/observation.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum kubernetes_kind {
    KUBERNETES_NAMESPACES,
    KUBERNETES_NODES,
    KUBERNETES_SERVICES,
    KUBERNETES_CLAIMS,
    KUBERNETES_INGRESSES,
    KUBERNETES_DEPLOYMENTS,
    KUBERNETES_STATEFULSETS,
    KUBERNETES_JOBS,
    KUBERNETES_PODS,
};
#define KUBERNETES_KINDS 9

/* Where a kind is listed, and what it is called. */
struct kubernetes_kind_info {
    const char *path;   /* "/apis/apps/v1/deployments" */
    const char *plural; /* "deployments" */
    bool is_ours;       /* only those with our label */
};
extern const struct kubernetes_kind_info kubernetes_kinds[KUBERNETES_KINDS];

/* The texts of an item; "" where it has none. */
enum kubernetes_text {
    TEXT_KEY, /* "namespace/name" */
    TEXT_SPACE,
    TEXT_NAME,
    TEXT_UID,
    TEXT_APP,
    TEXT_SERVICE,
    TEXT_DIGEST,
    TEXT_IMAGE,
    TEXT_STATUS,    /* for people */
    TEXT_ADDRESSES, /* with blanks between them */
};
#define KUBERNETES_TEXTS 10

#define KUBERNETES_PORTS_MAX 64 /* of one Service that are kept */

struct kubernetes_item {
    const char *text[KUBERNETES_TEXTS]; /* all in one block behind the item */
    unsigned round;                     /* of lists: what the latest did not have is gone */
    bool is_leaving;                    /* is being deleted */

    /* Pods */
    enum replica_state state;
    enum replica_health health;
    int exit_code;

    /* Workloads */
    unsigned replicas;
    bool is_settled;

    /* Services */
    struct observed_port ports[KUBERNETES_PORTS_MAX];
    size_t port_count;

    /* Nodes */
    uint64_t cpus_nano, memory_bytes;
    bool is_usable, is_external; /* takes copies; its addresses are reached from outside */
};

struct kubernetes_mirror {
    struct map items[KUBERNETES_KINDS]; /* TEXT_KEY -> item */
    char version[KUBERNETES_KINDS][64]; /* resourceVersion to go on from; "": list first */
    bool is_complete[KUBERNETES_KINDS]; /* was listed to its end */
    unsigned round[KUBERNETES_KINDS];
};

struct kubernetes_mirror *kubernetes_mirror_new(void) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct kubernetes_mirror *kubernetes_mirror_free(struct kubernetes_mirror *mirror);

/* A list begins: what is not put before it ends is gone. */
void kubernetes_mirror_begin(struct kubernetes_mirror *mirror, unsigned kind);
void kubernetes_mirror_end(struct kubernetes_mirror *mirror, unsigned kind);

/* What a put or a removal did to what an observation shows. */
struct kubernetes_change {
    bool matters;
    const struct kubernetes_item *item; /* NULL: not ours, passed over */
};

/*
 * Takes over an object of the API. 0, or a negative errno with `err` set: it is not what it
 * should be, or there are too many.
 */
int kubernetes_mirror_put(struct kubernetes_mirror *mirror, unsigned kind, const json_t *object,
                          struct kubernetes_change *change, struct err *err) MUST_USE;

/*
 * Whether the watch has not come as far as this object, an answer to us: what is older than
 * what the watch has told must not overwrite it. False also when that cannot be known.
 */
bool kubernetes_mirror_is_news(const struct kubernetes_mirror *mirror, unsigned kind,
                               const json_t *object);

/* Returns whether it was there. */
bool kubernetes_mirror_remove(struct kubernetes_mirror *mirror, unsigned kind,
                              const json_t *object);

/* False when it is too long to be one. */
bool kubernetes_mirror_set_version(struct kubernetes_mirror *mirror, unsigned kind,
                                   const char *version);

/* All of it as control sees it. The caller frees it. */
struct observation *kubernetes_mirror_observe(const struct kubernetes_mirror *mirror,
                                              const struct cluster *cluster) MUST_USE;

/* kubernetes_read.c: an object of the API in few words, in the arena. Outcomes as above. */
struct kubernetes_item *kubernetes_read(struct arena *arena, unsigned kind,
                                        const json_t *object, struct err *err) MUST_USE;

/*
 * "250m", "1.5Gi", "1e3" times `scale`, rounded up; values beyond 64 bits are the largest.
 * False when it is no quantity.
 */
bool kubernetes_quantity(const char *text, double scale, uint64_t *out);
