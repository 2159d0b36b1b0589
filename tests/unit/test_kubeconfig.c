/* SPDX-License-Identifier: Apache-2.0 */
/* fleet/kubeconfig and fleet/exec_credential. */
#include "base/map.h"
#include "fleet/exec_credential.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* Files and variables by name. */
static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    const char *text = map_find(ctx, path);

    if (!text)
        return err_set(err, -ENOENT, "%s: no such file", path);
    return buf_add(out, text, strlen(text));
}

static bool has_file(void *ctx, const char *path)
{
    return map_find(ctx, path) != NULL;
}

static const char *get_variable(void *ctx, const char *name)
{
    return map_find(ctx, name);
}

struct world {
    struct map things;
    struct surroundings surroundings;
    struct arena *arena;
    struct kubeconfig config;
    struct err err;
};

static void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    map_init(&w->things);
    w->arena = arena_new();
    w->surroundings = (struct surroundings){&w->things, read_file, has_file, get_variable, "/"};
}

static void world_fini(struct world *w)
{
    map_fini(&w->things);
    (void)arena_free(w->arena);
}

static void put(struct world *w, const char *name, const char *text)
{
    (void)map_set(&w->things, name, (void *)(uintptr_t)text);
}

static int read_config(struct world *w, const char *endpoint)
{
    return kubeconfig_read(&w->config, w->arena, endpoint, &w->surroundings, &w->err);
}

static const char kind[] =
    "apiVersion: v1\n"
    "kind: Config\n"
    "preferences: {}\n"
    "current-context: kind-kind\n"
    "clusters:\n"
    "- name: kind-kind\n"
    "  cluster:\n"
    "    certificate-authority-data: LS0tLS1CRUdJTi0tLS0tCkEKLS0tLS1FTkQtLS0tLQo=\n"
    "    server: https://127.0.0.1:41234/\n"
    "- name: other\n"
    "  cluster: {server: 'https://[2001:db8::1]:6443', tls-server-name: kube.example.test,\n"
    "            certificate-authority: ca.pem, proxy-url: 'http://192.0.2.7:3128'}\n"
    "contexts:\n"
    "- name: kind-kind\n"
    "  context: {cluster: kind-kind, user: kind-kind}\n"
    "- name: other\n"
    "  context: {cluster: other, user: robot}\n"
    "users:\n"
    "- name: kind-kind\n"
    "  user:\n"
    "    client-certificate-data: LS0tLS1CRUdJTi0tLS0tCkIKLS0tLS1FTkQtLS0tLQo=\n"
    "    client-key-data: LS0tLS1CRUdJTi0tLS0tCkMKLS0tLS1FTkQtLS0tLQo=\n"
    "- name: robot\n"
    "  user: {tokenFile: ../token, token: old}\n";

static void test_inline_certificates_are_decoded(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    put(&w, "/etc/kube/config", kind);
    assert_int_equal(read_config(&w, "kubeconfig:///etc/kube/config"), 0);
    assert_string_equal(w.config.server, "https://127.0.0.1:41234");
    assert_string_equal(w.config.ca_pem, "-----BEGIN-----\nA\n-----END-----\n");
    assert_string_equal(w.config.cert_pem, "-----BEGIN-----\nB\n-----END-----\n");
    assert_string_equal(w.config.key_pem, "-----BEGIN-----\nC\n-----END-----\n");
    assert_null(w.config.exec.command);
    world_fini(&w);
}

static void test_a_context_is_chosen_by_name_and_paths_are_relative_to_the_file(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    put(&w, "/etc/kube/config", kind);
    assert_int_equal(read_config(&w, "kubeconfig:///etc/kube/config#other"), 0);
    assert_string_equal(w.config.server, "https://[2001:db8::1]:6443");
    assert_string_equal(w.config.server_name, "kube.example.test");
    assert_string_equal(w.config.ca_file, "/etc/kube/ca.pem");
    assert_string_equal(w.config.proxy, "http://192.0.2.7:3128");
    assert_string_equal(w.config.token_file, "/etc/token");
    world_fini(&w);
}

static void test_of_several_files_the_first_that_names_a_thing_counts(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    put(&w, "/a",
        "current-context: x\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
        "users: [{name: u, user: {username: me, password: 12}}]\n");
    put(&w, "/b",
        "current-context: y\n"
        "clusters: [{name: c, cluster: {server: 'https://first'}}]\n"
        "users: [{name: u, user: {token: no}}]\n");
    put(&w, "/c", "clusters: [{name: c, cluster: {server: 'https://second'}}]\n");
    assert_int_equal(read_config(&w, "kubeconfig:///missing:/a:/b:/c"), 0);
    assert_string_equal(w.config.server, "https://first");
    assert_string_equal(w.config.username, "me");
    assert_string_equal(w.config.password, "12");
    assert_null(w.config.token);
    world_fini(&w);
}

