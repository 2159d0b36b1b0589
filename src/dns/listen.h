/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that a nameserver listens on, and its sockets there. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "dns/authority.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct listen_address {
    const char *text; /* "127.0.0.1:5353", the caller's */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len;
    bool is_wildcard; /* answers must leave from the address that was asked */
};

/* -EINVAL when it is not "IPv4:PORT" or "[IPv6]:PORT". */
int listen_parse(struct listen_address *out, const char *text, struct err *err) MUST_USE;

/*
 * Sockets bind with SO_REUSEPORT, one per worker; so the kernel would let a second nameserver
 * in unseen and give it half of the queries. -EADDRINUSE when somebody has the address.
 */
int listen_check_free(const struct listen_address *address, struct err *err) MUST_USE;

/* Return a descriptor that does not block. */
int listen_udp(const struct listen_address *address, struct err *err) MUST_USE;
int listen_tcp(const struct listen_address *address, struct err *err) MUST_USE;

/*
 * The addresses that may be told to clients as the nameserver's: no wildcards and link-local
 * ones, and those of the loopback only if there are no others. Returns how many; `out` has room
 * for all.
 */
size_t listen_public(const struct listen_address *addresses, size_t count,
                     struct authority_address *out);
