/* SPDX-License-Identifier: Apache-2.0 */
/* compose/: several files, extends, include, !reset and !override: what comes out together. */
#include "base/scope.h"
#include "compose/compose.h"
#include "paper_world.h"
#include "unit.h"

#include <stdlib.h>

struct reading {
    struct arena *arena;
    struct problems problems;
    struct project *project;
    int result;
};

static void reading_fini(struct reading *reading)
{
    reading->arena = arena_free(reading->arena);
    reading->project = project_free(reading->project);
}

/* Merges a.yaml, and b.yaml if it is there; what else the files name lies beside them. */
static struct reading read_files(const struct paper_file *files)
{
    static const char *const names[] = {"a.yaml", "b.yaml"};
    struct paper_world world = {.files = files};
    struct reading reading = {.arena = arena_new()};
    const struct surroundings *surroundings = paper_surroundings(&world);
    const struct compose_input input = {
        .files = names,
        .file_count = surroundings->has_file(surroundings->ctx, "b.yaml") ? 2 : 1};

    problems_init(&reading.problems, reading.arena);
    reading.result = compose_load(&reading.project, &input, surroundings, &reading.problems);
    return reading;
}

/* What stands at services.NAME.KEY of the canonical form, as compact JSON with sorted keys. */
static void assert_key(const struct reading *reading, const char *service, const char *key,
                       const char *expected)
{
    if (reading->result < 0)
        fail_msg("%s", problem_text(reading->arena, &reading->problems.items[0]));
    json_t *json = project_to_json(reading->project);
    const json_t *value =
        json_object_get(json_object_get(json_object_get(json, "services"), service), key);
    char *text =
        value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

    if (expected)
        assert_non_null(text);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    free(text);
    json_decref(json);
}

static void assert_refused(const struct paper_file *files, const char *complaint)
{
    SCOPED(reading_fini) struct reading reading = read_files(files);

    assert_int_equal(reading.result, -EINVAL);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]), complaint);
}

#define FILES(...) ((const struct paper_file[]){__VA_ARGS__, {NULL, NULL}})

static void test_later_files_win_key_by_key(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(
        FILES({"a.yaml", "services:\n"
                         "  web:\n"
                         "    image: a\n"
                         "    command: a b\n"
                         "    environment: [A=1, B=1]\n"
                         "    labels: {x: a}\n"
                         "    healthcheck: {test: [CMD, a], interval: 1s}\n"
                         "    deploy: {replicas: 1, resources: {limits: {cpus: 1}}}\n"
                         "    logging: {driver: one, options: {a: 1}}\n"
                         "    networks: [n]\n"
                         "networks: {n: {labels: [l=a]}}\n"},
              {"b.yaml", "services:\n"
                         "  web:\n"
                         "    command: [c]\n"
                         "    environment: {B: 2, C: 3}\n"
                         "    labels: [y=b]\n"
                         "    healthcheck: {test: [CMD, b]}\n"
                         "    deploy: {resources: {limits: {memory: 1g}}}\n"
                         "    logging: {driver: two}\n"
                         "    networks: {n: {aliases: [z]}, m: }\n"
                         "  new: {image: new}\n"
                         "networks: {m: }\n"}));

    (void)state;
    assert_key(&r, "web", "image", "\"a\"");
    assert_key(&r, "web", "command", "[\"c\"]");
    assert_key(&r, "web", "environment", "{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}");
    assert_key(&r, "web", "labels", "{\"x\":\"a\",\"y\":\"b\"}");
    assert_key(&r, "web", "healthcheck", "{\"interval\":\"1s\",\"test\":[\"CMD\",\"b\"]}");
    assert_key(&r, "web", "deploy",
               "{\"placement\":{},\"replicas\":1,\"resources\":{\"limits\":{\"cpus\":1,"
               "\"memory\":\"1073741824\"}}}");
    assert_key(&r, "web", "logging", "{\"driver\":\"two\"}");
    assert_key(&r, "web", "networks", "{\"m\":null,\"n\":{\"aliases\":[\"z\"]}}");
    assert_key(&r, "new", "image", "\"new\"");
}