static void test_a_plugin_is_read_and_not_run(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    put(&w, "/k/config",
        "current-context: x\n"
        "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
        "users:\n"
        "- name: u\n"
        "  user:\n"
        "    exec:\n"
        "      apiVersion: client.authentication.k8s.io/v1beta1\n"
        "      command: ./bin/login\n"
        "      args: [--cluster, 7]\n"
        "      env: [{name: PROFILE, value: a}]\n"
        "      provideClusterInfo: true\n"
        "      interactiveMode: Never\n");
    assert_int_equal(read_config(&w, "kubeconfig:///k/config"), 0);
    assert_string_equal(w.config.exec.command, "/k/bin/login");
    assert_int_equal(w.config.exec.args.count, 2);
    assert_string_equal(w.config.exec.args.items[1], "7");
    assert_string_equal(w.config.exec.env.items[0].key, "PROFILE");
    const char *info = exec_credential_info(w.arena, &w.config, "PEM");
    assert_non_null(strstr(info, "\"server\":\"https://h\""));
    assert_non_null(strstr(info, "\"certificate-authority-data\":\"UEVN\""));
    assert_non_null(strstr(info, "client.authentication.k8s.io/v1beta1"));
    world_fini(&w);
}

static void test_in_a_pod_everything_is_at_its_place(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(read_config(&w, "in-cluster://"), -ENOENT);
    put(&w, "KUBERNETES_SERVICE_HOST", "fd00::1");
    put(&w, "KUBERNETES_SERVICE_PORT", "443");
    assert_int_equal(read_config(&w, "in-cluster://"), 0);
    assert_string_equal(w.config.server, "https://[fd00::1]:443");
    assert_non_null(strstr(w.config.token_file, "serviceaccount/token"));
    world_fini(&w);
}

static void test_what_is_wrong_is_named_with_its_place(void **state)
{
    /* clang-format off */
    static const struct { const char *text, *complaint; } cases[] = {
        {"clusters: [", "/k:2:1:"},
        {"- a\n", "/k:1:1: expected a mapping"},
        {"a: b\n", "no current-context"},
        {"current-context: x\n", "no context 'x'"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n",
         "its cluster is not in the file"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
         "clusters: [{name: c, cluster: {server: 'ftp://h'}}]\n", "/k:3:"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
         "clusters: [{name: c, cluster: {server: 'https://h', "
         "certificate-authority-data: '%%%%'}}]\n", "expected PEM in base64"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
         "users: [{name: u, user: {exec: {apiVersion: v7, command: x}}}]\n", "apiVersion"},
        {"current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
         "users: [{name: u, user: {auth-provider: {name: gcp}}}]\n", "auth-provider"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;

        world_init(&w);
        put(&w, "/k", cases[i].text);
        assert_int_equal(read_config(&w, "kubeconfig:///k"), -EINVAL);
        if (!strstr(w.err.text, cases[i].complaint))
            fail_msg("'%s' does not say '%s'", w.err.text, cases[i].complaint);
        world_fini(&w);
    }
}

#define V1 "client.authentication.k8s.io/v1"

static int read_credential(struct exec_credential *out, struct arena *arena, const char *text,
                           struct err *err)
{
    return exec_credential_read(out, arena, V1, text, strlen(text), err);
}

static void test_credentials_have_an_end(void **state)
{
    struct arena *arena = arena_new();
    struct exec_credential c;
    struct err err = {0};

    (void)state;
    assert_int_equal(read_credential(&c, arena,
                                     "{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1
                                     "\", \"status\": {\"token\": \"t\", "
                                     "\"expirationTimestamp\": \"1970-01-01T01:00:01Z\"}}",
                                     &err),
                     0);
    assert_string_equal(c.token, "t");
    assert_int_equal(c.expires_ms, 3601000);
    assert_int_equal(read_credential(&c, arena,
                                     "{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1
                                     "\", \"status\": {\"clientCertificateData\": \"c\", "
                                     "\"clientKeyData\": \"k\", \"expirationTimestamp\": "
                                     "\"1970-01-01T01:00:01.5+01:00\"}}",
                                     &err),
                     0);
    assert_int_equal(c.expires_ms, 1000);
    (void)arena_free(arena);
}

static void test_what_is_no_credential_is_refused_without_quoting_it(void **state)
{
    static const char *const texts[] = {
        "secret",
        "{\"kind\": \"secret\"}",
        "{\"kind\": \"ExecCredential\", \"apiVersion\": \"v0\", \"status\": {\"token\": "
        "\"secret\"}}",
        "{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1 "\", \"status\": {}}",
        "{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1
        "\", \"status\": {\"clientKeyData\": \"secret\"}}",
        "{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1
        "\", \"status\": {\"token\": \"secret\", \"expirationTimestamp\": \"soon\"}}",
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct exec_credential c;
        struct err err = {0};

        assert_int_equal(read_credential(&c, arena, texts[i], &err), -EINVAL);
        assert_null(strstr(err.text, "secret"));
    }
    (void)arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_certificates_are_decoded),
        cmocka_unit_test(test_a_context_is_chosen_by_name_and_paths_are_relative_to_the_file),
        cmocka_unit_test(test_of_several_files_the_first_that_names_a_thing_counts),
        cmocka_unit_test(test_a_plugin_is_read_and_not_run),
        cmocka_unit_test(test_in_a_pod_everything_is_at_its_place),
        cmocka_unit_test(test_what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(test_credentials_have_an_end),
        cmocka_unit_test(test_what_is_no_credential_is_refused_without_quoting_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
