/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers queries by TCP (RFC 7766): many on one connection, also sent without waiting for the
 * answers. Allocates only in tcp_new.
 *
 * One worker's. No client can hurt another: a connection that does nothing useful for
 * TCP_IDLE_MS is closed, a client that opens too many closes its own oldest ones, and when all
 * places are taken the one that has been idle for longest goes.
 */
#pragma once

#include "base/attr.h"
#include "base/random.h"
#include "dns/authority.h"
#include "dns/counters.h"

#include <stddef.h>
#include <stdint.h>

/* A query must be whole, and its answer taken, this long after the one before it. */
#define TCP_IDLE_MS 10000

/* Connections of one client (an IPv4 address, an IPv6 /64), of all that there is room for. */
#define TCP_CLIENT_SHARE 8

struct tcp;

/* `epoll` gets events of connections with their number, plus `data_base`, as data. */
struct tcp *tcp_new(int epoll, uint64_t data_base, size_t connections_max,
                    struct random *random, struct counters *counters) MUST_USE;

/* Closes all connections. Accepts NULL. Returns NULL. */
struct tcp *tcp_free(struct tcp *tcp);

/* Takes in who has connected. */
void tcp_accept(struct tcp *tcp, int listener, uint64_t now_ms);

/* An event of connection `number`: reads, answers, writes what can be without waiting. */
void tcp_serve(struct tcp *tcp, uint64_t number, const struct authority *authority,
               uint64_t now_ms);

/* Closes what has been idle for too long. */
void tcp_expire(struct tcp *tcp, uint64_t now_ms);

/* When tcp_expire should be called next; -1: there is no connection. */
int tcp_timeout_ms(const struct tcp *tcp);