static void test_lists_are_put_together_and_the_later_double_stays(void **state)
{
    SCOPED(reading_fini)
    struct reading r =
        read_files(FILES({"a.yaml", "services:\n"
                                    "  web:\n"
                                    "    image: a\n"
                                    "    cap_add: [A, B]\n"
                                    "    dns: 1.1.1.1\n"
                                    "    ports: ['80:80', '81:81']\n"
                                    "    volumes: ['./a:/x', '/y']\n"
                                    "    tmpfs: /t:size=1\n"
                                    "    env_file: e.env\n"},
                         {"b.yaml", "services:\n"
                                    "  web:\n"
                                    "    cap_add: [B, C]\n"
                                    "    dns: [1.1.1.1, 2.2.2.2]\n"
                                    "    ports: [{target: 80, published: 80}, '82:82']\n"
                                    "    volumes: ['./b:/x:ro']\n"
                                    "    env_file: [e.env]\n"},
                         {"e.env", "E=1\n"}));

    (void)state;
    assert_key(&r, "web", "cap_add", "[\"A\",\"B\",\"C\"]");
    assert_key(&r, "web", "dns", "[\"1.1.1.1\",\"2.2.2.2\"]");
    assert_key(
        &r, "web", "ports",
        "[{\"mode\":\"ingress\",\"protocol\":\"tcp\",\"published\":\"80\",\"target\":80},"
        "{\"mode\":\"ingress\",\"protocol\":\"tcp\",\"published\":\"81\",\"target\":81},"
        "{\"mode\":\"ingress\",\"protocol\":\"tcp\",\"published\":\"82\",\"target\":82}]");
    assert_key(&r, "web", "volumes",
               "[{\"bind\":{\"create_host_path\":true},\"read_only\":true,\"source\":\"./b\","
               "\"target\":\"/x\",\"type\":\"bind\"},"
               "{\"target\":\"/y\",\"type\":\"volume\",\"volume\":{}}]");
    assert_key(&r, "web", "environment", "{\"E\":\"1\"}");
}

static void test_reset_takes_out_and_override_replaces(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(
        FILES({"a.yaml",
               "services:\n"
               "  web: {image: a, command: a, ports: ['80:80'], environment: {A: 1, B: 1}}\n"
               "  gone: {image: g}\n"},
              {"b.yaml", "services:\n"
                         "  web:\n"
                         "    command: !reset null\n"
                         "    ports: !override ['81:81']\n"
                         "    environment: {A: !reset null}\n"
                         "  gone: !reset null\n"}));

    (void)state;
    assert_key(&r, "web", "command", "null");
    assert_key(
        &r, "web", "ports",
        "[{\"mode\":\"ingress\",\"protocol\":\"tcp\",\"published\":\"81\",\"target\":81}]");
    assert_key(&r, "web", "environment", "{\"B\":\"1\"}");
    assert_key(&r, "gone", "image", NULL);
}

static void test_a_service_extends_others_here_and_elsewhere(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(
        FILES({"a.yaml", "services:\n"
                         "  web:\n"
                         "    extends: {service: base, file: sub/base.yaml}\n"
                         "    environment: {B: web}\n"
                         "    command: !reset null\n"
                         "  more: {extends: web, environment: {C: more}}\n"},
              {"sub/base.yaml", "services:\n"
                                "  base:\n"
                                "    extends: {service: root, file: deep/root.yaml}\n"
                                "    environment: {A: base, B: base}\n"
                                "    command: base\n"
                                "    build: .\n"
                                "    volumes: ['./data:/data', '~/h:/h', '/abs:/abs']\n"
                                "  other: {nothing: wrong}\n"},
              {"sub/deep/root.yaml", "services:\n"
                                     "  root:\n"
                                     "    image: root\n"
                                     "    env_file: root.env\n"},
              {"sub/deep/root.env", "R=1\n"}));

    (void)state;
    /* A mistake in a file counts wherever it stands. */
    assert_int_equal(r.result, -EINVAL);
    assert_string_equal(problem_text(r.arena, &r.problems.items[0]),
                        "sub/base.yaml:8:11: unknown key 'nothing' in other");
}

static void test_paths_of_another_file_are_seen_from_here(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(
        FILES({"a.yaml", "services:\n"
                         "  web:\n"
                         "    extends: {service: base, file: sub/base.yaml}\n"
                         "    environment: {B: web}\n"
                         "  more: {extends: web, environment: {C: more}}\n"},
              {"sub/base.yaml", "services:\n"
                                "  base:\n"
                                "    extends: {service: root, file: deep/root.yaml}\n"
                                "    environment: {A: base, B: base}\n"
                                "    build: {additional_contexts: {x: ../y, z: 'https://z'}}\n"
                                "    volumes: ['./data:/data', '~/h:/h', '/abs:/abs']\n"},
              {"sub/deep/root.yaml", "services:\n"
                                     "  root: {image: root, env_file: root.env}\n"},
              {"sub/deep/root.env", "R=1\n"}));

    (void)state;
    assert_key(&r, "web", "image", "\"root\"");
    assert_key(&r, "web", "environment", "{\"A\":\"base\",\"B\":\"web\",\"R\":\"1\"}");
    assert_key(&r, "more", "environment",
               "{\"A\":\"base\",\"B\":\"web\",\"C\":\"more\",\"R\":\"1\"}");
    assert_key(&r, "web", "build",
               "{\"additional_contexts\":{\"x\":\"y\",\"z\":\"https://z\"},\"context\":\"sub\","
               "\"dockerfile\":\"Dockerfile\"}");
    assert_key(&r, "web", "volumes",
               "[{\"bind\":{\"create_host_path\":true},\"source\":\"sub/data\",\"target\":\"/"
               "data\",\"type\":\"bind\"},"
               "{\"bind\":{\"create_host_path\":true},\"source\":\"~/h\",\"target\":\"/h\","
               "\"type\":\"bind\"},"
               "{\"bind\":{\"create_host_path\":true},\"source\":\"/abs\",\"target\":\"/abs\","
               "\"type\":\"bind\"}]");
}

