/* SPDX-License-Identifier: Apache-2.0 */
/* Failure domains: cluster inside region inside provider. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

enum domain_level { DOMAIN_CLUSTER, DOMAIN_REGION, DOMAIN_PROVIDER };
#define DOMAIN_LEVELS 3

/* "cluster", "region", "provider". */
const char *domain_level_name(enum domain_level level);

/* How many domains of each level a service must survive losing, each level by itself. */
struct survive {
    unsigned count[DOMAIN_LEVELS]; /* indexed by enum domain_level; 0: not asked for */
};

bool survive_is_empty(const struct survive *survive);
