/* SPDX-License-Identifier: Apache-2.0 */
/* fleet/: a fleet file becomes a fleet, or a list of what is wrong, place by place. */
#include "base/scope.h"
#include "fleet/fleet_file.h"
#include "paper_world.h"
#include "unit.h"

#include <stdio.h>

static const char *const drivers[] = {"docker", "kubernetes", NULL};

struct reading {
    struct arena *arena;
    struct problems problems;
    struct fleet *fleet;
    int result;
};

static void reading_fini(struct reading *reading)
{
    reading->arena = arena_free(reading->arena);
    reading->fleet = fleet_free(reading->fleet);
}

static struct reading read_files(const struct paper_file *files,
                                 const char *const (*variables)[2])
{
    struct paper_world world = {.files = files, .variables = variables};
    struct reading reading = {.arena = arena_new()};

    problems_init(&reading.problems, reading.arena);
    reading.result = fleet_file_read(&reading.fleet, files[0].path, drivers,
                                     paper_surroundings(&world), &reading.problems);
    return reading;
}

static struct reading read_text(const char *text)
{
    const struct paper_file files[] = {{"fleet.yaml", text}, {NULL, NULL}};

    return read_files(files, NULL);
}

static void assert_read(const struct reading *reading)
{
    if (reading->result < 0)
        fail_msg("%s", problem_text(reading->arena, &reading->problems.items[0]));
    assert_non_null(reading->fleet);
}

static void assert_refused(const char *text, const char *complaint)
{
    SCOPED(reading_fini) struct reading reading = read_text(text);

    assert_int_equal(reading.result, -EINVAL);
    assert_null(reading.fleet);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]), complaint);
}

static void test_a_fleet_file_becomes_a_fleet(void **state)
{
    static const struct paper_file files[] = {
        {"deploy/fleet.yaml",
         "clusters:\n"
         "  cobalt-1:\n"
         "    endpoint: unix:///run/docker.sock\n"
         "  amber-1:\n"
         "    driver: docker\n"
         "    endpoint: tcp://192.0.2.10:2376\n"
         "    tls: {ca: certs/ca.pem, cert: ../cert.pem, key: /etc/key.pem}\n"
         "    provider: amber\n"
         "    region: amber-north\n"
         "    addresses: [192.0.2.10, '2001:DB8:0::1']\n"
         "    capacity: {cpus: 16, memory: 64GiB}\n"
         "    cost: 1.5\n"
         "    x-owner: ops\n"
         "dns:\n"
         "  listen: [\"127.0.0.1:5353\", \"[::1]:5353\"]\n"
         "  zone: Example.Test.\n"
         "  nameservers: ns1.example.test\n"},
        {NULL, NULL}};
    SCOPED(reading_fini) struct reading reading = read_files(files, NULL);

    (void)state;
    assert_read(&reading);
    const struct fleet *fleet = reading.fleet;
    assert_int_equal(fleet->cluster_count, 2);
    const struct cluster *amber = &fleet->clusters[0];
    assert_string_equal(amber->name, "amber-1");
    assert_string_equal(amber->endpoint, "tcp://192.0.2.10:2376");
    assert_string_equal(amber->tls_ca, "/shop/deploy/certs/ca.pem");
    assert_string_equal(amber->tls_cert, "/shop/cert.pem");
    assert_string_equal(amber->tls_key, "/etc/key.pem");
    assert_string_equal(amber->provider, "amber");
    assert_string_equal(amber->region, "amber-north");
    assert_int_equal(amber->addresses.count, 2);
    assert_string_equal(amber->addresses.items[1], "2001:db8::1");
    assert_int_equal(amber->cpus_nano, UINT64_C(16000000000));
    assert_int_equal(amber->memory_bytes, UINT64_C(64) << 30);
    assert_int_equal(amber->cost_micro, 1500000);
    const struct cluster *cobalt = &fleet->clusters[1];
    assert_string_equal(cobalt->driver, "docker");
    assert_string_equal(cobalt->provider, "cobalt-1");
    assert_null(cobalt->tls_ca);
    assert_int_equal(cobalt->cost_micro, 1000000);
    assert_int_equal(fleet->dns.listen.count, 2);
    assert_string_equal(fleet->dns.zone, "example.test");
    assert_string_equal(fleet->dns.nameservers.items[0], "ns1.example.test");
}

/* SHA-256 of "amber", as `docker context create amber` names its folders. */
#define AMBER_ID "b1601f694b9d336c35fc456de5697dfde5e1b1ce4e8c40766fb6cb763aba91c7"

