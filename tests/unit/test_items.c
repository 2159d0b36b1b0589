/* SPDX-License-Identifier: Apache-2.0 */
/* driver/items: objects out of a JSON list in pieces. */
#include "driver/items.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct heard {
    char text[400]; /* the objects, each with a '|' behind it */
    unsigned count;
    int answer;
};

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
    struct heard *heard = ctx;
    size_t used = strlen(heard->text);

    if (heard->answer < 0)
        return err_set(err, heard->answer, "not wanted");
    (void)snprintf(heard->text + used, sizeof(heard->text) - used, "%.*s|", (int)len, text);
    heard->count++;
    return 0;
}

/* Feeds the text in pieces. Returns what the first failure says, or the end. */
static int feed(struct heard *heard, unsigned depth, const char *text, size_t piece,
                struct err *err)
{
    struct items_limits limits = {.item_size_max = 40, .size_max = 200, .count_max = 20};
    struct arena *arena = arena_new();
    struct items *items = items_new(arena, depth, limits, on_item, heard);
    size_t len = strlen(text);
    int r = 0;

    for (size_t at = 0; r == 0 && at < len; at += piece)
        r = items_feed(items, text + at, len - at < piece ? len - at : piece, err);
    if (r == 0)
        r = items_end(items, err);
    (void)arena_free(arena);
    return r;
}

/* The same in whatever pieces. */
static void assert_items(unsigned depth, const char *text, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct heard heard = {0};
        struct err err = {0};
        int r = feed(&heard, depth, text, piece, &err);

        if (r < 0)
            print_message("# %s in pieces of %zu: %s\n", text, piece, err.text);
        assert_int_equal(r, 0);
        assert_string_equal(heard.text, expected);
    }
}

static void assert_refused(unsigned depth, const char *text, int code, const char *why)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct heard heard = {0};
        struct err err = {0};

        assert_int_equal(feed(&heard, depth, text, piece, &err), code);
        assert_string_equal(err.text, why);
    }
}

static void test_each_object_comes_once_and_whole_in_whatever_pieces(void **state)
{
    (void)state;
    assert_items(1, "[]", "");
    assert_items(1, " [ {} , {\"a\":[{}]} ]\r\n", "{}|{\"a\":[{}]}|");
    assert_items(1, "[{\"a\":\"}]{[\\\"\\\\\"},{}]", "{\"a\":\"}]{[\\\"\\\\\"}|{}|");
    assert_items(2, "{\"Volumes\":[{\"a\":1},{}],\"Warnings\":null}", "{\"a\":1}|{}|");
    assert_items(2, "{\"Volumes\":null}", "");
    assert_items(2, "{\"x]\\\"\":1,\"Volumes\":[{}],\"Warnings\":[\"a}\", 2]}", "{}|");
}

static void test_what_is_no_such_list_is_refused(void **state)
{
    (void)state;
    assert_refused(1, "{}", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "<html>", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "[1]", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "[\"a\"]", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "[[]]", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "[}", -EPROTO, "the reply is not an array of objects");
    assert_refused(1, "[] []", -EPROTO, "the reply goes on behind its end");
    assert_refused(2, "[]", -EPROTO, "the reply is not an object with arrays");
    assert_refused(2, "{\"a\":[[]]}", -EPROTO, "the reply is not an object with arrays");
}

static void test_half_a_list_is_no_list(void **state)
{
    static const char whole[] = "[{\"a\":\"b\"}]";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct heard heard = {0};
        struct err err = {0};
        char text[sizeof(whole)];

        (void)snprintf(text, sizeof(text), "%.*s", (int)len, whole);
        assert_int_equal(feed(&heard, 1, text, 3, &err), -EPROTO);
        assert_string_equal(err.text, "the reply ends early");
    }
}

static void test_an_object_and_a_list_have_limits(void **state)
{
    char list[300] = "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]";

    (void)state;
    assert_items(1, "[{\"a\":\"3456789012345678901234567890123\"}]",
                 "{\"a\":\"3456789012345678901234567890123\"}|");
    assert_refused(1, "[{\"a\":\"34567890123456789012345678901234567890\"}]", -EMSGSIZE,
                   "the reply has an object of more than 40 bytes");
    assert_refused(1, "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]",
                   -EMSGSIZE, "the reply has more than 20 objects");
    memset(list + strlen(list), ' ', 201 - strlen(list));
    assert_refused(1, list, -EMSGSIZE, "the reply is larger than 200 bytes");
}

static void test_what_the_reader_says_ends_the_feeding(void **state)
{
    struct heard heard = {.answer = -EIO};
    struct err err = {0};

    (void)state;
    assert_int_equal(feed(&heard, 1, "[{},{}]", 100, &err), -EIO);
    assert_string_equal(err.text, "not wanted");
    assert_int_equal(heard.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_object_comes_once_and_whole_in_whatever_pieces),
        cmocka_unit_test(test_what_is_no_such_list_is_refused),
        cmocka_unit_test(test_half_a_list_is_no_list),
        cmocka_unit_test(test_an_object_and_a_list_have_limits),
        cmocka_unit_test(test_what_the_reader_says_ends_the_feeding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
