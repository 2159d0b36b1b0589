/* SPDX-License-Identifier: Apache-2.0 */
/* yaml/: text to trees with places, and what hostile text comes to. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "unit.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct problems problems;
    struct yaml_documents documents;
    int result;
};

static void reading_fini(struct reading *reading)
{
    reading->arena = arena_free(reading->arena);
}

static struct reading read_bytes(const char *text, size_t len)
{
    struct reading reading = {.arena = arena_new()};

    problems_init(&reading.problems, reading.arena);
    reading.result =
        yaml_read(&reading.documents, reading.arena, "t.yaml", text, len, &reading.problems);
    return reading;
}

static struct reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static const struct node *root_of(const struct reading *reading)
{
    if (reading->result < 0)
        fail_msg("%s", problem_text(reading->arena, &reading->problems.items[0]));
    assert_int_equal(reading->documents.count, 1);
    return reading->documents.items[0];
}

static void assert_refused(const char *text, const char *complaint)
{
    SCOPED(reading_fini) struct reading reading = read_text(text);

    assert_int_equal(reading.result, -EINVAL);
    assert_true(reading.problems.count > 0);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]), complaint);
}

static void test_values_remember_where_they_stood(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text("services:\n  web:\n    image: 'shop/web:3'\n"
                                       "    ports: [\"80:80\", 443]\n");
    const struct node *web = node_find(node_find(root_of(&reading), "services"), "web");
    const struct node_item *image = node_find_item(web, "image");
    const struct node *ports = node_find(web, "ports");

    (void)state;
    assert_non_null(image);
    assert_int_equal(image->place.line, 3);
    assert_int_equal(image->place.column, 5);
    assert_int_equal(image->value->place.column, 12);
    assert_string_equal(image->value->text, "shop/web:3");
    assert_int_equal(ports->count, 2);
    assert_int_equal(ports->items[1].value->kind, NODE_INT);
    assert_int_equal(ports->items[1].value->place.line, 4);
    assert_int_equal(ports->items[1].value->place.column, 22);
}

static void test_plain_scalars_have_the_kinds_that_compose_gives_them(void **state)
{
    static const struct {
        const char *text;
        enum node_kind kind;
        const char *as_text;
    } cases[] = {
        {"a: 80", NODE_INT, "80"},
        {"a: 0x1F", NODE_INT, "31"},
        {"a: 0440", NODE_INT, "288"},
        {"a: 0o17", NODE_INT, "15"},
        {"a: 1_000", NODE_INT, "1000"},
        {"a: -7", NODE_INT, "-7"},
        {"a: 09", NODE_FLOAT, "9"},
        {"a: 1.50", NODE_FLOAT, "1.5"},
        {"a: 1e6", NODE_FLOAT, "1e+06"},
        {"a: 123456789.0", NODE_FLOAT, "1.23456789e+08"},
        {"a: 100000.5", NODE_FLOAT, "100000.5"},
        {"a: 0.00001", NODE_FLOAT, "1e-05"},
        {"a: .inf", NODE_FLOAT, "+Inf"},
        {"a: True", NODE_BOOL, "true"},
        {"a: yes", NODE_TEXT, "yes"},
        {"a: '80'", NODE_TEXT, "80"},
        {"a: !!str 80", NODE_TEXT, "80"},
        {"a: 1.2.3", NODE_TEXT, "1.2.3"},
        {"a: 22:22", NODE_TEXT, "22:22"},
        {"a: 99999999999999999999", NODE_FLOAT, "1e+20"},
        {"a:\n- 1", NODE_LIST, NULL},
        {"a: ~", NODE_NULL, NULL},
        {"a:", NODE_NULL, NULL},
        {"a: ''", NODE_TEXT, ""},
        {"a: |\n  x\n  y\n", NODE_TEXT, "x\ny\n"},
        {"a: >-\n  x\n  y\n", NODE_TEXT, "x y"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SCOPED(reading_fini) struct reading reading = read_text(cases[i].text);
        const struct node *value = node_find(root_of(&reading), "a");
        const char *text = node_as_text(reading.arena, value);

        if (value->kind != cases[i].kind)
            fail_msg("%s: kind %d", cases[i].text, (int)value->kind);
        if (cases[i].as_text)
            assert_string_equal(text, cases[i].as_text);
        else
            assert_null(text);
    }
}

static void test_aliases_stand_for_their_anchor_and_merge_keys_fill_gaps(void **state)
{
    SCOPED(reading_fini)
    struct reading reading =
        read_text("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  b: 9\n  <<: [*x, *y]\n"
                  "w: {<<: *y}\nv: *x\n");
    const struct node *root = root_of(&reading);
    const struct node *z = node_find(root, "z");

    (void)state;
    assert_int_equal(z->count, 3);
    assert_int_equal(node_find(z, "a")->integer, 1);
    assert_int_equal(node_find(z, "b")->integer, 9);
    assert_int_equal(node_find(z, "c")->integer, 4);
    assert_true(node_equal(node_find(root, "w"), node_find(root, "y")));
    assert_true(node_equal(node_find(root, "v"), node_find(root, "x")));
    assert_ptr_not_equal(node_find(root, "v"), node_find(root, "x"));
}

static void test_documents_are_told_apart_and_empty_ones_left_out(void **state)
{
    SCOPED(reading_fini) struct reading two = read_text("a: 1\n---\n---\nb: 2\n");
    SCOPED(reading_fini) struct reading none = read_text("# nothing\n");

    (void)state;
    assert_int_equal(two.result, 0);
    assert_int_equal(two.documents.count, 2);
    assert_int_equal(none.result, 0);
    assert_int_equal(none.documents.count, 0);
}

static void test_tags_for_merging_are_kept(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text("a: !reset null\nb: !override [x]\nc: !reset {}\n");
    const struct node *root = root_of(&reading);

    (void)state;
    assert_int_equal(node_find(root, "a")->tag, NODE_TAG_RESET);
    assert_int_equal(node_find(root, "b")->tag, NODE_TAG_OVERRIDE);
    assert_int_equal(node_find(root, "c")->tag, NODE_TAG_RESET);
}

static void test_what_is_no_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    assert_refused("a: b\n c: d\n", "t.yaml:1:4: not YAML: invalid multiline plain key");
    assert_refused("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key 'a' is there already, in line 1");
    assert_refused("a:\n  80: x\n",
                   "t.yaml:2:3: the key is the number 80, expected text; put it into quotes");
    assert_refused("[a]: 1\n", "t.yaml:1:1: the key is a list, expected text");
    assert_refused("a: *b\n", "t.yaml:1:4: the alias '*b' has no anchor '&b' before it");
    assert_refused("a: &b [*b]\n", "t.yaml:1:8: the alias '*b' has no anchor '&b' before it");
    assert_refused("a: !env B\n",
                   "t.yaml:1:9: unknown tag '!env', expected !reset, !override or none");
    assert_refused(
        "<<: 1\n",
        "t.yaml:1:5: '<<' expects a mapping or a list of mappings, found the number 1");
    assert_refused("a: \"x\\0y\"\n", "t.yaml:1:4: text with a zero byte in it");
    assert_refused("a: b\nc: \xff\n", "t.yaml:2:4: the byte 0xff is not UTF-8");
    assert_refused("a: \xed\xa0\x80\n", "t.yaml:1:4: the byte 0xed is not UTF-8");
}

static void test_nesting_is_bounded(void **state)
{
    char text[20001];

    (void)state;
    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_refused(text, "t.yaml:1:65: nested more than 64 deep");
}

/* Nine lists of nine aliases each: a billion values from half a kilobyte. */
static void test_a_billion_laughs_are_not_heard(void **state)
{
    uint64_t before = clock_monotonic_ms();
    struct buf text;

    (void)state;
    buf_init(&text, 4096);
    assert_int_equal(buf_printf(&text, "a: &a [l, l, l, l, l, l, l, l, l]\n"), 0);
    for (char c = 'b'; c <= 'i'; c++)
        assert_int_equal(
            buf_printf(&text, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c,
                       c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1),
            0);
    SCOPED(reading_fini) struct reading reading = read_text(buf_text(&text));
    buf_fini(&text);
    assert_int_equal(reading.result, -EINVAL);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]),
                        "t.yaml:7:8: more than 1000000 values, with what aliases stand for");
    assert_true(arena_size(reading.arena) < (size_t)256 << 20);
    assert_true(clock_monotonic_ms() - before < 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_remember_where_they_stood),
        cmocka_unit_test(test_plain_scalars_have_the_kinds_that_compose_gives_them),
        cmocka_unit_test(test_aliases_stand_for_their_anchor_and_merge_keys_fill_gaps),
        cmocka_unit_test(test_documents_are_told_apart_and_empty_ones_left_out),
        cmocka_unit_test(test_tags_for_merging_are_kept),
        cmocka_unit_test(test_what_is_no_yaml_is_told_with_its_place),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_a_billion_laughs_are_not_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
