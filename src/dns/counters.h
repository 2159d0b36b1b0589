/* SPDX-License-Identifier: Apache-2.0 */
/* What a nameserver counts. Each worker writes its own counters, anybody may read them. */
#pragma once

#include "dns/answer.h"

#include <stdatomic.h>
#include <stdint.h>

enum dns_counter {
    DNS_UDP_QUERIES, /* messages that came in */
    DNS_TCP_QUERIES,
    DNS_DROPPED,     /* not answered: too short, too long, a reply itself, from port 0 */
    DNS_SEND_FAILED, /* answers that the kernel did not take */
    DNS_NOERROR,     /* answers by rcode */
    DNS_NXDOMAIN,
    DNS_REFUSED,
    DNS_FORMERR,
    DNS_NOTIMP,
    DNS_SERVFAIL,
    DNS_BADVERS,
    DNS_TRUNCATED,     /* answers with TC */
    DNS_TCP_ACCEPTED,  /* connections */
    DNS_TCP_CLOSED,    /* all of them, also by the client */
    DNS_TCP_TIMED_OUT, /* closed: idle or slow */
    DNS_TCP_EVICTED,   /* closed to make room */
    DNS_COUNTERS,
};

/* "udp_queries", ... */
const char *dns_counter_name(enum dns_counter counter);

struct counters {
    _Atomic(uint64_t) of[DNS_COUNTERS];
};

/* Only one thread adds, so there is nothing to lock: a load and a store. */
static inline void counters_add(struct counters *counters, enum dns_counter counter,
                                uint64_t count)
{
    uint64_t before = atomic_load_explicit(&counters->of[counter], memory_order_relaxed);

    atomic_store_explicit(&counters->of[counter], before + count, memory_order_relaxed);
}

static inline uint64_t counters_get(const struct counters *counters, enum dns_counter counter)
{
    return atomic_load_explicit(&counters->of[counter], memory_order_relaxed);
}

/* Counts an answer by what became of it. */
void counters_add_answer(struct counters *counters, const struct answer_note *note);
