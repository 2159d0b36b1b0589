/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steering table: name -> healthy endpoints with weights. What DNS answers are made from.
 *
 * Immutable once sealed, so that any number of threads read it without a lock; everything
 * belongs to its arena. Pure. steer/ makes it from the intent, the verdicts and the time;
 * dns/ reads it.
 */
#pragma once

#include "base/arena.h"
#include "base/random.h"
#include "model/domain.h"
#include "model/intent.h"
#include "model/strings.h"
#include "model/verdict.h"

#include <stdbool.h>
#include <stdint.h>

/* More than four addresses help no client, and fit no answer that is safe from fragments. */
#define TABLE_ANSWER_MAX 4

struct table_endpoint {
    const char *address; /* IPv4 or IPv6 text */
    uint16_t port;
    const char *cluster, *region, *provider;
    enum verdict_state verdict;
    enum pin pin;
    int64_t since_ms; /* wall time of the verdict */
    unsigned weight;  /* what it is answered with now; 0: not answered */
    const char *why;  /* "up", "up; slow start: 40 %", "down: HTTP 503", "pinned down" */

    /* Made by table_seal from `address`. */
    bool is_ipv6;
    uint8_t ip[16]; /* network order; the first 4 bytes for IPv4 */
};

/* The candidates of a failure domain are neighbours: those from `begin` up to before `end`. */
struct table_range {
    uint32_t begin, end;
};

/*
 * One address that may be answered. Endpoints of the same address (several ports) are one
 * candidate with the sum of their weights and the failure domains of the first of them.
 */
struct table_candidate {
    uint8_t ip[16];
    uint64_t before;                           /* the weights of all candidates before it */
    uint32_t weight;                           /* >= 1 */
    struct table_range domains[DOMAIN_LEVELS]; /* its cluster, region and provider */
};

struct table_family {                         /* A or AAAA */
    const struct table_candidate *candidates; /* by provider, region, cluster, address */
    size_t count;
    uint64_t weight_sum;
};

struct table_name {
    const char *name; /* "shop.example.test", lower case, no final dot */
    const char *app, *service;
    unsigned ttl_s;
    bool fail_open;                   /* every endpoint looks down: all are answered */
    struct table_endpoint *endpoints; /* all, sorted by address as in the intent */
    size_t endpoint_count;

    /* Made by table_seal from the endpoints whose weight is not 0. */
    struct table_family a, aaaa;
};

struct table {
    struct arena *arena;
    uint64_t generation;        /* of the intent */
    uint32_t serial;            /* SOA serial: grows with each table (RFC 1982) */
    const char *zone;           /* "example.test" */
    struct strings nameservers; /* NS names, never empty */
    struct table_name *names;   /* sorted by name, unique */
    size_t name_count;
};

/*
 * An empty table with zeroed room for `name_count` names. The caller fills in names and
 * endpoints (text and arrays in table->arena, or of a longer life), then calls table_seal.
 */
struct table *table_new(size_t name_count) MUST_USE;

/* Room for the endpoints of a name, zeroed. */
void table_endpoints_new(struct table *table, struct table_name *name, size_t endpoint_count);

/*
 * Makes the candidates of every name; from now on nobody writes to the table. An address that
 * is neither IPv4 nor IPv6 is a bug of the caller: the intent was checked.
 */
void table_seal(struct table *table);

/* Accepts NULL. Returns NULL. */
struct table *table_free(struct table *table);
void table_freep(struct table **table);

/* NULL when there is no such name. Binary search: DNS answers find their names in dns/. */
const struct table_name *table_find(const struct table *table, const char *name);

/*
 * Picks up to TABLE_ANSWER_MAX different addresses and returns how many: the first drawn by
 * weight, each other one by weight among those farthest from the ones before it (another
 * provider, else another region, else another cluster, else anything).
 */
size_t table_pick(const struct table_family *family, struct random *random,
                  const struct table_candidate *out[TABLE_ANSWER_MAX]);
