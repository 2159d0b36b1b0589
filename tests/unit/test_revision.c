/* SPDX-License-Identifier: Apache-2.0 */
/* control/revision: what copies are made from, and when that changes. */
#include "control/revision.h"
#include "unit.h"

#include <string.h>

/* db <- api <- web: each depends on the one before. */
struct world {
    struct service services[3];
    struct dependency on_db, on_api;
    struct app app;
};

static void world_init(struct world *w, bool restart)
{
    *w = (struct world){
        .on_db = {.service = "db", .required = true, .restart = restart},
        .on_api = {.service = "api", .required = true, .restart = restart},
    };
    w->services[0] = (struct service){
        .name = "api", .image = "api:1", .dependencies = &w->on_db, .dependency_count = 1};
    w->services[1] = (struct service){.name = "db", .image = "db:1"};
    w->services[2] = (struct service){
        .name = "web", .image = "web:1", .dependencies = &w->on_api, .dependency_count = 1};
    w->app = (struct app){.name = "shop", .services = w->services, .service_count = 3};
}

/* Which of the digests change when the image of db does: a set of 1 << service. */
static unsigned changed_with_db(bool restart)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct world w;
    unsigned changed = 0;

    world_init(&w, restart);
    const char **before = revision_digests(arena, &w.app);
    w.services[1].image = "db:2";
    const char **after = revision_digests(arena, &w.app);
    for (unsigned s = 0; s < 3; s++) {
        assert_int_equal(strlen(before[s]), 64);
        changed |= (unsigned)(strcmp(before[s], after[s]) != 0) << s;
    }
    return changed;
}

static void test_a_service_changes_with_what_it_is_restarted_with(void **state)
{
    (void)state;
    assert_int_equal(changed_with_db(true), 7);
}

static void test_a_plain_dependency_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(changed_with_db(false), 2);
}

static void test_a_circle_ends(void **state)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct world w;

    (void)state;
    world_init(&w, true);
    w.on_db.service = "web"; /* files with circles are refused; this must end nevertheless */
    const char **digests = revision_digests(arena, &w.app);
    for (unsigned s = 0; s < 3; s++)
        assert_non_null(digests[s]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_service_changes_with_what_it_is_restarted_with),
        cmocka_unit_test(test_a_plain_dependency_changes_nothing),
        cmocka_unit_test(test_a_circle_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
