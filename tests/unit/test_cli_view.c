/* SPDX-License-Identifier: Apache-2.0 */
/* cli/table and cli/progress: what people see, as text. */
#include "cli/progress.h"
#include "cli/table.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void assert_table(const struct table *table, size_t width, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    assert_int_equal(table_write(table, width, &out), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static const char *const headers[] = {"CLUSTER", "STATE", "ERROR", NULL};

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, headers);
    assert_table(&table, 0, "CLUSTER   STATE   ERROR\n");
    table_add(&table, "amber-north-1");
    table_add(&table, "ready");
    table_add(&table, "");
    table_add(&table, "birch");
    table_add_number(&table, -12);
    table_add(&table, "connect: refused");
    assert_int_equal(table_rows(&table), 2);
    assert_table(&table, 0,
                 "CLUSTER         STATE   ERROR\n"
                 "amber-north-1   ready   -\n"
                 "birch           -12     connect: refused\n");
    arena = arena_free(arena);
}

static void test_a_narrow_window_cuts_the_widest_column(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, headers);
    table_add(&table, "amber-1");
    table_add(&table, "down");
    table_add(&table, "connect to 192.0.2.10:2376: no route to host");
    assert_table(&table, 40,
                 "CLUSTER   STATE   ERROR\n"
                 "amber-1   down    connect to 192.0.2....\n");
    /* Too narrow for anything: still readable, and no cell is lost. */
    assert_table(&table, 1,
                 "CLUSTER   STATE   ERROR\n"
                 "amber-1   down    conne...\n");
    arena = arena_free(arena);
}

static void test_optional_columns_are_left_out_before_others_are_cut(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, headers);
    table.optional = 1;
    table_add(&table, "amber-north-1");
    table_add(&table, "down");
    table_add(&table, "no route");
    assert_table(&table, 32,
                 "CLUSTER         STATE   ERROR\n"
                 "amber-north-1   down    no route\n");
    assert_table(&table, 31,
                 "CLUSTER         STATE\n"
                 "amber-north-1   down\n");
    assert_table(&table, 20,
                 "CLUSTER        STATE\n"
                 "amber-nor...   down\n");
    arena = arena_free(arena);
}

static void test_a_cell_cannot_command_the_terminal(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, headers);
    table_add(&table, "a\033[2Jb");
    table_add(&table, "\xc2\x9b"
                      "2J");
    table_add(&table, "x\ny\x7f");
    assert_table(&table, 0,
                 "CLUSTER   STATE   ERROR\n"
                 "a?[2Jb    ??2J    x?y?\n");
    arena = arena_free(arena);
}

static void test_letters_of_two_bytes_take_one_column(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, headers);
    table_add(&table, "\xc3\xa9t\xc3\xa9");
    table_add(&table,
              "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    table_add(&table, "x");
    assert_table(&table, 26,
                 "CLUSTER   STATE      ERROR\n"
                 "\xc3\xa9t\xc3\xa9       \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9...   x\n");
    arena = arena_free(arena);
}

/* Progress. */

static void add(struct progress *progress, uint64_t now_ms, const char *text)
{
    json_t *line = json_loads(text, 0, NULL);

    assert_non_null(line);
    progress_add(progress, line, now_ms);
    json_decref(line);
}

static void add_action(struct progress *progress, uint64_t now_ms, const char *cluster,
                       const char *status, const char *message, unsigned done)
{
    char text[512];

    (void)snprintf(
        text, sizeof(text),
        "{\"phase\": \"action\", \"cluster\": \"%s\", \"service\": \"web\", \"what\": "
        "\"start web-1\", \"status\": \"%s\", \"message\": \"%s\", \"done\": %u, "
        "\"total\": 3}",
        cluster, status, message, done);
    add(progress, now_ms, text);
}

