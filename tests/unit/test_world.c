/* SPDX-License-Identifier: Apache-2.0 */
/* sim/: control keeps its promises through a storm of faults, whatever the seed. */
#include "sim/world.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS 100

static void on_note(void *ctx, uint64_t at_ms, const char *text)
{
    (void)ctx;
    print_message("# %10.3f s  %s\n", (double)at_ms / 1000, text);
}

static bool run(uint64_t seed, bool is_loud)
{
    struct world_options options = {.seed = seed, .on_note = is_loud ? on_note : NULL};
    struct world *world = world_new(&options);
    bool kept = world_run(world);
    uint64_t at_ms;
    const char *broken = world_broken(world, &at_ms);

    if (!kept)
        print_message("# seed %" PRIu64 " at %.3f s: %s\n", seed, (double)at_ms / 1000, broken);
    (void)world_free(world);
    return kept;
}

static void test_no_seed_breaks_a_promise(void **state)
{
    const char *only = getenv("SEED");
    unsigned broken = 0;

    (void)state;
    if (only) {
        assert_true(run(strtoull(only, NULL, 10), true));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
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
