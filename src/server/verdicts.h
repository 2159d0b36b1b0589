/* SPDX-License-Identifier: Apache-2.0 */
/* What the nameserver says of endpoints: out of its table, then out of its events. */
#pragma once

#include "base/map.h"
#include "control/decide.h"

#include <jansson.h>

struct verdicts {
    struct map known; /* key (the value's) -> struct known */
};

void verdicts_init(struct verdicts *verdicts);
void verdicts_fini(struct verdicts *verdicts);
void verdicts_clear(struct verdicts *verdicts);

/*
 * Replaces all by what a table says. Of two names that share an endpoint the first one's probe
 * speaks for both.
 */
void verdicts_read_table(struct verdicts *verdicts, const json_t *table);

/* An event of kind verdict. */
void verdicts_read_event(struct verdicts *verdicts, const json_t *event);

/* REPLICA_ENDPOINT_UNKNOWN where nothing was said. */
enum replica_endpoint verdicts_find(const struct verdicts *verdicts, const char *address,
                                    unsigned port);
