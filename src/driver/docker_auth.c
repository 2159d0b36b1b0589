/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/docker_auth.h"

#include "base/buf.h"
#include "base/mem.h"
#include "driver/docker_internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A token is about 2 KiB; the servers of registries take headers of this size. */
#define CREDENTIALS_MAX 8192

/* Docker Hub's credentials stand under this address, whatever the name of the image. */
#define HUB      "docker.io"
#define HUB_AUTH "https://index.docker.io/v1/"

/* A first part with a dot, a colon or "localhost" is a registry (distribution/reference). */
static const char *registry_of(struct arena *arena, const char *repository)
{
    const char *slash = strchr(repository, '/');
    size_t len = slash ? (size_t)(slash - repository) : 0;

    if (!slash || (!memchr(repository, '.', len) && !memchr(repository, ':', len) &&
                   strncmp(repository, "localhost/", 10) != 0))
        return HUB;
    const char *registry = arena_strndup(arena, repository, len);
    return strcmp(registry, "index.docker.io") == 0 ? HUB : registry;
}

void docker_image_split(struct arena *arena, const char *image, struct docker_image *out)
{
    const char *digest = strchr(image, '@');
    size_t len = digest ? (size_t)(digest - image) : strlen(image);
    char *repository = arena_strndup(arena, image, len);
    char *slash = strrchr(repository, '/');
    char *colon = strchr(slash ? slash : repository, ':');

    out->tag = "latest";
    if (colon) {
        *colon = '\0';
        out->tag = colon + 1;
    }
    if (digest)
        out->tag = arena_strdup(arena, digest + 1);
    out->repository = repository;
    out->registry = registry_of(arena, repository);
}

static int base64_value(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* RFC 4648 section 4. NULL when it is none. */
static char *base64_decode(struct arena *arena, const char *text)
{
    size_t len = strlen(text), used = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;

    while (len && text[len - 1] == '=')
        len--;
    char *out = arena_alloc(arena, len * 3 / 4 + 1);
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return NULL;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[used++] = (char)(bits >> bit_count & 0xff);
        }
    }
    return out;
}

/* RFC 4648 section 5, with padding, as Go's base64.URLEncoding wants it. */
static const char *base64url_encode(struct arena *arena, const char *data, size_t len)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = arena_alloc(arena, (len + 2) / 3 * 4 + 1);
    size_t used = 0;

    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)(unsigned char)data[i] << 16;
        if (i + 1 < len)
            bits |= (uint32_t)(unsigned char)data[i + 1] << 8;
        if (i + 2 < len)
            bits |= (unsigned char)data[i + 2];
        out[used++] = digits[bits >> 18 & 63];
        out[used++] = digits[bits >> 12 & 63];
        out[used++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        out[used++] = i + 2 < len ? digits[bits & 63] : '=';
    }
    return out;
}

/* "https://ghcr.io/v2/" and "ghcr.io" are the same registry. */
static bool is_registry(const char *key, const char *registry)
{
    const char *host = strstr(key, "://");

    host = host ? host + 3 : key;
    size_t len = strcspn(host, "/");
    return strlen(registry) == len && strncmp(host, registry, len) == 0;
}

static json_t *find_entry(json_t *auths, const char *registry)
{
    const char *key;
    json_t *entry;
    bool is_hub = strcmp(registry, HUB) == 0;

    if (is_hub && (entry = json_object_get(auths, HUB_AUTH)))
        return entry;
    if (!is_hub && (entry = json_object_get(auths, registry)))
        return entry;
    json_object_foreach(
        auths, key, entry) if (is_registry(key, registry) ||
                               (is_hub && is_registry(key, "index.docker.io"))) return entry;
    return NULL;
}

static const char *encode(struct arena *arena, json_t *credentials)
{
    char *text = json_dumps(credentials, JSON_COMPACT);
    const char *header = text ? base64url_encode(arena, text, strlen(text)) : NULL;

    free(text);
    return header;
}

/* "auth" is "user:password" in base64; a token stands by itself. */
static int make_header(struct arena *arena, const json_t *entry, const char *registry,
                       const char **header, struct err *err)
{
    const char *auth = docker_text(entry, "auth");
    const char *token = docker_text(entry, "identitytoken");
    SCOPED(docker_json_freep) json_t *out = json_object();

    if (token) {
        (void)json_object_set_new(out, "identitytoken", json_string(token));
    } else {
        if (!auth || !*auth)
            return 0; /* kept by a credential helper */
        char *pair = strlen(auth) <= CREDENTIALS_MAX ? base64_decode(arena, auth) : NULL;
        char *colon = pair ? strchr(pair, ':') : NULL;
        if (!colon)
            return err_set(err, -EINVAL, "auths.%.100s.auth is not base64 of user:password",
                           registry);
        *colon = '\0';
        (void)json_object_set_new(out, "username", json_string(pair));
        (void)json_object_set_new(out, "password", json_string(colon + 1));
    }
    (void)json_object_set_new(out, "serveraddress",
                              json_string(strcmp(registry, HUB) == 0 ? HUB_AUTH : registry));
    *header = encode(arena, out);
    return 0;
}

int docker_auth_header(struct arena *arena, const char *config, size_t len, const char *image,
                       const char **header, struct err *err)
{
    json_error_t why;
    struct docker_image split;
    SCOPED(docker_json_freep) json_t *json = json_loadb(config, len, 0, &why);

    if (!json)
        return err_set(err, -EINVAL, "config.json:%d:%d: not JSON", why.line, why.column);
    if (!json_is_object(json))
        return err_set(err, -EINVAL, "config.json:1:1: not an object");
    docker_image_split(arena, image, &split);
    *header = NULL;
    json_t *entry = find_entry(json_object_get(json, "auths"), split.registry);
    return entry ? make_header(arena, entry, split.registry, header, err) : 0;
}
