/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/docker_context.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#define META_SIZE_MAX ((size_t)1 << 20)

/* Valid until the arena goes. NULL when it is not set, or empty. */
static const char *variable(struct arena *arena, const struct surroundings *world,
                            const char *name)
{
    const char *value = world->get_variable(world->ctx, name);

    return value && *value ? arena_strdup(arena, value) : NULL;
}

/* The CLI names a context's folders by the SHA-256 of its name. */
static const char *context_id(struct arena *arena, const char *name)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(name, strlen(name), hash, &len, EVP_sha256(), NULL) != 1)
        return "";
    char *text = arena_alloc(arena, 2 * (size_t)len + 1);
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return text;
}

static const char *existing(struct arena *arena, const struct surroundings *world,
                            const char *folder, const char *name)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name);

    return world->has_file(world->ctx, path) ? path : NULL;
}

static void find_tls(struct docker_context *out, struct arena *arena, const char *folder,
                     const struct surroundings *world)
{
    out->tls_ca = existing(arena, world, folder, "ca.pem");
    out->tls_cert = existing(arena, world, folder, "cert.pem");
    out->tls_key = existing(arena, world, folder, "key.pem");
}

static int check_endpoint(const char *name, const char *endpoint, struct err *err)
{
    if (strncmp(endpoint, "tcp://", 6) == 0 || strncmp(endpoint, "unix://", 7) == 0)
        return 0;
    return err_set(err, -EINVAL,
                   "docker context '%.80s' leads to '%.80s', expected tcp:// or unix://", name,
                   endpoint);
}

/* "default" is what the CLI uses without contexts. */
static int read_default(struct docker_context *out, struct arena *arena,
                        const struct surroundings *world, struct err *err)
{
    const char *host = variable(arena, world, "DOCKER_HOST");
    const char *certificates = variable(arena, world, "DOCKER_CERT_PATH");

    out->endpoint = host ? host : "unix:///var/run/docker.sock";
    if (variable(arena, world, "DOCKER_TLS_VERIFY") && certificates)
        find_tls(out, arena, certificates, world);
    return check_endpoint("default", out->endpoint, err);
}

static int read_meta(struct docker_context *out, struct arena *arena, const char *name,
                     const json_t *meta, struct err *err)
{
    const json_t *endpoint = json_object_get(json_object_get(meta, "Endpoints"), "docker");
    const char *host = json_string_value(json_object_get(endpoint, "Host"));

    if (!host)
        return err_set(err, -EINVAL, "docker context '%.80s' names no host for docker", name);
    if (json_is_true(json_object_get(endpoint, "SkipTLSVerify")))
        return err_set(err, -EINVAL,
                       "docker context '%.80s' skips the check of certificates, which is "
                       "refused here; give it the authority's certificate",
                       name);
    out->endpoint = arena_strdup(arena, host);
    return check_endpoint(name, host, err);
}

int docker_context_read(struct docker_context *out, struct arena *arena, const char *name,
                        const struct surroundings *world, struct err *err)
{
    struct docker_context context = {0};
    const char *folder = variable(arena, world, "DOCKER_CONFIG");
    const char *home = variable(arena, world, "HOME");
    struct buf text;
    int r;

    if (strcmp(name, "default") == 0) {
        r = read_default(&context, arena, world, err);
        if (r == 0)
            *out = context;
        return r;
    }
    if (!folder && !home)
        return err_set(err, -ENOENT, "docker context '%.80s': $HOME is not set", name);
    if (!folder)
        folder = arena_printf(arena, "%s/.docker", home);

    const char *id = context_id(arena, name);
    const char *path = arena_printf(arena, "%s/contexts/meta/%s/meta.json", folder, id);
    buf_init(&text, META_SIZE_MAX);
    r = world->read_file(world->ctx, path, &text, err);
    json_t *meta = r < 0 ? NULL : json_loadb(buf_text(&text), text.len, 0, NULL);
    buf_fini(&text);
    if (r == -ENOENT)
        return err_set(err, -ENOENT,
                       "no docker context '%.80s' under %s; 'docker context ls' shows them",
                       name, folder);
    if (r < 0)
        return err_wrap(err, "docker context '%.80s'", name);
    r = read_meta(&context, arena, name, meta, err);
    json_decref(meta);
    if (r < 0)
        return r;
    find_tls(&context, arena, arena_printf(arena, "%s/contexts/tls/%s/docker", folder, id),
             world);
    *out = context;
    return 0;
}
