/* SPDX-License-Identifier: Apache-2.0 */
/* Repeatable pseudo-random numbers from a seed: jitter, weighted picks, property tests. */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state;
};

void random_init(struct random *random, uint64_t seed);

uint64_t random_u64(struct random *random);

/* Uniform in [0, limit). `limit` >= 1. */
uint32_t random_below(struct random *random, uint32_t limit);

/* A seed from the system, for production. */
uint64_t random_seed(void);
