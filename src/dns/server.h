/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nameserver's sockets and threads: answers on UDP and TCP from the latest table.
 *
 * Workers share nothing that changes but the pointer to the table. All functions are for one
 * thread, the owner's.
 */
#pragma once

#include "base/err.h"
#include "dns/counters.h"
#include "model/strings.h"
#include "steer/table.h"

#include <stdint.h>

#define DNS_LISTEN_MAX  16 /* addresses */
#define DNS_WORKERS_MAX 64

struct dns_server;

struct dns_server_options {
    struct strings
        listen;       /* "127.0.0.1:5353", "[::1]:5353", "0.0.0.0:53"; 1 to DNS_LISTEN_MAX */
    unsigned workers; /* 0: one per core that this process may use */
};

/* Sums over all workers, from their start; indexed by enum dns_counter of dns/counters.h. */
struct dns_counters {
    uint64_t of[DNS_COUNTERS];
};

/*
 * Binds every address and starts the workers. Until the first table is published every query
 * is answered with SERVFAIL. -EADDRINUSE when somebody else has an address, -EINVAL for what
 * is none; `err` names it.
 */
int dns_server_open(struct dns_server **out, const struct dns_server_options *options,
                    struct err *err) MUST_USE;

/* Stops the workers and frees what was published. Accepts NULL. Returns NULL. */
struct dns_server *dns_server_close(struct dns_server *server);
void dns_server_closep(struct dns_server **server);

/*
 * Answers from this table from now on; takes a sealed table and frees it when it was replaced
 * and no worker reads it any more.
 */
void dns_server_publish(struct dns_server *server, struct table *table);

/* The latest table, NULL before the first: for the owner's thread, until it publishes again. */
const struct table *dns_server_table(const struct dns_server *server);

/* Frees replaced tables that no worker reads any more; publishing does that, too. */
void dns_server_reclaim(struct dns_server *server);

void dns_server_counters(const struct dns_server *server, struct dns_counters *out);
