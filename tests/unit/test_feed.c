/* SPDX-License-Identifier: Apache-2.0 */
/* api/feed: several listeners to one line of objects, who may leave at any time. */
#include "api/feed.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

struct listener {
    struct feed_listener *handle;
    struct listener *drops; /* leaves for it, from inside the callback */
    char heard[100];        /* the numbers, each with a space behind it */
};

static void on_line(void *ctx, const json_t *line)
{
    struct listener *listener = ctx;
    size_t used = strlen(listener->heard);

    assert_non_null(json_string_value(json_object_get(line, "at")));
    (void)snprintf(listener->heard + used, sizeof(listener->heard) - used, "%d ",
                   (int)json_integer_value(json_object_get(line, "n")));
    if (listener->drops)
        listener->drops->handle = feed_leave(listener->drops->handle);
}

static void publish(struct feed *feed, int n)
{
    feed_publish(feed, json_pack("{s:i}", "n", n));
}

static void test_who_comes_late_hears_what_was_kept_and_no_more(void **state)
{
    struct feed *feed = feed_new(3);
    struct listener late = {0}, later = {0};

    (void)state;
    for (int n = 1; n <= 5; n++)
        publish(feed, n);
    late.handle = feed_listen(feed, true, on_line, &late);
    later.handle = feed_listen(feed, false, on_line, &later);
    publish(feed, 6);
    assert_string_equal(late.heard, "3 4 5 6 ");
    assert_string_equal(later.heard, "6 ");
    late.handle = feed_leave(late.handle);
    later.handle = feed_leave(later.handle);
    publish(feed, 7);
    assert_string_equal(late.heard, "3 4 5 6 ");
    feed = feed_free(feed);
}

static void test_a_feed_that_keeps_nothing_tells_those_who_are_there(void **state)
{
    struct feed *feed = feed_new(0);
    struct listener one = {0};

    (void)state;
    publish(feed, 1);
    one.handle = feed_listen(feed, true, on_line, &one);
    publish(feed, 2);
    assert_string_equal(one.heard, "2 ");
    one.handle = feed_leave(one.handle);
    feed = feed_free(feed);
}

static void test_a_listener_may_leave_and_make_others_leave_while_it_is_told(void **state)
{
    struct feed *feed = feed_new(0);
    struct listener self = {0}, other = {0}, third = {0};

    (void)state;
    other.handle = feed_listen(feed, false, on_line, &other);
    self.handle = feed_listen(feed, false, on_line, &self);
    third.handle = feed_listen(feed, false, on_line, &third);
    self.drops = &self;
    third.drops = &other; /* the latest listener is told first */
    publish(feed, 1);
    publish(feed, 2);
    assert_string_equal(self.heard, "1 ");
    assert_string_equal(other.heard, "");
    assert_string_equal(third.heard, "1 2 ");
    third.handle = feed_leave(third.handle);
    feed = feed_free(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_comes_late_hears_what_was_kept_and_no_more),
        cmocka_unit_test(test_a_feed_that_keeps_nothing_tells_those_who_are_there),
        cmocka_unit_test(test_a_listener_may_leave_and_make_others_leave_while_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
