/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/exec_credential.h"

#include "base/number.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *base64(const char *text)
{
    size_t len = strlen(text);
    unsigned char *out = malloc(len / 3 * 4 + 8);
    json_t *json = NULL;

    if (out) {
        (void)EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);
        json = json_string((const char *)out);
    }
    free(out);
    return json;
}

const char *exec_credential_info(struct arena *arena, const struct kubeconfig *config,
                                 const char *ca_pem)
{
    json_t *spec = json_pack("{s:b}", "interactive", false);
    json_t *info = json_pack("{s:s, s:s, s:o}", "kind", "ExecCredential", "apiVersion",
                             config->exec.api_version, "spec", spec);

    if (config->exec.wants_cluster) {
        json_t *cluster = json_pack("{s:s, s:b}", "server", config->server,
                                    "insecure-skip-tls-verify", config->is_insecure);

        if (ca_pem)
            (void)json_object_set_new(cluster, "certificate-authority-data", base64(ca_pem));
        if (config->server_name)
            (void)json_object_set_new(cluster, "tls-server-name",
                                      json_string(config->server_name));
        if (config->proxy)
            (void)json_object_set_new(cluster, "proxy-url", json_string(config->proxy));
        (void)json_object_set_new(spec, "cluster", cluster);
    }
    char *text = json_dumps(info, JSON_COMPACT);
    const char *copy = arena_strdup(arena, text ? text : "");
    free(text);
    json_decref(info);
    return copy;
}

/* "2026-11-24T04:00:35Z", with parts of seconds or an offset. False when it is none. */
static bool read_time(const char *text, int64_t *out_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    uint64_t hours = 0, minutes = 0;

    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    bool is_offset = (*rest == '+' || *rest == '-') && strlen(rest) == 6 && rest[3] == ':';
    if (is_offset ? number_read(rest + 1, 2, 0, 23, &hours) < 0 ||
                        number_read(rest + 4, 2, 0, 59, &minutes) < 0
                  : strcmp(rest, "Z") != 0)
        return false;
    int64_t offset_s = (int64_t)(hours * 3600 + minutes * 60);
    *out_ms = ((int64_t)timegm(&tm) - (*rest == '-' ? -offset_s : offset_s)) * 1000;
    return true;
}

static const char *member(struct arena *arena, const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));

    return text && *text ? arena_strdup(arena, text) : NULL;
}

static int read_status(struct exec_credential *out, struct arena *arena, const json_t *json,
                       const char *api_version, struct err *err)
{
    const char *version = json_string_value(json_object_get(json, "apiVersion"));
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const json_t *status = json_object_get(json, "status");
    const char *expires = json_string_value(json_object_get(status, "expirationTimestamp"));
    struct exec_credential read = {.token = member(arena, status, "token"),
                                   .cert_pem = member(arena, status, "clientCertificateData"),
                                   .key_pem = member(arena, status, "clientKeyData")};

    if (!kind || strcmp(kind, "ExecCredential") != 0)
        return err_set(err, -EINVAL, "expected a JSON object of kind ExecCredential");
    if (!version || strcmp(version, api_version) != 0)
        return err_set(err, -EINVAL, "apiVersion: found '%.60s', expected %s",
                       version ? version : "nothing", api_version);
    if (!read.cert_pem != !read.key_pem)
        return err_set(err, -EINVAL,
                       "status: clientCertificateData and clientKeyData belong together");
    if (!read.token && !read.cert_pem)
        return err_set(err, -EINVAL, "status: there is neither a token nor a certificate");
    if (expires && !read_time(expires, &read.expires_ms))
        return err_set(err, -EINVAL,
                       "status.expirationTimestamp: found '%.60s', expected "
                       "RFC 3339",
                       expires);
    *out = read;
    return 0;
}

int exec_credential_read(struct exec_credential *out, struct arena *arena,
                         const char *api_version, const char *text, size_t len, struct err *err)
{
    json_error_t why;
    json_t *json = json_loadb(text, len, 0, &why);

    if (!json)
        /* Not jansson's words: they quote the text, which may hold a token. */
        return err_set(err, -EINVAL, "line %d, column %d: expected JSON", why.line, why.column);
    int r = read_status(out, arena, json, api_version, err);
    json_decref(json);
    return r;
}