static void test_an_included_project_brings_its_folder_and_its_variables(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(FILES(
        {"a.yaml", "include:\n"
                   "  - sub/c.yaml\n"
                   "  - {path: [d.yaml, e.yaml], project_directory: other, env_file: d.env}\n"
                   "services: {web: {image: web, networks: [shared]}}\n"},
        {"sub/c.yaml", "services:\n"
                       "  c: {image: 'c:${V}', volumes: ['./c:/c'], networks: [shared]}\n"
                       "networks: {shared: }\n"},
        {"sub/.env", "V=sub\n"},
        {"d.yaml", "services: {d: {image: 'd:${V}', volumes: ['./d:/d']}}\n"},
        {"e.yaml", "services: {d: {command: e}}\n"}, {"d.env", "V=d\n"}));

    (void)state;
    assert_key(&r, "c", "image", "\"c:sub\"");
    assert_key(&r, "c", "volumes",
               "[{\"bind\":{\"create_host_path\":true},\"source\":\"sub/c\",\"target\":\"/c\","
               "\"type\":\"bind\"}]");
    assert_key(&r, "d", "image", "\"d:d\"");
    assert_key(&r, "d", "command", "[\"e\"]");
    assert_key(
        &r, "d", "volumes",
        "[{\"bind\":{\"create_host_path\":true},\"source\":\"other/d\",\"target\":\"/d\","
        "\"type\":\"bind\"}]");
    assert_key(&r, "web", "networks", "{\"shared\":null}");
}

static void test_links_and_shared_parts_are_dependencies(void **state)
{
    SCOPED(reading_fini)
    struct reading r = read_files(
        FILES({"a.yaml",
               "services:\n"
               "  web: {image: w, links: ['db:data'], ipc: 'service:db', volumes_from: [v]}\n"
               "  db: {image: d}\n"
               "  v: {image: v}\n"}));

    (void)state;
    assert_key(&r, "web", "depends_on",
               "{\"db\":{\"condition\":\"service_started\",\"required\":true,\"restart\":true},"
               "\"v\":{\"condition\":\"service_started\",\"required\":true}}");
}

static void test_what_leads_nowhere_or_in_circles_is_told(void **state)
{
    (void)state;
    assert_refused(FILES({"a.yaml", "services: {a: {extends: b}, b: {extends: a}}\n"}),
                   "a.yaml:1:25: services extend each other in a cycle: a -> b -> a");
    assert_refused(FILES({"a.yaml", "services: {web: {image: w, extends: wbe}}\n"}),
                   "a.yaml:1:37: extends: there is no service 'wbe' in a.yaml; did you mean "
                   "'web'?");
    assert_refused(FILES({"a.yaml", "services: {a: {extends: {service: b, file: n.yaml}}}\n"}),
                   "a.yaml:1:44: open '/shop/n.yaml': No such file or directory");
    assert_refused(FILES({"a.yaml", "include: [c.yaml]\nservices: {a: {image: a}}\n"},
                         {"c.yaml", "include: [a.yaml]\nservices: {c: {image: c}}\n"}),
                   "c.yaml:1:11: include: 'a.yaml' includes itself");
    assert_refused(FILES({"a.yaml", "include: [c.yaml]\nservices: {a: {image: a}}\n"},
                         {"c.yaml", "services: {a: {image: c}}\n"}),
                   "a.yaml:1:11: include: services.a is in a.yaml already, and is another");
    assert_refused(FILES({"a.yaml", "include: [{env_file: x}]\nservices: {a: {image: a}}\n"}),
                   "a.yaml:1:11: include: the key 'path' is missing");
}

static void test_a_long_chain_of_services_is_bounded(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    assert_int_equal(buf_printf(&text, "services:\n  s0: {image: x}\n"), 0);
    for (unsigned i = 1; i < 100; i++)
        assert_int_equal(buf_printf(&text, "  a%u: {extends: %s%u}\n", i,
                                    i + 1 < 100 ? "a" : "s", i + 1 < 100 ? i + 1 : 0),
                         0);
    SCOPED(reading_fini) struct reading r = read_files(FILES({"a.yaml", buf_text(&text)}));
    buf_fini(&text);
    assert_int_equal(r.result, -EINVAL);
    assert_non_null(strstr(problem_text(r.arena, &r.problems.items[0]),
                           "services extend each other more than 32 deep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_files_win_key_by_key),
        cmocka_unit_test(test_lists_are_put_together_and_the_later_double_stays),
        cmocka_unit_test(test_reset_takes_out_and_override_replaces),
        cmocka_unit_test(test_a_service_extends_others_here_and_elsewhere),
        cmocka_unit_test(test_paths_of_another_file_are_seen_from_here),
        cmocka_unit_test(test_an_included_project_brings_its_folder_and_its_variables),
        cmocka_unit_test(test_links_and_shared_parts_are_dependencies),
        cmocka_unit_test(test_what_leads_nowhere_or_in_circles_is_told),
        cmocka_unit_test(test_a_long_chain_of_services_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
