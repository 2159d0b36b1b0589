/* SPDX-License-Identifier: Apache-2.0 */
/* server/work: the queue of actions of one cluster. */
#include "control/work.h"
#include "server/call.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static struct revision revision = {.refs = 1000};

static struct action start_of(unsigned number)
{
    return (struct action){.kind = ACTION_REPLICA_START,
                           .cluster = "amber",
                           .app = "shop",
                           .service = "web",
                           .number = number,
                           .digest = "d",
                           .reason = "missing"};
}

static int add(struct work_queue *queue, unsigned number, uint64_t now_ms)
{
    struct action action = start_of(number);

    return work_queue_add(queue, &action, &revision, NULL, now_ms);
}

static void test_the_same_action_is_taken_once_until_it_was_seen_done(void **state)
{
    struct work_queue queue;

    (void)state;
    work_queue_init(&queue, NULL);
    assert_int_equal(add(&queue, 1, 0), WORK_TAKEN);
    assert_int_equal(add(&queue, 1, 0), WORK_PENDING);

    struct work *work = work_queue_begin(&queue);
    assert_int_equal(add(&queue, 1, 10), WORK_PENDING);
    work_queue_finish(&queue, work, 20, NULL);
    assert_int_equal(add(&queue, 1, 21), WORK_PENDING);

    work_queue_forget_done(&queue, 19); /* that observation began before it was done */
    assert_int_equal(add(&queue, 1, 22), WORK_PENDING);
    work_queue_forget_done(&queue, 25);
    assert_int_equal(add(&queue, 1, 30), WORK_TAKEN);
    work_queue_fini(&queue);
}

static void test_actions_begin_in_the_order_in_which_they_came(void **state)
{
    struct work_queue queue;

    (void)state;
    work_queue_init(&queue, NULL);
    for (unsigned number = 1; number <= 3; number++)
        assert_int_equal(add(&queue, number, 0), WORK_TAKEN);
    for (unsigned number = 1; number <= 3; number++)
        assert_int_equal(work_queue_begin(&queue)->action.number, number);
    assert_null(work_queue_begin(&queue));
    assert_int_equal(work_queue_count_pending(&queue, "shop"), 3);
    assert_int_equal(work_queue_count_pending(&queue, "other"), 0);
    work_queue_fini(&queue);
}

static void test_what_failed_is_tried_again_after_waits_that_double_up_to_a_minute(void **state)
{
    struct err err = {.code = -EIO, .text = "no such image"};
    struct work_queue queue;
    uint64_t now = 0, expected = 1000;

    (void)state;
    work_queue_init(&queue, NULL);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(add(&queue, 1, now), WORK_TAKEN);
        work_queue_finish(&queue, work_queue_begin(&queue), now, &err);
        assert_string_equal(work_queue_error(&queue, "shop"), "no such image");
        assert_int_equal(work_queue_retry_due(&queue), now + expected);
        assert_int_equal(add(&queue, 1, now + expected - 1), WORK_LATER);
        assert_null(work_queue_take_retry(&queue, now + expected - 1));
        now += expected;
        assert_string_equal(work_queue_take_retry(&queue, now), "shop");
        assert_null(work_queue_take_retry(&queue, now));
        expected = expected * 2 < 60000 ? expected * 2 : 60000;
    }
    work_queue_fini(&queue);
}

static void test_a_new_revision_does_not_wait_for_the_failure_of_an_old_one(void **state)
{
    struct err err = {.code = -EIO, .text = "no such image"};
    struct revision next = {.refs = 1000};
    struct action action = start_of(1);
    struct work_queue queue;

    (void)state;
    work_queue_init(&queue, NULL);
    assert_int_equal(add(&queue, 1, 0), WORK_TAKEN);
    work_queue_finish(&queue, work_queue_begin(&queue), 0, &err);
    assert_int_equal(add(&queue, 1, 1), WORK_LATER);
    assert_int_equal(work_queue_add(&queue, &action, &next, NULL, 1), WORK_TAKEN);
    work_queue_fini(&queue);
}

static void test_an_old_failure_is_forgotten(void **state)
{
    struct err err = {.code = -EIO, .text = "no such image"};
    struct work_queue queue;

    (void)state;
    work_queue_init(&queue, NULL);
    assert_int_equal(add(&queue, 1, 0), WORK_TAKEN);
    work_queue_finish(&queue, work_queue_begin(&queue), 0, &err);
    work_queue_forget_done(&queue, 60000);
    assert_non_null(work_queue_error(&queue, "shop"));
    work_queue_forget_done(&queue, 61000);
    assert_null(work_queue_error(&queue, "shop"));
    work_queue_fini(&queue);
}

/* Its reply may have been lost after the deed: whoever takes the app down must look again. */
static void test_a_failed_action_is_pending_until_a_later_observation(void **state)
{
    struct err err = {.code = -EIO, .text = "connection reset"};
    struct work_queue queue;

    (void)state;
    work_queue_init(&queue, NULL);
    assert_int_equal(add(&queue, 1, 0), WORK_TAKEN);
    work_queue_finish(&queue, work_queue_begin(&queue), 20, &err);
    assert_int_equal(work_queue_count_pending(&queue, "shop"), 1);
    work_queue_forget_done(&queue, 19); /* that one began before */
    assert_int_equal(work_queue_count_pending(&queue, "shop"), 1);
    work_queue_forget_done(&queue, 25);
    assert_int_equal(work_queue_count_pending(&queue, "shop"), 0);
    work_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_action_is_taken_once_until_it_was_seen_done),
        cmocka_unit_test(test_actions_begin_in_the_order_in_which_they_came),
        cmocka_unit_test(
            test_what_failed_is_tried_again_after_waits_that_double_up_to_a_minute),
        cmocka_unit_test(test_a_new_revision_does_not_wait_for_the_failure_of_an_old_one),
        cmocka_unit_test(test_an_old_failure_is_forgotten),
        cmocka_unit_test(test_a_failed_action_is_pending_until_a_later_observation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
