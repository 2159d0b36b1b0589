/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "fleet/exec_credential.h"
#include "fleet/kubeconfig.h"
#include "server/plugin.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path across a continent answers in a tenth of it; a dead one is given up before anybody
 * waits for it in vain. */
#define CONNECT_TIMEOUT_MS 3000

/* Kubernetes renews the token of a pod after four fifths of an hour; kubectl reads it again
 * every minute. */
#define TOKEN_FILE_MS 60000
#define TOKEN_MAX     ((size_t)1 << 16)

/* The slowest that clouds' own plugins take, logging in included. */
#define PLUGIN_TIMEOUT_MS 60000

/* What expires sooner is renewed: calls that begin with it must end with it. */
#define EXPIRES_SOON_MS 60000

struct access {
    unsigned refs;
    uv_loop_t *loop;
    struct arena *arena; /* of the cluster's copy, and the target of plain endpoints */
    struct cluster cluster;
    struct http_target target;

    struct arena *read; /* of what was read last: */
    struct kubeconfig config;
    char *authorization; /* NULL: none */
    uint64_t token_read_ms;

    struct arena *brought; /* of what the plugin brought last: */
    struct exec_credential credential;
    bool is_spoiled;

    struct plugin *plugin;
    access_on_ready *on_ready;
    void *ctx;
};

/* Where calls go that need nothing but what the fleet says. */
static void set_plain_target(struct access *access)
{
    const struct cluster *cluster = &access->cluster;

    access->target = (struct http_target){
        .tls_ca = cluster->tls_ca,
        .tls_cert = cluster->tls_cert,
        .tls_key = cluster->tls_key,
        .origin = "http://localhost",
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    };
    if (strncmp(cluster->endpoint, "unix://", 7) == 0) {
        access->target.unix_socket = cluster->endpoint + 7;
        return;
    }
    const char *address = strstr(cluster->endpoint, "://");
    access->target.origin =
        arena_printf(access->arena, "%s://%s", cluster->tls_ca ? "https" : "http",
                     address ? address + 3 : cluster->endpoint);
}

struct access *access_new(uv_loop_t *loop, const struct cluster *cluster)
{
    struct access *access = mem_new(struct access);

    access->refs = 1;
    access->loop = loop;
    access->arena = arena_new();
    cluster_copy(access->arena, &access->cluster, cluster);
    if (!kubeconfig_is_endpoint(cluster->endpoint))
        set_plain_target(access);
    return access;
}

struct access *access_ref(struct access *access)
{
    access->refs++;
    return access;
}

static void forget_authorization(struct access *access)
{
    if (access->authorization)
        explicit_bzero(access->authorization, strlen(access->authorization));
    free(access->authorization);
    access->authorization = NULL;
}

struct access *access_unref(struct access *access)
{
    if (!access || --access->refs)
        return NULL;
    access_cancel(access);
    forget_authorization(access);
    (void)arena_free(access->brought);
    (void)arena_free(access->read);
    (void)arena_free(access->arena);
    free(access);
    return NULL;
}

/* The world, as the readers see it. */

static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    (void)ctx;
    return file_read(path, out, err);
}

static bool has_file(void *ctx, const char *path)
{
    (void)ctx;
    return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static const struct surroundings world = {.read_file = read_file,
                                          .has_file = has_file,
                                          .get_variable = get_variable,
                                          .work_dir = "/"};

/* Who we are. */

static void set_token(struct access *access, const char *token)
{
    forget_authorization(access);
    access->authorization = mem_printf("Bearer %.*s", (int)strcspn(token, "\r\n"), token);
}

static void set_password(struct access *access)
{
    const char *password = access->config.password ? access->config.password : "";
    char *pair = mem_printf("%s:%s", access->config.username, password);
    size_t len = strlen(pair);
    char *text = mem_alloc(len / 3 * 4 + 8);

    (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)pair, (int)len);
    forget_authorization(access);
    access->authorization = mem_printf("Basic %s", text);
    explicit_bzero(pair, len);
    free(pair);
    free(text);
}

static int read_token(struct access *access, struct err *err)
{
    struct buf buf;

    access->token_read_ms = clock_monotonic_ms();
    buf_init(&buf, TOKEN_MAX);
    int r = file_read(access->config.token_file, &buf, err);
    if (r == 0)
        set_token(access, buf_text(&buf));
    if (buf.data)
        explicit_bzero(buf.data, buf.size);
    buf_fini(&buf);
    return r;
}

/* As kubectl: what a plugin brought, else the token, else the password. */
static int set_authorization(struct access *access, struct err *err)
{
    const struct kubeconfig *config = &access->config;

    forget_authorization(access);
    if (access->brought && access->credential.token)
        set_token(access, access->credential.token);
    else if (config->token_file)
        return read_token(access, err);
    else if (config->token)
        set_token(access, config->token);
    else if (config->username)
        set_password(access);
    return 0;
}

static void set_target(struct access *access)
{
    const struct kubeconfig *config = &access->config;
    bool is_brought = access->brought && access->credential.cert_pem;

    access->target = (struct http_target){
        .origin = config->server,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .tls_ca = config->ca_pem ? NULL : config->ca_file,
        .tls_ca_pem = config->ca_pem,
        .tls_name = config->server_name,
        .tls_is_unchecked = config->is_insecure,
        .proxy = config->proxy,
        .http2 = strncmp(config->server, "https://", 8) == 0,
        .tls_cert = is_brought || config->cert_pem ? NULL : config->cert_file,
        .tls_key = is_brought || config->key_pem ? NULL : config->key_file,
        .tls_cert_pem = is_brought ? access->credential.cert_pem : config->cert_pem,
        .tls_key_pem = is_brought ? access->credential.key_pem : config->key_pem,
    };
}

