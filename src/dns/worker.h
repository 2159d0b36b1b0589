/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread of the nameserver: sockets of its own on every address, and a loop that waits for
 * them. Shares nothing that changes with the others but the handover.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "dns/counters.h"
#include "dns/handover.h"
#include "dns/listen.h"

#include <stddef.h>

struct worker;

struct worker_options {
    const struct listen_address *addresses;
    size_t address_count;
    struct handover *handover; /* of authorities */
    size_t reader;             /* this worker's number there */
    size_t connections_max;
    int stop; /* becomes readable, and stays so, when all workers are to end */
};

/* Binds the sockets. Options are copied; what they point to outlives the worker. */
int worker_new(struct worker **out, const struct worker_options *options,
               struct err *err) MUST_USE;

int worker_start(struct worker *worker, struct err *err) MUST_USE;

/* Waits for the thread, which ends when `stop` is readable. Accepts NULL. Returns NULL. */
struct worker *worker_free(struct worker *worker);

const struct counters *worker_counters(const struct worker *worker);
