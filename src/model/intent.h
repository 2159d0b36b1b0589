/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intent that control hands to steering: names, endpoints, weights, probes.
 *
 * An older generation never replaces a newer one. intent_json carries it; everything belongs
 * to intent->arena.
 */
#pragma once

#include "base/arena.h"
#include "model/app.h"
#include "model/strings.h"

#include <stdbool.h>
#include <stdint.h>

#define INTENT_NAMES_MAX     200000
#define INTENT_ENDPOINTS_MAX 1000 /* of one name */

enum pin { PIN_NONE, PIN_UP, PIN_DOWN };

/* Address and port where clients reach a service in a cluster. */
struct endpoint {
    const char *address; /* IPv4 or IPv6 text */
    uint16_t port;
    const char *cluster, *region, *provider;
    unsigned weight; /* >= 1; relative */
    enum pin pin;    /* control knows better than the probes */
};

struct intent_name {
    const char *name; /* "shop.example.test", lower case, no final dot */
    const char *app, *service;
    unsigned ttl_s;
    struct probe probe;         /* kind is never PROBE_NONE unless every endpoint is pinned */
    struct endpoint *endpoints; /* sorted by address, port */
    size_t endpoint_count;
};

struct intent {
    struct arena *arena;
    unsigned shares; /* owners beside the first one, all of the same thread */
    uint64_t generation;
    const char *zone;           /* "example.test" */
    struct strings nameservers; /* NS names, never empty */
    struct intent_name *names;  /* sorted by name, unique */
    size_t name_count;
};

/* Makes one more owner, who calls intent_free as well. Returns `intent`. */
struct intent *intent_share(struct intent *intent);

/* Accepts NULL. Returns NULL. The last owner releases it. */
struct intent *intent_free(struct intent *intent);
void intent_freep(struct intent **intent);
