/* SPDX-License-Identifier: Apache-2.0 */
/* base/: errors, memory, buffers, maps, files. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/map.h"
#include "base/random.h"
#include "base/utf8.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_an_error_gains_context_on_the_way_up(void **state)
{
    struct err err = {0};

    (void)state;
    errno = ENOENT;
    assert_int_equal(err_sys(&err, "open '%s'", "/x"), -ENOENT);
    assert_int_equal(err_wrap(&err, "start"), -ENOENT);
    assert_string_equal(err.text, "start: open '/x': No such file or directory");
}

static void test_an_error_is_one_line_of_utf8_whatever_went_into_it(void **state)
{
    struct err err = {0};
    char umlauts[600];

    (void)state;
    (void)err_set(&err, -EIO, "%s", "a\xff\xc3 \xe2\x82 b\r\n\x1b[1m\x7f c\xc3\xbc");
    assert_string_equal(err.text, "a?? ?? b   [1m  c\xc3\xbc");

    for (size_t i = 0; i < sizeof(umlauts) - 1; i += 2)
        memcpy(umlauts + i, "\xc3\xbc", 2);
    umlauts[598] = '\0';
    for (unsigned shift = 0; shift < 2; shift++) {
        (void)err_set(&err, -EIO, "%s%s", shift ? "x" : "", umlauts);
        assert_int_equal(utf8_valid_length(err.text, strlen(err.text)), strlen(err.text));
        (void)err_wrap(&err, "%s%s", shift ? "x" : "", umlauts);
        assert_int_equal(utf8_valid_length(err.text, strlen(err.text)), strlen(err.text));
        errno = EIO;
        (void)err_sys(&err, "%s%s", shift ? "x" : "", umlauts);
        assert_int_equal(utf8_valid_length(err.text, strlen(err.text)), strlen(err.text));
    }
}

static void test_a_buffer_refuses_to_pass_its_limit_and_stays_whole(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 8);
    assert_int_equal(buf_add(&buf, "12345", 5), 0);
    assert_int_equal(buf_add(&buf, "6789", 4), -EMSGSIZE);
    assert_int_equal(buf_printf(&buf, "%s", "6789"), -EMSGSIZE);
    assert_string_equal(buf_text(&buf), "12345");
    assert_int_equal(buf_printf(&buf, "%d", 678), 0);
    assert_string_equal(buf_text(&buf), "12345678");
    buf_consume(&buf, 6);
    assert_string_equal(buf_text(&buf), "78");
    buf_fini(&buf);
}

static void test_a_map_agrees_with_a_plain_array(void **state)
{
    enum { KEYS = 200 };
    char keys[KEYS][8];
    bool present[KEYS] = {false};
    struct random random;
    struct map map;

    (void)state;
    random_init(&random, 1);
    map_init(&map);
    for (unsigned i = 0; i < KEYS; i++)
        (void)snprintf(keys[i], sizeof(keys[i]), "k%u", i);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = random_below(&random, KEYS);

        if (random_below(&random, 2)) {
            assert_ptr_equal(map_set(&map, keys[i], keys[i]), present[i] ? keys[i] : NULL);
            present[i] = true;
        } else {
            assert_ptr_equal(map_remove(&map, keys[i]), present[i] ? keys[i] : NULL);
            present[i] = false;
        }
        unsigned probe = random_below(&random, KEYS);
        assert_ptr_equal(map_find(&map, keys[probe]), present[probe] ? keys[probe] : NULL);
    }
    map_fini(&map);
}

static void test_an_arena_keeps_small_and_large_pieces_apart(void **state)
{
    struct arena *arena = arena_new();
    char *pieces[64];

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        pieces[i] = arena_alloc(arena, i * 97 + 1);
        memset(pieces[i], (int)i, i * 97 + 1);
    }
    for (size_t i = 0; i < 64; i++)
        for (size_t j = 0; j < i * 97 + 1; j++)
            assert_int_equal(pieces[i][j], (char)i);
    assert_string_equal(arena_printf(arena, "%s-%d", "a", 7), "a-7");
    arena_free(arena);
}

static void test_a_replaced_file_reads_back_within_its_limit(void **state)
{
    char path[64];
    struct err err = {0};
    struct buf buf;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/seawall-test-file-%d", (int)getpid());
    assert_int_equal(file_replace(path, "hello", 5, &err), 0);
    buf_init(&buf, 5);
    assert_int_equal(file_read(path, &buf, &err), 0);
    assert_string_equal(buf_text(&buf), "hello");
    buf_fini(&buf);
    buf_init(&buf, 4);
    assert_int_equal(file_read(path, &buf, &err), -EFBIG);
    assert_non_null(strstr(err.text, path));
    buf_fini(&buf);
    (void)unlink(path);
}

static void test_wall_time_prints_as_rfc_3339(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    assert_string_equal(clock_text(1477008600123, text), "2016-10-21T00:10:00.123Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_error_gains_context_on_the_way_up),
        cmocka_unit_test(test_an_error_is_one_line_of_utf8_whatever_went_into_it),
        cmocka_unit_test(test_a_buffer_refuses_to_pass_its_limit_and_stays_whole),
        cmocka_unit_test(test_a_map_agrees_with_a_plain_array),
        cmocka_unit_test(test_an_arena_keeps_small_and_large_pieces_apart),
        cmocka_unit_test(test_a_replaced_file_reads_back_within_its_limit),
        cmocka_unit_test(test_wall_time_prints_as_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