static void finish(struct access *access, const struct err *err)
{
    access_on_ready *on_ready = access->on_ready;

    access->on_ready = NULL;
    on_ready(access->ctx, err);
}

static void complete(struct access *access)
{
    struct err err = {0};

    set_target(access);
    if (set_authorization(access, &err) < 0)
        finish(access, &err);
    else
        finish(access, NULL);
}

/* Plugins. */

static void on_plugin(void *ctx, const char *text, size_t len, const struct err *why)
{
    struct access *access = ctx;
    struct arena *arena = arena_new();
    struct err err = {0};

    access->plugin = NULL;
    if (why) {
        err = *why;
        if (why->code == -ENOENT && access->config.exec.hint)
            (void)err_set(&err, -ENOENT, "%s; %s", why->text, access->config.exec.hint);
    } else if (exec_credential_read(&access->credential, arena, access->config.exec.api_version,
                                    text, len, &err) < 0) {
        (void)err_wrap(&err, "%s", access->config.exec.command);
    } else {
        (void)arena_free(access->brought);
        access->brought = arena;
        access->is_spoiled = false;
        complete(access);
        return;
    }
    (void)arena_free(arena);
    finish(access, &err);
}

static bool is_still_good(const struct access *access)
{
    return access->brought && !access->is_spoiled &&
           (!access->credential.expires_ms ||
            access->credential.expires_ms > clock_wall_ms() + EXPIRES_SOON_MS);
}

/* Our own environment, the file's variables, and what the plugin shall know. */
static const char *const *make_environment(struct arena *arena, const struct kubeconfig *config)
{
    size_t count = 0, own = 0;
    struct buf ca;

    while (environ[own])
        own++;
    const char **out = arena_array(arena, own + config->exec.env.count + 2, sizeof(*out));
    for (size_t i = 0; i < own; i++)
        if (strncmp(environ[i], "KUBERNETES_EXEC_INFO=", 21) != 0)
            out[count++] = environ[i];
    for (size_t i = 0; i < config->exec.env.count; i++)
        out[count++] = arena_printf(arena, "%s=%s", config->exec.env.items[i].key,
                                    config->exec.env.items[i].value);
    buf_init(&ca, KUBECONFIG_SIZE_MAX);
    const char *pem = config->ca_pem;
    struct err err = {0};
    if (!pem && config->ca_file && file_read(config->ca_file, &ca, &err) == 0)
        pem = arena_strdup(arena, buf_text(&ca));
    buf_fini(&ca);
    out[count++] = arena_printf(arena, "KUBERNETES_EXEC_INFO=%s",
                                exec_credential_info(arena, config, pem));
    return out;
}

static void plugin_run(struct access *access)
{
    const struct kubeconfig_exec *exec = &access->config.exec;
    struct arena *arena = arena_new();
    const char **args = arena_array(arena, exec->args.count + 2, sizeof(*args));

    args[0] = exec->command;
    for (size_t i = 0; i < exec->args.count; i++)
        args[i + 1] = exec->args.items[i];
    access->plugin = plugin_start(access->loop, args, make_environment(arena, &access->config),
                                  PLUGIN_TIMEOUT_MS, on_plugin, access);
    (void)arena_free(arena);
}

void access_prepare(struct access *access, access_on_ready *on_ready, void *ctx)
{
    struct err err = {0};

    assert(!access->on_ready);

    access->on_ready = on_ready;
    access->ctx = ctx;
    if (!kubeconfig_is_endpoint(access->cluster.endpoint)) {
        finish(access, NULL);
        return;
    }
    struct arena *arena = arena_new();
    struct kubeconfig config;
    if (kubeconfig_read(&config, arena, access->cluster.endpoint, &world, &err) < 0) {
        (void)arena_free(arena);
        finish(access, &err);
        return;
    }
    (void)arena_free(access->read);
    access->read = arena;
    access->config = config;
    if (!config.exec.command) {
        access->brought = arena_free(access->brought);
        complete(access);
    } else if (!access->cluster.allow_exec) {
        (void)err_set(&err, -EPERM,
                      "its kubeconfig names a program, '%.100s', which is run only after "
                      "'seawall fleet apply --allow-exec'",
                      config.exec.command);
        finish(access, &err);
    } else if (is_still_good(access)) {
        complete(access);
    } else {
        plugin_run(access);
    }
}

void access_cancel(struct access *access)
{
    access->plugin = plugin_cancel(access->plugin);
    access->on_ready = NULL;
}

void access_spoil(struct access *access)
{
    access->is_spoiled = true;
}

const struct http_target *access_target(struct access *access)
{
    struct err err = {0};

    /* A token that cannot be read now is used as it was: the cluster will tell. */
    if (access->config.token_file && !(access->brought && access->credential.token) &&
        clock_monotonic_ms() - access->token_read_ms >= TOKEN_FILE_MS)
        (void)!read_token(access, &err);
    access->target.authorization = access->authorization;
    return &access->target;
}
