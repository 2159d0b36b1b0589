/* SPDX-License-Identifier: Apache-2.0 */
/* cli/log_view: lines of containers, as people read them. */
#include "cli/log_view.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fixture {
    struct log_view view;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture f;

    log_view_init(&f.view, "shop");
    buf_init(&f.out, 65536);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    log_view_fini(&f->view);
    buf_fini(&f->out);
    return 0;
}

static int add(struct fixture *f, const char *cluster, const char *replica, const char *text)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s}", "cluster", cluster, "replica", replica,
                             "line", text, "at", "2026-11-24T04:00:35.123Z");
    int r = log_view_add(&f->view, line, &f->out);

    json_decref(line);
    return r;
}

static void assert_said(struct fixture *f, const char *expected)
{
    assert_string_equal(buf_text(&f->out), expected);
    buf_clear(&f->out);
}

static void test_each_line_says_who_printed_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(add(f, "amber", "shop-web-1", "hello"), 0);
    assert_int_equal(add(f, "cedar-north", "shop-web-12", "hello"), 0);
    assert_int_equal(add(f, "amber", "shop-web-1", ""), 0);
    assert_int_equal(add(f, "amber", "shopping-web-1", "x"), 0);
    assert_said(f, "amber/web-1  | hello\n"
                   "cedar-north/web-12  | hello\n"
                   "amber/web-1         | \n"
                   "amber/shopping-web-1  | x\n");
}

static void test_times_and_no_prefixes_when_asked_for(void **state)
{
    struct fixture *f = *state;

    f->view.has_time = true;
    assert_int_equal(add(f, "amber", "shop-web-1", "hello"), 0);
    f->view.has_prefix = false;
    assert_int_equal(add(f, "amber", "shop-web-1", "hello"), 0);
    assert_said(f, "amber/web-1  | 2026-11-24T04:00:35.123Z hello\n"
                   "2026-11-24T04:00:35.123Z hello\n");
}

static void test_a_source_keeps_its_colour_and_others_have_others(void **state)
{
    struct fixture *f = *state;

    f->view.has_colour = true;
    assert_int_equal(add(f, "amber", "shop-web-1", "a"), 0);
    assert_int_equal(add(f, "birch", "shop-web-1", "b"), 0);
    assert_int_equal(add(f, "amber", "shop-web-1", "c"), 0);
    assert_said(f, "\033[36mamber/web-1  |\033[0m a\n"
                   "\033[33mbirch/web-1  |\033[0m b\n"
                   "\033[36mamber/web-1  |\033[0m c\n");
}

static void test_more_sources_than_colours_are_fine(void **state)
{
    struct fixture *f = *state;

    f->view.has_colour = true;
    for (unsigned i = 0; i < 50; i++) {
        char replica[32];

        (void)snprintf(replica, sizeof(replica), "shop-web-%u", i);
        assert_int_equal(add(f, "amber", replica, "x"), 0);
    }
    assert_int_equal(f->view.seen.count, 50);
}

static void test_a_container_cannot_command_the_terminal(void **state)
{
    struct fixture *f = *state;

    f->view.has_prefix = false;
    assert_int_equal(add(f, "a", "b",
                         "x\033[2Jy\a\r\033]0;title\007z\xc2\x9b"
                         "1m"),
                     0);
    assert_said(f, "x?[2Jy???]0;title?z??1m\n");
    assert_int_equal(add(f, "a", "b", "col\tumn"), 0);
    assert_said(f, "col\tumn\n");
    f->view.has_prefix = true;
    assert_int_equal(add(f, "\033[2J", "\n", "x"), 0);
    assert_said(f, "?[2J/?  | x\n");
}

static void test_colours_of_containers_are_kept_where_colours_are_wanted(void **state)
{
    struct fixture *f = *state;

    f->view.has_prefix = false;
    assert_int_equal(add(f, "a", "b", "\033[1;31mred\033[0m and \033[mplain"), 0);
    assert_said(f, "red and plain\n");
    f->view.has_colour = true;
    assert_int_equal(add(f, "a", "b", "\033[1;31mred\033[2J"), 0);
    assert_said(f, "\033[1;31mred?[2J\033[0m\n");
    assert_int_equal(add(f, "a", "b", "\033[31"), 0);
    assert_said(f, "?[31\n");
}

static void test_a_line_beyond_the_limit_is_refused_whole(void **state)
{
    struct fixture *f = *state;
    static char text[70000];

    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(add(f, "a", "b", text), -EMSGSIZE);
    assert_said(f, "");
}

static void test_a_line_of_nonsense_is_harmless(void **state)
{
    struct fixture *f = *state;
    json_t *line = json_pack("{s:i, s:n, s:[]}", "line", 1, "replica", "cluster");

    assert_int_equal(log_view_add(&f->view, line, &f->out), 0);
    assert_said(f, "/  | \n");
    json_decref(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_line_says_who_printed_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_times_and_no_prefixes_when_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_source_keeps_its_colour_and_others_have_others,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_sources_than_colours_are_fine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_container_cannot_command_the_terminal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_colours_of_containers_are_kept_where_colours_are_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_beyond_the_limit_is_refused_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_of_nonsense_is_harmless, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
