/* SPDX-License-Identifier: Apache-2.0 */
/* steer/changes: what one table has that the one before had not. */
#include "steer/changes.h"
#include "steer_world.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 512

/* The changes from one world to the next as text: "a.test verdict .10; a.test answers 2". */
static const char *changes_text(struct world *before, struct world *after, char *out)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    SCOPED(table_freep) struct table *old = before ? world_decide(before) : NULL;
    SCOPED(table_freep) struct table *new = world_decide(after);
    struct changes changes = changes_find(arena, old, new);
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < changes.count; i++) {
        const struct change *change = &changes.items[i];
        const char *cause = change->endpoint ? change->endpoint->address + 7 : "";

        assert_true(len < TEXT_SIZE - 64);
        if (change->kind == CHANGE_VERDICT)
            len += (size_t)snprintf(out + len, TEXT_SIZE - len, "%s verdict %s; ",
                                    change->name->name, cause);
        else
            len += (size_t)snprintf(
                out + len, TEXT_SIZE - len, "%s answers %zu%s%s; ", change->name->name,
                change->is_gone ? 0 : change->name->a.count, *cause ? " by " : "", cause);
    }
    return out;
}

static void check(struct world *before, struct world *after, const char *expected)
{
    char text[TEXT_SIZE];

    assert_string_equal(changes_text(before, after, text), expected);
}

static void test_nothing_changes_from_a_table_to_itself(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "a.test", "-u -d -?");
    world_add(&w, "b.test", "+u");
    check(&w, &w, "");
}

static void test_a_fall_changes_a_verdict_and_the_answers(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u -u -u");
    world_add(&after, "a.test", "-u -d -u");
    check(&before, &after, "a.test verdict .11; a.test answers 2 by .11; ");
    check(&after, &before, "a.test verdict .11; a.test answers 3 by .11; ");
}

static void test_one_address_for_another_is_a_change_too(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u -d");
    world_add(&after, "a.test", "-d -u");
    check(&before, &after, "a.test verdict .10; a.test verdict .11; a.test answers 1 by .10; ");
}

static void test_a_verdict_about_what_is_not_answered_changes_no_answer(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u -?");
    world_add(&after, "a.test", "-u -d");
    check(&before, &after, "a.test verdict .11; ");
}

static void test_weights_alone_are_no_change(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u");
    world_add(&after, "a.test", "-u");
    after.endpoints[0].weight = 9;
    check(&before, &after, "");
}

static void test_new_and_gone_names_and_endpoints_are_changes(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u");
    world_add(&before, "c.test", "-u -u");
    world_add(&before, "e.test", "");
    world_add(&before, "f.test", "-u");
    world_add(&after, "b.test", "-?");
    world_add(&after, "c.test", "-u");
    world_add(&after, "d.test", "");
    check(NULL, &before,
          "a.test verdict .10; a.test answers 1 by .10; c.test verdict .11; "
          "c.test verdict .12; c.test answers 2 by .11; f.test verdict .13; "
          "f.test answers 1 by .13; ");
    check(&before, &after,
          "a.test answers 0; b.test answers 1; c.test answers 1; f.test answers 0; ");
}

static void test_ports_tell_endpoints_apart(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u -u");
    world_add(&after, "a.test", "-u -d");
    for (size_t i = 0; i < 2; i++) {
        before.endpoints[i].address = after.endpoints[i].address = before.addresses[0];
        before.endpoints[i].port = after.endpoints[i].port = (uint16_t)(80 + i);
    }
    check(&before, &after, "a.test verdict .10; ");
}

static void test_a_newcomer_in_front_is_told_from_who_was_there(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u");
    world_add(&after, "a.test", "-u -u");
    before.endpoints[0].address = after.addresses[1];
    check(&before, &after, "a.test verdict .10; a.test answers 2 by .10; ");
}

static void test_ipv6_answers_count(void **state)
{
    struct world before, after;

    (void)state;
    world_init(&before);
    world_init(&after);
    world_add(&before, "a.test", "-u -u");
    world_add(&after, "a.test", "-u -d");
    before.endpoints[1].address = after.endpoints[1].address = "2001:db8::1";
    check(&before, &after, "a.test verdict 8::1; a.test answers 1 by 8::1; ");
    world_init(&after);
    check(&before, &after, "a.test answers 0; ");
    before.pointers[0] = NULL;
    world_add(&after, "b.test", "");
    check(&before, &after, "a.test answers 0; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changes_from_a_table_to_itself),
        cmocka_unit_test(test_a_fall_changes_a_verdict_and_the_answers),
        cmocka_unit_test(test_one_address_for_another_is_a_change_too),
        cmocka_unit_test(test_a_verdict_about_what_is_not_answered_changes_no_answer),
        cmocka_unit_test(test_weights_alone_are_no_change),
        cmocka_unit_test(test_new_and_gone_names_and_endpoints_are_changes),
        cmocka_unit_test(test_ports_tell_endpoints_apart),
        cmocka_unit_test(test_a_newcomer_in_front_is_told_from_who_was_there),
        cmocka_unit_test(test_ipv6_answers_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
