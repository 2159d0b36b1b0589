/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include "base/clock.h"

#include <assert.h>
#include <sys/random.h>

void random_init(struct random *random, uint64_t seed)
{
    random->state = seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014): one add, two multiplies, no bad seeds. */
uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
    assert(limit >= 1);

    return (uint32_t)(((random_u64(random) >> 32) * limit) >> 32);
}

uint64_t random_seed(void)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = clock_monotonic_ms(); /* early boot only; jitter needs no secrecy */
    return seed;
}
