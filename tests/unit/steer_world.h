/* SPDX-License-Identifier: Apache-2.0 */
/* Intents and findings from short lines, for the tests of steer/steer and steer/changes. */
#pragma once

#include "steer/steer.h"

#include <stdio.h>
#include <string.h>

#define WORLD_ENDPOINTS_MAX 16
#define WORLD_NAMES_MAX     4
#define WORLD_NOW_MS        UINT64_C(1000000)

struct world {
    struct intent intent;
    struct intent_name names[WORLD_NAMES_MAX];
    struct endpoint endpoints[WORLD_ENDPOINTS_MAX];
    char addresses[WORLD_ENDPOINTS_MAX][16];
    struct finding findings[WORLD_ENDPOINTS_MAX];
    const struct finding *pointers[WORLD_ENDPOINTS_MAX];
    size_t endpoint_count;
    const char *nameserver;
    uint64_t now_ms, next_ms;
    uint32_t serial;
};

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->nameserver = "ns1.example.test";
    w->intent = (struct intent){.generation = 7,
                                .zone = "example.test",
                                .nameservers = {.items = &w->nameserver, .count = 1},
                                .names = w->names};
    w->now_ms = WORLD_NOW_MS;
    w->serial = 1;
}

/*
 * Adds a name; each endpoint is two letters, its pin and its verdict: "-u" is not pinned and
 * up,
 * "+d" is pinned up and down, "_?" is pinned down and unknown, "-." has no finding at all.
 */
static inline void world_add(struct world *w, const char *name, const char *endpoints)
{
    struct intent_name *out = &w->names[w->intent.name_count++];

    *out = (struct intent_name){.name = name,
                                .app = "shop",
                                .service = "web",
                                .ttl_s = 5,
                                .endpoints = &w->endpoints[w->endpoint_count]};
    for (; *endpoints; endpoints += *endpoints == ' ' ? 1 : 0) {
        size_t i = w->endpoint_count++;

        (void)snprintf(w->addresses[i], sizeof(w->addresses[i]), "192.0.2.%zu", 10 + i);
        w->endpoints[i] = (struct endpoint){.address = w->addresses[i],
                                            .port = 80,
                                            .cluster = "amber-1",
                                            .region = "north",
                                            .provider = "amber",
                                            .weight = 1,
                                            .pin = endpoints[0] == '+'   ? PIN_UP
                                                   : endpoints[0] == '_' ? PIN_DOWN
                                                                         : PIN_NONE};
        w->findings[i] = (struct finding){.state = endpoints[1] == 'u'   ? VERDICT_UP
                                                   : endpoints[1] == 'd' ? VERDICT_DOWN
                                                                         : VERDICT_UNKNOWN,
                                          .since_ms = 5,
                                          .why = "HTTP 503"};
        w->pointers[i] = endpoints[1] == '.' ? NULL : &w->findings[i];
        out->endpoint_count++;
        endpoints += 2;
    }
}

static inline struct table *world_decide(struct world *w)
{
    struct steer_input input = {.intent = &w->intent,
                                .findings = w->pointers,
                                .now_ms = w->now_ms,
                                .serial = w->serial};

    return steer_make(&input, &w->next_ms);
}
