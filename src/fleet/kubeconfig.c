/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/kubeconfig.h"

#include "base/path_text.h"
#include "model/problem.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define FILES_MAX 64
#define ITEMS_MAX 1000 /* arguments or variables of one plugin */

static const char kubeconfig_scheme[] = "kubeconfig://";
static const char in_cluster[] = "in-cluster://";
static const char account[] = "/var/run/secrets/kubernetes.io/serviceaccount";

/* The files, in their order, and what is looked for in them. */
struct reader {
    struct arena *arena;
    const struct surroundings *world;
    const struct node *files[FILES_MAX];
    const char *folders[FILES_MAX]; /* what their relative paths are relative to */
    size_t count;
    struct err *err;
};

bool kubeconfig_is_endpoint(const char *endpoint)
{
    return strncmp(endpoint, kubeconfig_scheme, strlen(kubeconfig_scheme)) == 0 ||
           strcmp(endpoint, in_cluster) == 0;
}

static int wrong(const struct reader *r, const struct node *node, const char *what)
{
    return err_set(r->err, -EINVAL, "%s:%u:%u: %s", node->place.file, node->place.line,
                   node->place.column, what);
}

/* The text of a member; NULL when it is not there, or empty, or no text. */
static const char *text(const struct reader *r, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);
    const char *value = node && node_is_scalar(node) ? node_as_text(r->arena, node) : NULL;

    return value && *value ? value : NULL;
}

static bool is_true(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_BOOL && node->boolean;
}

/* Files. */

static int add_file(struct reader *r, const char *path)
{
    struct yaml_documents documents;
    struct problems problems;
    struct buf buf;

    buf_init(&buf, KUBECONFIG_SIZE_MAX);
    int result = r->world->read_file(r->world->ctx, path, &buf, r->err);
    if (result == 0) {
        problems_init(&problems, r->arena);
        result = yaml_read(&documents, r->arena, path, buf_text(&buf), buf.len, &problems);
        if (result < 0)
            (void)problems_err(&problems, r->err);
    }
    if (buf.data)
        explicit_bzero(buf.data, buf.len);
    buf_fini(&buf);
    if (result == -ENOENT)
        return 0;
    if (result < 0)
        return result;
    if (documents.count && documents.items[0]->kind != NODE_MAP)
        return wrong(r, documents.items[0],
                     "expected a mapping with clusters, users, contexts");
    if (documents.count) {
        r->folders[r->count] = path_folder(r->arena, path);
        r->files[r->count++] = documents.items[0];
    }
    return 0;
}

/* `paths` with colons between them and the context behind them, which is cut off. */
static int add_files(struct reader *r, char *paths, const char **context)
{
    char *mark = strchr(paths, '#');

    *context = mark ? mark + 1 : NULL;
    if (mark)
        *mark = '\0';
    for (char *at = paths; *at;) {
        size_t len = strcspn(at, ":");
        bool is_last = at[len] == '\0';

        at[len] = '\0';
        if (r->count == FILES_MAX)
            return err_set(r->err, -EINVAL, "more than %d kubeconfig files", FILES_MAX);
        if (add_file(r, at) < 0)
            return r->err->code;
        at += len + !is_last;
    }
    if (!r->count)
        return err_set(r->err, -ENOENT, "no kubeconfig at %s", paths);
    return 0;
}

/* An entry of clusters, users or contexts by its name; what it holds, and whose folder. */
static const struct node *find_entry(const struct reader *r, const char *list, const char *key,
                                     const char *name, const char **folder)
{
    for (size_t f = 0; f < r->count; f++) {
        const struct node *entries = node_find(r->files[f], list);

        for (size_t i = 0; entries && entries->kind == NODE_LIST && i < entries->count; i++) {
            const struct node *entry = entries->items[i].value;
            const char *its_name = text(r, entry, "name");
            const struct node *value = node_find(entry, key);

            if (!its_name || strcmp(its_name, name) != 0 || !value)
                continue;
            *folder = r->folders[f];
            return value;
        }
    }
    return NULL;
}

