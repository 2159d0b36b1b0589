/* SPDX-License-Identifier: Apache-2.0 */
/* sim/: control keeps its promises through a storm of faults, whatever the seed. */
#include "base/number.h"
#include "sim/world.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every run of the tests can afford; SEEDS and HOURS ask for more, SEED for one in words.
 */
#define SEEDS 100
#define HOURS 1

static void on_note(void *ctx, uint64_t at_ms, const char *text)
{
    (void)ctx;
    print_message("# %10.3f s  %s\n", (double)at_ms / 1000, text);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    uint64_t number = otherwise;

    if (text)
        assert_int_equal(number_read(text, strlen(text), 1, UINT32_MAX, &number), 0);
    return number;
}

static bool run(uint64_t seed, bool is_loud)
{
    struct world_options options = {.seed = seed,
                                    .hours = (unsigned)number_of("HOURS", HOURS),
                                    .on_note = is_loud ? on_note : NULL};
    struct world *world = world_new(&options);
    bool kept = world_run(world);
    uint64_t at_ms;
    const char *broken = world_broken(world, &at_ms);

    if (!kept)
        print_message("# SEED=%" PRIu64 " at %.3f s: %s\n", seed, (double)at_ms / 1000, broken);
    (void)world_free(world);
    return kept;
}

static void test_no_seed_breaks_a_promise(void **state)
{
    uint64_t only = number_of("SEED", 0), seeds = number_of("SEEDS", SEEDS);
    unsigned broken = 0;

    (void)state;
    if (only) {
        assert_true(run(only, true));
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++)
        broken += !run(seed, false);
    assert_int_equal(broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_seed_breaks_a_promise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
