/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what is answered right: takes intents, follows the probes and the time, publishes a
 * new table to the DNS workers whenever one of them changes it.
 *
 * steer/ decides, this acts. Belongs to one loop.
 */
#pragma once

#include "api/feed.h"
#include "base/attr.h"
#include "dns/server.h"
#include "health/prober.h"
#include "steer/steer.h"

#include <uv.h>

struct helm;

struct helm_options {
    struct dns_server *dns;   /* may be exchanged later; outlives the helm */
    struct feed *events;      /* outlives the helm */
    size_t probe_sockets_max; /* at the same time */
};

struct helm *helm_new(uv_loop_t *loop, const struct helm_options *options) MUST_USE;

/* Accepts NULL. Returns NULL. The loop must run once more. */
struct helm *helm_free(struct helm *helm);

/* Follows the intent if it is newer than what is there: takes it over and leaves NULL. */
enum steer_offer helm_offer(struct helm *helm, struct intent **intent);

/* Publishes to this server from now on, and at once what is known; NULL: to none. */
void helm_set_dns(struct helm *helm, struct dns_server *dns);

/* NULL before the first intent. Valid until the loop goes on. */
const struct intent *helm_intent(const struct helm *helm);
const struct table *helm_table(const struct helm *helm);

void helm_stats(const struct helm *helm, struct prober_stats *out);
