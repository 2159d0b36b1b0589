/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/counters.h"

#include <assert.h>

const char *dns_counter_name(enum dns_counter counter)
{
    static const char *const names[DNS_COUNTERS] = {
        [DNS_UDP_QUERIES] = "udp_queries",
        [DNS_TCP_QUERIES] = "tcp_queries",
        [DNS_DROPPED] = "dropped",
        [DNS_SEND_FAILED] = "send_failed",
        [DNS_NOERROR] = "noerror",
        [DNS_NXDOMAIN] = "nxdomain",
        [DNS_REFUSED] = "refused",
        [DNS_FORMERR] = "formerr",
        [DNS_NOTIMP] = "notimp",
        [DNS_SERVFAIL] = "servfail",
        [DNS_BADVERS] = "badvers",
        [DNS_TRUNCATED] = "truncated",
        [DNS_TCP_ACCEPTED] = "tcp_accepted",
        [DNS_TCP_CLOSED] = "tcp_closed",
        [DNS_TCP_TIMED_OUT] = "tcp_timed_out",
        [DNS_TCP_EVICTED] = "tcp_evicted",
    };

    assert(counter < DNS_COUNTERS);
    return names[counter];
}

static enum dns_counter counter_of(enum wire_rcode rcode)
{
    switch (rcode) {
    case WIRE_FORMERR:
        return DNS_FORMERR;
    case WIRE_SERVFAIL:
        return DNS_SERVFAIL;
    case WIRE_NXDOMAIN:
        return DNS_NXDOMAIN;
    case WIRE_NOTIMP:
        return DNS_NOTIMP;
    case WIRE_REFUSED:
        return DNS_REFUSED;
    case WIRE_BADVERS:
        return DNS_BADVERS;
    case WIRE_NOERROR:
    default:
        return DNS_NOERROR;
    }
}

void counters_add_answer(struct counters *counters, const struct answer_note *note)
{
    counters_add(counters, counter_of(note->rcode), 1);
    if (note->is_truncated)
        counters_add(counters, DNS_TRUNCATED, 1);
}
