/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a plan's promise would hold: many years of losses, drawn from rates, against the
 * placement as it stands. Nobody moves anything meanwhile, so this is a lower bound. Pure; the
 * same seed gives the same years.
 */
#pragma once

#include "base/attr.h"
#include "model/fleet.h"
#include "model/plan.h"

#include <stdint.h>

#define ODDS_YEARS_MAX    1000000u
#define ODDS_PER_YEAR_MAX 10000.0 /* losses of one domain */
#define ODDS_HOURS_MAX    8760.0  /* of one loss, on average */

/* One domain of a level, by itself: times between losses and lengths are exponential. */
struct odds_rate {
    double per_year; /* losses; 0: never */
    double hours;    /* how long one lasts, on average */
};

struct odds_input {
    const struct plan *plan;
    const struct fleet *fleet;
    struct odds_rate rates[DOMAIN_LEVELS]; /* indexed by enum domain_level */
    unsigned years;                        /* 1 to ODDS_YEARS_MAX */
    uint64_t seed;
};

struct odds_service {
    const char *name; /* the plan's */
    unsigned needed;
    double short_hours; /* a year with fewer than needed */
    double dark_hours;  /* a year with none at all */
    double falls;       /* a year: how often it began to be short */
};

struct odds {
    struct arena *arena;
    struct odds_service *services; /* in the plan's order */
    size_t count;
    double short_hours; /* of all services in sum but the pinned ones, which no place helps */
};

struct odds *odds_make(const struct odds_input *input) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct odds *odds_free(struct odds *odds);
void odds_freep(struct odds **odds);

/* Replicas of the service that are left when the domain is gone. */
unsigned odds_left(const struct plan_service *service, const struct fleet *fleet,
                   enum domain_level level, const char *domain);