static void test_a_docker_context_is_looked_up(void **state)
{
    static const char meta[] = "{\"Name\": \"amber\", \"Endpoints\": {\"docker\": {\"Host\": "
                               "\"tcp://192.0.2.7:2376\"}}}";
    static const struct paper_file files[] = {
        {"fleet.yaml",
         "clusters:\n  a: {docker-context: amber}\n  b: {docker-context: default}\n"},
        {"/h/.docker/contexts/meta/" AMBER_ID "/meta.json", meta},
        {"/h/.docker/contexts/tls/" AMBER_ID "/docker/ca.pem", ""},
        {"/h/.docker/contexts/tls/" AMBER_ID "/docker/cert.pem", ""},
        {"/h/.docker/contexts/tls/" AMBER_ID "/docker/key.pem", ""},
        {NULL, NULL}};
    static const char *const variables[][2] = {
        {"HOME", "/h"}, {"DOCKER_HOST", "unix:///d.sock"}, {NULL, NULL}};
    SCOPED(reading_fini) struct reading reading = read_files(files, variables);

    (void)state;
    assert_read(&reading);
    assert_string_equal(reading.fleet->clusters[0].endpoint, "tcp://192.0.2.7:2376");
    assert_string_equal(reading.fleet->clusters[0].tls_key,
                        "/h/.docker/contexts/tls/" AMBER_ID "/docker/key.pem");
    assert_string_equal(reading.fleet->clusters[1].endpoint, "unix:///d.sock");
    assert_null(reading.fleet->clusters[1].tls_ca);
}

static void test_a_docker_context_that_leads_nowhere_is_told(void **state)
{
    static const struct paper_file files[] = {
        {"fleet.yaml", "clusters:\n  a: {docker-context: amber}\n"}, {NULL, NULL}};
    static const char *const variables[][2] = {{"DOCKER_CONFIG", "/d"}, {NULL, NULL}};
    SCOPED(reading_fini) struct reading reading = read_files(files, variables);

    (void)state;
    assert_int_equal(reading.result, -EINVAL);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]),
                        "fleet.yaml:2:23: no docker context 'amber' under /d; 'docker context "
                        "ls' shows them");
}

static void test_each_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    assert_refused("", "fleet.yaml: the file is empty, expected 'clusters:' with a mapping");
    assert_refused("clusters: {}\n---\na: 1\n",
                   "fleet.yaml:3:1: a second document, expected one");
    assert_refused(
        "- a\n", "fleet.yaml:1:1: the file: expected a mapping with clusters and dns, found a "
                 "list");
    assert_refused(
        "cluster: {}\n",
        "fleet.yaml:1:1: unknown key 'cluster' in the file; did you mean 'clusters'?");
    assert_refused("clusters:\n  Amber: {}\n",
                   "fleet.yaml:2:3: clusters: found the name 'Amber', expected 1 to 63 of a-z, "
                   "0-9 and '-', the first a letter or digit");
    assert_refused(
        "clusters:\n  a: {}\n",
        "fleet.yaml:2:6: a: the key 'endpoint' is missing (or docker-context, kubeconfig)");
    assert_refused("clusters:\n  a: {endpoint: 'http://x'}\n",
                   "fleet.yaml:2:17: endpoint: expected tcp://HOST:PORT or unix:///PATH, found "
                   "'http://x'");
    assert_refused("clusters:\n  a: {endpoint: 'tcp://h:1', driver: dokcer}\n",
                   "fleet.yaml:2:38: driver: expected one of: docker, kubernetes (did you mean "
                   "'docker'?), found 'dokcer'");
    assert_refused("clusters:\n  a:\n    endpoint: tcp://h:1\n    tls: {cert: c.pem}\n",
                   "fleet.yaml:4:10: tls: the key 'ca' is missing");
    assert_refused("clusters:\n  a:\n    endpoint: tcp://h:1\n    tls: {ca: a, cert: c}\n",
                   "fleet.yaml:4:10: tls: cert and key belong together, found only 'cert'");
    assert_refused("clusters:\n  a:\n    endpoint: unix:///s\n    tls: {ca: a}\n",
                   "fleet.yaml:4:10: tls: there is none on a unix socket; remove it");
    assert_refused("clusters:\n  a:\n    endpoint: tcp://h:1\n    addresses: [localhost]\n",
                   "fleet.yaml:4:17: addresses: expected an IPv4 or IPv6 address, found "
                   "'localhost'");
    assert_refused("clusters:\n  a:\n    endpoint: tcp://h:1\n    capacity: {cpus: many}\n",
                   "fleet.yaml:4:22: cpus: expected a number such as 16 or 0.5, found 'many'");
    assert_refused(
        "clusters:\n  a:\n    endpoint: tcp://h:1\n    capacity: {memory: 64 apples}\n",
        "fleet.yaml:4:24: memory: expected a size such as 512m, 2GiB or 1048576, found "
        "'64 apples'");
    assert_refused("clusters:\n  a: {endpoint: 'tcp://h:1', region: r, provider: p}\n"
                   "  b: {endpoint: 'tcp://h:1', region: r, provider: q}\n",
                   "fleet.yaml:3:3: the region 'r' is in the provider 'q' here and in 'p' for "
                   "'a'; a region belongs to one provider");
    assert_refused("clusters: {}\ndns: {listen: localhost}\n",
                   "fleet.yaml:2:15: listen: expected ADDRESS:PORT such as 127.0.0.1:5353 or "
                   "[::1]:5353, found 'localhost'");
    assert_refused("clusters: {}\ndns: {zone: 'a b'}\n",
                   "fleet.yaml:2:13: zone: expected a DNS name, found 'a b'");
}

