/* SPDX-License-Identifier: Apache-2.0 */
/* driver/keys: what a driver would not honour is told, key by key. */
#include "driver/driver.h"
#include "driver/keys.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static bool uses_restart(const struct service *service)
{
    return service->restart == RESTART_ON_FAILURE;
}

static bool uses_cpus(const struct service *service)
{
    return service->cpus_limit_nano != 0;
}

static const struct driver_gap gaps[] = {
    {"restart", "it restarts always", uses_restart},
    {"deploy.resources", "it has no limits", uses_cpus},
    {NULL, NULL, NULL},
};

static void note(void *ctx, const struct service *service, const struct driver_gap *gap)
{
    char *text = ctx;
    size_t len = strlen(text);

    (void)snprintf(text + len, 200 - len, "%s.%s: %s\n", service->name, gap->key, gap->why);
}

static void test_only_keys_that_are_used_are_told(void **state)
{
    struct service services[] = {
        {.name = "db", .restart = RESTART_ON_FAILURE, .cpus_limit_nano = 1},
        {.name = "web", .restart = RESTART_ALWAYS},
    };
    struct app app = {.services = services, .service_count = 2};
    char text[200] = "";

    (void)state;
    assert_int_equal(driver_gaps_in(gaps, &app, note, text), 2);
    assert_string_equal(text, "db.restart: it restarts always\n"
                              "db.deploy.resources: it has no limits\n");
    assert_int_equal(driver_gaps_in(NULL, &app, note, text), 0);
}

static void test_the_names_are_those_of_the_drivers(void **state)
{
    size_t count = 0;

    (void)state;
    for (; driver_names[count]; count++) {
        assert_non_null(driver_all[count]);
        assert_string_equal(driver_names[count], driver_all[count]->name);
    }
    assert_true(count > 0);
    assert_null(driver_all[count]);
}

/* A table is for people: every entry says what and why. */
static void test_every_gap_of_every_driver_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; driver_all[i]; i++)
        for (const struct driver_gap *gap = driver_all[i]->gaps; gap && gap->key; gap++) {
            assert_non_null(gap->is_used);
            assert_true(strlen(gap->why) > 10);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_keys_that_are_used_are_told),
        cmocka_unit_test(test_the_names_are_those_of_the_drivers),
        cmocka_unit_test(test_every_gap_of_every_driver_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