static const char *current_context(const struct reader *r)
{
    for (size_t f = 0; f < r->count; f++) {
        const char *name = text(r, r->files[f], "current-context");

        if (name)
            return name;
    }
    return NULL;
}

/* Values. */

static const char *path_of(const struct reader *r, const struct node *map, const char *key,
                           const char *folder)
{
    const char *path = text(r, map, key);

    return path ? path_join(r->arena, folder, path) : NULL;
}

/* PEM in base64. */
static int read_data(const struct reader *r, const struct node *map, const char *key,
                     const char **out)
{
    const char *value = text(r, map, key);
    size_t len = value ? strlen(value) : 0;

    if (!value)
        return 0;
    unsigned char *pem = arena_alloc(r->arena, len / 4 * 3 + 4);
    int pem_len = len % 4 == 0 && len <= KUBECONFIG_SIZE_MAX
                      ? EVP_DecodeBlock(pem, (const unsigned char *)value, (int)len)
                      : -1;
    if (pem_len < 0 || strlen((const char *)pem) + 2 < (size_t)pem_len)
        return wrong(r, node_find(map, key),
                     arena_printf(r->arena, "%s: expected PEM in base64", key));
    *out = (const char *)pem;
    return 0;
}

static int read_cluster(const struct reader *r, const struct node *map, const char *folder,
                        struct kubeconfig *out)
{
    const char *server = text(r, map, "server");

    if (!server || (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0))
        return wrong(r, map, "server: expected https://HOST:PORT");
    size_t len = strlen(server);
    while (len && server[len - 1] == '/')
        len--;
    out->server = arena_strndup(r->arena, server, len);
    out->ca_file = path_of(r, map, "certificate-authority", folder);
    out->server_name = text(r, map, "tls-server-name");
    out->proxy = text(r, map, "proxy-url");
    out->is_insecure = is_true(map, "insecure-skip-tls-verify");
    return read_data(r, map, "certificate-authority-data", &out->ca_pem);
}

static int read_exec(const struct reader *r, const struct node *map, const char *folder,
                     struct kubeconfig_exec *out)
{
    const struct node *args = node_find(map, "args"), *env = node_find(map, "env");
    size_t arg_count = args && args->kind == NODE_LIST ? args->count : 0;
    size_t env_count = env && env->kind == NODE_LIST ? env->count : 0;
    const char *command = text(r, map, "command");

    if (!command)
        return wrong(r, map, "exec: the key 'command' is missing");
    if (arg_count > ITEMS_MAX || env_count > ITEMS_MAX)
        return wrong(r, map, "exec: too many args or env");
    /* A command without a slash is looked for in $PATH, as kubectl does it. */
    out->command = strchr(command, '/') ? path_join(r->arena, folder, command) : command;
    out->api_version = text(r, map, "apiVersion");
    out->hint = text(r, map, "installHint");
    out->wants_cluster = is_true(map, "provideClusterInfo");
    if (!out->api_version ||
        (strcmp(out->api_version, "client.authentication.k8s.io/v1") != 0 &&
         strcmp(out->api_version, "client.authentication.k8s.io/v1beta1") != 0))
        return wrong(r, map,
                     "exec: apiVersion: expected client.authentication.k8s.io/v1 or "
                     "v1beta1");
    out->args.items = arena_array(r->arena, arg_count + 1, sizeof(*out->args.items));
    for (size_t i = 0; i < arg_count; i++) {
        const char *arg = node_as_text(r->arena, args->items[i].value);

        out->args.items[out->args.count++] = arg ? arg : "";
    }
    out->env.items = arena_array(r->arena, env_count + 1, sizeof(*out->env.items));
    for (size_t i = 0; i < env_count; i++) {
        const char *name = text(r, env->items[i].value, "name");
        const char *value = text(r, env->items[i].value, "value");

        if (!name || strchr(name, '='))
            return wrong(r, env, "exec: env: expected a list of name and value");
        out->env.items[out->env.count++] =
            (struct key_value){.key = name, .value = value ? value : ""};
    }
    return 0;
}