static void assert_view(const struct progress *progress, uint64_t now_ms, size_t width,
                        size_t height, const char *expected)
{
    struct buf out;
    unsigned lines = 0;

    buf_init(&out, 65536);
    unsigned said = progress_view(progress, now_ms, width, height, false, &out);
    assert_string_equal(buf_text(&out), expected);
    for (const char *at = buf_text(&out); (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(said, lines);
    buf_fini(&out);
}

static void test_the_view_shows_a_row_per_service_and_cluster(void **state)
{
    struct progress p;

    (void)state;
    progress_init(&p, "up shop", 1000);
    assert_view(&p, 1000, 80, 24, "up shop  0/0  0.0s\n");
    add(&p, 1100, "{\"phase\": \"accepted\"}");
    add_action(&p, 1200, "amber", "start", "missing", 0);
    add_action(&p, 1200, "birch", "start", "missing", 0);
    add_action(&p, 2200, "birch", "done", "missing", 1);
    add_action(&p, 2300, "cedar-1", "start", "missing", 1);
    add_action(&p, 2400, "cedar-1", "error", "no such image", 1);
    assert_view(&p, 3450, 80, 24,
                "up shop  1/3  2.4s\n"
                "  amber/web    working     2.2s  start web-1: missing\n"
                "  birch/web    done        1.0s\n"
                "  cedar-1/web  failed      1.1s  start web-1: no such image\n");
    assert_view(&p, 3450, 34, 24,
                "up shop  1/3  2.4s\n"
                "  amber/web    working     2.2s  s\n"
                "  birch/web    done        1.0s\n"
                "  cedar-1/web  failed      1.1s  s\n");
    add_action(&p, 4000, "cedar-1", "start", "missing", 1);
    add_action(&p, 4100, "cedar-1", "done", "missing", 2);
    add(&p, 4200,
        "{\"phase\": \"waiting\", \"cluster\": \"amber\", \"service\": \"web\", "
        "\"message\": \"unreachable\"}");
    assert_view(&p, 4200, 80, 24,
                "up shop  2/3  3.2s\n"
                "  amber/web    waiting     3.0s  unreachable\n"
                "  birch/web    done        1.0s\n"
                "  cedar-1/web  done        1.8s\n");
    assert_false(p.is_done);
    add(&p, 5000, "{\"phase\": \"done\", \"message\": \"amber is unreachable\"}");
    assert_true(p.is_done);
    assert_string_equal(p.outcome, "amber is unreachable");
    progress_fini(&p);
}

static void test_a_low_window_keeps_what_needs_attention(void **state)
{
    struct progress p;

    (void)state;
    progress_init(&p, "up shop", 0);
    for (unsigned i = 0; i < 5; i++) {
        char cluster[8];

        (void)snprintf(cluster, sizeof(cluster), "c%u", i);
        add_action(&p, 0, cluster, "start", "", i);
        if (i != 3)
            add_action(&p, 0, cluster, i == 4 ? "error" : "done", "", i);
    }
    assert_view(&p, 0, 80, 5,
                "up shop  4/3  0.0s\n"
                "  c0/web  done        0.0s\n"
                "  c3/web  working     0.0s  start web-1\n"
                "  c4/web  failed      0.0s  start web-1\n"
                "  ... and 2 more\n");
    assert_view(&p, 0, 80, 3,
                "up shop  4/3  0.0s\n"
                "  c4/web  failed      0.0s  start web-1\n"
                "  ... and 4 more\n");
    assert_view(&p, 0, 80, 2, "up shop  4/3  0.0s\n");
    assert_view(&p, 0, 10, 24, "up shop  4\n");
    assert_view(&p, 0, 0, 24, "");
    assert_view(&p, 0, 80, 0, "");
    progress_fini(&p);
}

static void test_no_line_of_the_view_is_wider_than_the_window(void **state)
{
    char long_name[300];
    struct progress p;

    (void)state;
    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    progress_init(&p, "up shop", 0);
    add_action(&p, 0, "c", "start", "", 0);
    add_action(&p, 0, long_name, "start", "\xc3\xa9\xc3\xa9\xc3\xa9 \\u001b[2J", 0);
    for (size_t width = 1; width < 200; width++) {
        struct buf out;

        buf_init(&out, 65536);
        (void)progress_view(&p, 0, width, 24, false, &out);
        assert_null(strchr(buf_text(&out), '\033'));
        for (const char *at = buf_text(&out); *at; at += strcspn(at, "\n") + 1)
            assert_true(strcspn(at, "\n") <= width);
        buf_fini(&out);
    }
    progress_fini(&p);
}

static void test_a_stream_of_nonsense_is_harmless(void **state)
{
    static const char *const lines[] = {
        "{}",
        "{\"phase\": 3}",
        "{\"phase\": \"action\", \"done\": -1, \"total\": 99999999999}",
        "{\"phase\": \"action\", \"cluster\": null, \"what\": [], \"status\": {}}",
        "{\"phase\": \"later-word\", \"done\": \"x\"}",
    };
    struct progress p;
    struct buf out;

    (void)state;
    progress_init(&p, "up", 0);
    buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_t *line = json_loads(lines[i], 0, NULL);

        progress_add(&p, line, 0);
        progress_plain(line, &out);
        json_decref(line);
    }
    assert_false(p.is_done || p.is_failed);
    assert_int_equal(p.done, 0);
    assert_int_equal(p.total, 0);
    buf_fini(&out);
    progress_fini(&p);
}

static void test_plain_lines_carry_all_of_the_stream(void **state)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "phase", "action",
                             "cluster", "amber", "service", "web", "what", "start web-1",
                             "status", "error", "message", "no\nroom", "done", 3, "total", 12);
    json_t *end = json_pack("{s:s, s:s}", "phase", "done", "message", "amber is unreachable");
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    progress_plain(line, &out);
    progress_plain(end, &out);
    assert_string_equal(buf_text(&out), "[3/12] amber: start web-1: error: no?room\n"
                                        "done: amber is unreachable\n");
    buf_fini(&out);
    json_decref(line);
    json_decref(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(test_a_narrow_window_cuts_the_widest_column),
        cmocka_unit_test(test_optional_columns_are_left_out_before_others_are_cut),
        cmocka_unit_test(test_a_cell_cannot_command_the_terminal),
        cmocka_unit_test(test_letters_of_two_bytes_take_one_column),
        cmocka_unit_test(test_the_view_shows_a_row_per_service_and_cluster),
        cmocka_unit_test(test_a_low_window_keeps_what_needs_attention),
        cmocka_unit_test(test_no_line_of_the_view_is_wider_than_the_window),
        cmocka_unit_test(test_a_stream_of_nonsense_is_harmless),
        cmocka_unit_test(test_plain_lines_carry_all_of_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