static void test_all_mistakes_are_told_at_once(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text("clusters:\n"
                                       "  a: {endpont: 'tcp://h:1', cost: much}\n"
                                       "  b: {endpoint: 'tcp://h:1', addresses: {}}\n"
                                       "dns: 1\n");

    (void)state;
    assert_int_equal(reading.result, -EINVAL);
    assert_int_equal(reading.problems.errors, 3);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[2]),
                        "fleet.yaml:4:6: dns: expected a mapping with listen, zone and "
                        "nameservers, found the number 1");
}

static void test_too_many_clusters_are_refused(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, FLEET_FILE_SIZE_MAX);
    assert_int_equal(buf_printf(&text, "clusters:\n"), 0);
    for (unsigned i = 0; i <= FLEET_CLUSTERS_MAX; i++)
        assert_int_equal(buf_printf(&text, "  c%u: {endpoint: 'tcp://h:1'}\n", i), 0);
    assert_refused(buf_text(&text),
                   "fleet.yaml:2:3: clusters: expected at most 4096, found 4097");
    buf_fini(&text);
}

static void test_a_file_that_is_not_there_or_too_large_is_told(void **state)
{
    struct paper_world world = {0};
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct fleet *fleet = NULL;
    struct problems problems;

    (void)state;
    problems_init(&problems, arena);
    assert_int_equal(
        fleet_file_read(&fleet, "none.yaml", NULL, paper_surroundings(&world), &problems),
        -EINVAL);
    assert_string_equal(problem_text(arena, &problems.items[0]),
                        "open 'none.yaml': No such file or directory");
}

static void test_a_kubeconfig_becomes_an_endpoint(void **state)
{
    SCOPED(reading_fini)
    struct reading reading =
        read_text("clusters:\n"
                  "  a: {driver: kubernetes, kubeconfig: /k/config, context: kind-kind}\n"
                  "  b: {driver: kubernetes, kubeconfig: [/k/a, /k/b], expose: loadbalancer}\n"
                  "  c: {driver: kubernetes, kubeconfig: in-cluster}\n");

    (void)state;
    assert_read(&reading);
    assert_string_equal(reading.fleet->clusters[0].endpoint,
                        "kubeconfig:///k/config#kind-kind");
    assert_string_equal(reading.fleet->clusters[1].endpoint, "kubeconfig:///k/a:/k/b");
    assert_int_equal(reading.fleet->clusters[1].expose, EXPOSE_LOADBALANCER);
    assert_string_equal(reading.fleet->clusters[2].endpoint, "in-cluster://");
    assert_false(reading.fleet->clusters[0].allow_exec);
}

static void test_wrong_words_about_kubernetes_are_told(void **state)
{
    (void)state;
    assert_refused("clusters:\n  a: {kubeconfig: '/k#1'}\n",
                   "fleet.yaml:2:19: kubeconfig: expected a path without ':' and '#', found "
                   "'/k#1'");
    assert_refused("clusters:\n  a: {kubeconfig: /k, endpoint: tcp://192.0.2.1:1}\n",
                   "fleet.yaml:2:19: kubeconfig: there is an endpoint already; keep one of the "
                   "two");
    assert_refused("clusters:\n  a: {context: x, endpoint: tcp://192.0.2.1:1}\n",
                   "fleet.yaml:2:16: context: it is one of a kubeconfig, which is missing");
    assert_refused("clusters:\n  a: {endpoint: tcp://192.0.2.1:1, expose: magic}\n",
                   "fleet.yaml:2:44: expose: expected one of: nodeport, loadbalancer, ingress, "
                   "found 'magic'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kubeconfig_becomes_an_endpoint),
        cmocka_unit_test(test_wrong_words_about_kubernetes_are_told),
        cmocka_unit_test(test_a_fleet_file_becomes_a_fleet),
        cmocka_unit_test(test_a_docker_context_is_looked_up),
        cmocka_unit_test(test_a_docker_context_that_leads_nowhere_is_told),
        cmocka_unit_test(test_each_mistake_is_told_with_its_place),
        cmocka_unit_test(test_all_mistakes_are_told_at_once),
        cmocka_unit_test(test_too_many_clusters_are_refused),
        cmocka_unit_test(test_a_file_that_is_not_there_or_too_large_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
