/* SPDX-License-Identifier: Apache-2.0 */
#include "model/probe_json.h"

#include "model/json_read.h"

#include <errno.h>
#include <string.h>

static const char *const kind_texts[] = {"none", "tcp", "http", NULL};

json_t *probe_to_json(const struct probe *probe)
{
    json_t *json = json_pack("{s:s, s:i, s:I, s:I}", "kind", kind_texts[probe->kind], "port",
                             probe->port, "interval_ms", (json_int_t)probe->interval_ms,
                             "timeout_ms", (json_int_t)probe->timeout_ms);

    if (probe->kind != PROBE_HTTP)
        return json;
    (void)json_object_set_new(json, "path", json_string(probe->path));
    (void)json_object_set_new(json, "host",
                              probe->host ? json_string(probe->host) : json_null());
    (void)json_object_set_new(json, "status", json_integer(probe->status));
    return json;
}

/* What goes into a request line or a header must not be able to end it. */
static int check_token(const char *text, const char *where, const char *key, struct err *err)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return err_set(err, -EINVAL, "%s.%s: found the byte %#x, expected visible ASCII",
                           where, key, (unsigned)(unsigned char)*c);
    return 0;
}

static int read_http_probe(const json_t *json, const char *where, struct arena *arena,
                           struct probe *probe, struct err *err)
{
    if (json_read_text(json, where, "path", arena, &probe->path, err) < 0 ||
        check_token(probe->path, where, "path", err) < 0 ||
        json_read_number(json, where, "status", 0, 599, &probe->status, err) < 0)
        return err->code;
    if (probe->path[0] != '/' || strlen(probe->path) > PROBE_PATH_MAX)
        return err_set(err, -EINVAL, "%s.path: expected '/' and at most %d bytes", where,
                       PROBE_PATH_MAX);
    if (probe->status && probe->status < 100)
        return err_set(err, -EINVAL, "%s.status: found %u, expected 0 or 100 to 599", where,
                       probe->status);
    if (json_is_null(json_object_get(json, "host")))
        return 0;
    if (json_read_text(json, where, "host", arena, &probe->host, err) < 0)
        return err->code;
    if (!*probe->host || strlen(probe->host) > PROBE_HOST_MAX)
        return err_set(err, -EINVAL, "%s.host: expected 1 to %d bytes, or null", where,
                       PROBE_HOST_MAX);
    return check_token(probe->host, where, "host", err);
}

/* 0 stands for the default. */
static int read_probe_time(const json_t *json, const char *where, const char *key, unsigned min,
                           unsigned max, unsigned *out, struct err *err)
{
    if (json_read_number(json, where, key, 0, max, out, err) < 0)
        return err->code;
    if (*out && *out < min)
        return err_set(err, -EINVAL, "%s.%s: found %u, expected 0 or %u to %u", where, key,
                       *out, min, max);
    return 0;
}

int probe_from_json(const json_t *json, const char *where, struct arena *arena,
                    struct probe *out, struct err *err)
{
    static const char *const keys[] = {"kind", "port", "interval_ms", "timeout_ms", NULL};
    static const char *const http_keys[] = {"kind",   "port",        "path",       "host",
                                            "status", "interval_ms", "timeout_ms", NULL};
    struct probe probe = {0};
    unsigned kind = 0;

    /* A wrong type shows first: json_read_text would only say that "kind" is missing. */
    if (json_read_object(json, where, sizeof(http_keys) / sizeof(http_keys[0]), err) < 0 ||
        json_read_enum(json, where, "kind", kind_texts, arena, &kind, err) < 0 ||
        json_read_keys(json, where, kind == PROBE_HTTP ? http_keys : keys, err) < 0 ||
        json_read_port(json, where, "port", 0, &probe.port, err) < 0 ||
        read_probe_time(json, where, "interval_ms", PROBE_INTERVAL_MS_MIN,
                        PROBE_INTERVAL_MS_MAX, &probe.interval_ms, err) < 0 ||
        read_probe_time(json, where, "timeout_ms", PROBE_TIMEOUT_MS_MIN, PROBE_TIMEOUT_MS_MAX,
                        &probe.timeout_ms, err) < 0)
        return err->code;
    if (kind == PROBE_HTTP && read_http_probe(json, where, arena, &probe, err) < 0)
        return err->code;
    probe.kind = kind;
    *out = probe;
    return 0;
}
