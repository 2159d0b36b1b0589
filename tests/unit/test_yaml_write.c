/* SPDX-License-Identifier: Apache-2.0 */
/* yaml/write: what is written is read back as it was. */
#include "base/random.h"
#include "unit.h"
#include "yaml/write.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_written(const char *json_text, const char *expected)
{
    json_t *json = json_loads(json_text, JSON_DECODE_ANY, NULL);
    struct buf out;

    assert_non_null(json);
    buf_init(&out, 65536);
    assert_int_equal(yaml_write(&out, json, NULL), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
    json_decref(json);
}

static void test_blocks_instead_of_braces(void **state)
{
    (void)state;
    assert_written(
        "{\"services\": {\"web\": {\"image\": \"shop/web:3\", \"ports\": "
        "[{\"target\": 80, \"published\": \"8080\"}, \"443\"], \"command\": [], "
        "\"labels\": {}, \"x\": null, \"a\": true}}, \"l\": [[1, 2], [{\"k\": 1.5}]]}",
        "l:\n"
        "  -\n"
        "    - 1\n"
        "    - 2\n"
        "  -\n"
        "    - k: 1.5\n"
        "services:\n"
        "  web:\n"
        "    a: true\n"
        "    command: []\n"
        "    image: shop/web:3\n"
        "    labels: {}\n"
        "    ports:\n"
        "      - published: \"8080\"\n"
        "        target: 80\n"
        "      - \"443\"\n"
        "    x: null\n");
    assert_written("\"x\"", "x\n");
    assert_written("{}", "{}\n");
}

static void test_some_keys_come_first_and_the_others_are_sorted(void **state)
{
    static const char *const first[] = {"name", "services", NULL};
    json_t *json =
        json_loads("{\"x\": 1, \"a\": 2, \"services\": {}, \"name\": \"shop\"}", 0, NULL);
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    assert_int_equal(yaml_write(&out, json, first), 0);
    assert_string_equal(buf_text(&out), "name: shop\nservices: {}\na: 2\nx: 1\n");
    buf_clear(&out);
    (void)json_object_del(json, "x");
    (void)json_object_del(json, "a");
    assert_int_equal(yaml_write(&out, json, first), 0);
    assert_string_equal(buf_text(&out), "name: shop\nservices: {}\n");
    json_decref(json);
    buf_fini(&out);
}

static void test_quotes_where_another_reading_is_possible(void **state)
{
    (void)state;
    assert_written(
        "[\"yes\", \"No\", \"null\", \"1\", \"1e3\", \"\", \"-\", \"a: b\", \"a #b\", "
        "\"a:\", \"# a\", \"{x}\", \"*a\", \"&a\", \"!t\", \"'q'\", \"a b\", \" a\", "
        "\"a\\nb\", \"0x1f\", \".5\", \"2026-11-24\", \"a'b\", \"\xc3\xa9\", \"y\", \"=\"]",
        "- \"yes\"\n- \"No\"\n- \"null\"\n- \"1\"\n- \"1e3\"\n- \"\"\n- \"-\"\n"
        "- \"a: b\"\n- \"a #b\"\n- \"a:\"\n- \"# a\"\n- \"{x}\"\n- \"*a\"\n- \"&a\"\n"
        "- \"!t\"\n- \"'q'\"\n- a b\n- \" a\"\n- \"a\\nb\"\n- \"0x1f\"\n- \".5\"\n"
        "- \"2026-11-24\"\n- a'b\n- \"\xc3\xa9\"\n- \"y\"\n- \"=\"\n");
}

/* What the reader made of it, as JSON again. */
static json_t *node_json(struct arena *arena, const struct node *node)
{
    json_t *list;

    switch (node->kind) {
    case NODE_NULL:
        return json_null();
    case NODE_BOOL:
        return json_boolean(node->boolean);
    case NODE_INT:
        return json_integer(node->integer);
    case NODE_FLOAT:
        return json_real(node->number);
    case NODE_TEXT:
        return json_string(node->text);
    case NODE_LIST:
        list = json_array();
        for (size_t i = 0; i < node->count; i++)
            (void)json_array_append_new(list, node_json(arena, node->items[i].value));
        return list;
    case NODE_MAP:
    default:
        list = json_object();
        for (size_t i = 0; i < node->count; i++)
            (void)json_object_set_new(list, node->items[i].key,
                                      node_json(arena, node->items[i].value));
        return list;
    }
}

static const char *random_text(struct arena *arena, struct random *random)
{
    static const char letters[] = "abz019 :#-?*&!|>'\"%@`{}[],.~=<\n\t\\/_e+xnNyY";
    size_t len = random_below(random, 8);
    char *text = arena_alloc(arena, len + 1);

    for (size_t i = 0; i < len; i++)
        text[i] = letters[random_below(random, sizeof(letters) - 1)];
    return text;
}

static json_t *random_json(struct arena *arena, struct random *random, unsigned depth)
{
    json_t *json;
    size_t count = random_below(random, 4);

    switch (random_below(random, depth ? 7 : 5)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(random_below(random, 2));
    case 2:
        return json_integer((json_int_t)random_below(random, 100000) - 50000);
    case 3:
    case 4:
        return json_string(random_text(arena, random));
    case 5:
        json = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(json, random_json(arena, random, depth - 1));
        return json;
    default:
        json = json_object();
        for (size_t i = 0; i < count; i++) {
            char key[32];

            /* "<<" is a merge key to the reader, and no key of ours. */
            (void)snprintf(key, sizeof(key), "k%s", random_text(arena, random));
            (void)json_object_set_new(json, key, random_json(arena, random, depth - 1));
        }
        return json;
    }
}

static void check_round_trip(uint64_t seed)
{
    struct random random;
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct yaml_documents documents = {0};
    struct problems problems;
    struct buf out;

    random_init(&random, seed);
    json_t *json = json_array();
    (void)json_array_append_new(json, random_json(arena, &random, 4));
    buf_init(&out, 1 << 20);
    problems_init(&problems, arena);
    assert_int_equal(yaml_write(&out, json, NULL), 0);
    if (yaml_read(&documents, arena, "t.yaml", buf_text(&out), out.len, &problems) < 0)
        fail_msg("seed %llu: %s in\n%s", (unsigned long long)seed,
                 problem_text(arena, &problems.items[0]), buf_text(&out));
    assert_int_equal(documents.count, 1);
    json_t *again = node_json(arena, documents.items[0]);
    if (!json_equal(json, again))
        fail_msg("seed %llu: another document than\n%s", (unsigned long long)seed,
                 buf_text(&out));
    json_decref(again);
    json_decref(json);
    buf_fini(&out);
}

static void test_any_document_is_read_back_as_it_was(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20000; seed++)
        check_round_trip(seed);
}

static void test_what_is_too_deep_or_too_large_is_not_written(void **state)
{
    json_t *json = json_array();
    struct buf out;

    (void)state;
    for (unsigned i = 0; i < 2 * YAML_WRITE_DEPTH_MAX; i++) {
        json_t *outer = json_array();

        (void)json_array_append_new(outer, json);
        json = outer;
    }
    buf_init(&out, 1 << 20);
    assert_int_equal(yaml_write(&out, json, NULL), -ELOOP);
    assert_int_equal(out.len, 0);
    json_decref(json);
    buf_fini(&out);

    json = json_string("a text that has no room");
    buf_init(&out, 10);
    assert_int_equal(yaml_write(&out, json, NULL), -EMSGSIZE);
    assert_string_equal(buf_text(&out), "");
    json_decref(json);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_instead_of_braces),
        cmocka_unit_test(test_some_keys_come_first_and_the_others_are_sorted),
        cmocka_unit_test(test_quotes_where_another_reading_is_possible),
        cmocka_unit_test(test_any_document_is_read_back_as_it_was),
        cmocka_unit_test(test_what_is_too_deep_or_too_large_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