static int read_user(const struct reader *r, const struct node *map, const char *folder,
                     struct kubeconfig *out)
{
    const struct node *exec = node_find(map, "exec");

    out->cert_file = path_of(r, map, "client-certificate", folder);
    out->key_file = path_of(r, map, "client-key", folder);
    out->token = text(r, map, "token");
    out->token_file = path_of(r, map, "tokenFile", folder);
    out->username = text(r, map, "username");
    out->password = text(r, map, "password");
    if (read_data(r, map, "client-certificate-data", &out->cert_pem) < 0 ||
        read_data(r, map, "client-key-data", &out->key_pem) < 0)
        return r->err->code;
    if (node_find(map, "auth-provider"))
        return wrong(r, map, "auth-provider: Kubernetes no longer has it; use exec");
    return exec && exec->kind == NODE_MAP ? read_exec(r, exec, folder, &out->exec) : 0;
}

static int read_context(struct reader *r, const char *context, struct kubeconfig *out)
{
    const char *folder = "";
    const char *name = context ? context : current_context(r);

    if (!name)
        return err_set(r->err, -EINVAL, "%s: there is no current-context; name a context",
                       r->files[0]->place.file);
    const struct node *map = find_entry(r, "contexts", "context", name, &folder);
    if (!map)
        return err_set(r->err, -EINVAL, "%s: there is no context '%.100s'",
                       r->files[0]->place.file, name);
    const char *cluster_name = text(r, map, "cluster"), *user_name = text(r, map, "user");
    const struct node *cluster =
        cluster_name ? find_entry(r, "clusters", "cluster", cluster_name, &folder) : NULL;
    if (!cluster)
        return wrong(r, map, "its cluster is not in the file");
    if (read_cluster(r, cluster, folder, out) < 0)
        return r->err->code;
    if (!user_name)
        return 0;
    const struct node *user = find_entry(r, "users", "user", user_name, &folder);
    if (!user)
        return wrong(r, map, "its user is not in the file");
    return user->kind == NODE_MAP ? read_user(r, user, folder, out) : 0;
}

/* What every pod is given. */
static int read_in_cluster(struct kubeconfig *out, struct arena *arena,
                           const struct surroundings *world, struct err *err)
{
    const char *host = world->get_variable(world->ctx, "KUBERNETES_SERVICE_HOST");
    bool is_v6;

    host = host && *host ? arena_strdup(arena, host) : NULL;
    const char *port = world->get_variable(world->ctx, "KUBERNETES_SERVICE_PORT");
    if (!host || !port || !*port)
        return err_set(err, -ENOENT,
                       "in-cluster: KUBERNETES_SERVICE_HOST and _PORT are not set; does this "
                       "run in a pod?");
    is_v6 = strchr(host, ':') != NULL;
    *out = (struct kubeconfig){
        .server = arena_printf(arena, "https://%s%s%s:%s", is_v6 ? "[" : "", host,
                               is_v6 ? "]" : "", port),
        .ca_file = arena_printf(arena, "%s/ca.crt", account),
        .token_file = arena_printf(arena, "%s/token", account),
    };
    return 0;
}

int kubeconfig_read(struct kubeconfig *out, struct arena *arena, const char *endpoint,
                    const struct surroundings *world, struct err *err)
{
    struct reader r = {.arena = arena, .world = world, .err = err};
    struct kubeconfig read = {0};
    const char *context;

    if (strcmp(endpoint, in_cluster) == 0)
        return read_in_cluster(out, arena, world, err);
    if (add_files(&r, arena_strdup(arena, endpoint + strlen(kubeconfig_scheme)), &context) <
            0 ||
        read_context(&r, context, &read) < 0)
        return err->code;
    *out = read;
    return 0;
}
