/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a query to the bytes of its answer. Pure, bounded, allocates nothing.
 *
 * Authoritative only: it asks nobody and knows nothing but its zones.
 */
#pragma once

#include "base/attr.h"
#include "base/random.h"
#include "dns/authority.h"
#include "dns/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a resolver may believe that something is not there: a mistake must not live long. */
#define ANSWER_NEGATIVE_TTL_S 5

/* Room that is enough for the largest answer: 13 nameservers with the longest names. */
#define ANSWER_SIZE_MAX 4096

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

/* What became of a query, for counters and whoever limits rates. */
struct answer_note {
    enum wire_rcode rcode;
    bool is_truncated;
};

/*
 * Writes the answer to `out`, which has room for ANSWER_SIZE_MAX bytes (WIRE_UDP_SIZE_MAX for
 * UDP), and returns its length; 0: the message is not to be answered. No authority (NULL):
 * SERVFAIL.
 */
size_t answer_make(const struct authority *authority, struct random *random,
                   enum answer_transport transport, const uint8_t *message, size_t len,
                   uint8_t *out, struct answer_note *note) MUST_USE;
