/* SPDX-License-Identifier: Apache-2.0 */
#include "model/intent_json.h"

#include "base/scope.h"
#include "model/dns_name.h"
#include "model/json_read.h"
#include "model/probe_json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const pin_texts[] = {"none", "up", "down", NULL};

static json_t *endpoint_to_json(const struct endpoint *endpoint)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:s}", "address", endpoint->address,
                     "port", endpoint->port, "cluster", endpoint->cluster, "region",
                     endpoint->region, "provider", endpoint->provider, "weight",
                     (json_int_t)endpoint->weight, "pin", pin_texts[endpoint->pin]);
}

static json_t *name_to_json(const struct intent_name *name)
{
    json_t *endpoints = json_array();

    for (size_t i = 0; i < name->endpoint_count; i++)
        (void)json_array_append_new(endpoints, endpoint_to_json(&name->endpoints[i]));
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "name", name->name, "app", name->app,
                     "service", name->service, "ttl", (json_int_t)name->ttl_s, "probe",
                     probe_to_json(&name->probe), "endpoints", endpoints);
}

json_t *intent_to_json(const struct intent *intent)
{
    json_t *nameservers = json_array();
    json_t *names = json_array();

    for (size_t i = 0; i < intent->nameservers.count; i++)
        (void)json_array_append_new(nameservers, json_string(intent->nameservers.items[i]));
    for (size_t i = 0; i < intent->name_count; i++)
        (void)json_array_append_new(names, name_to_json(&intent->names[i]));
    return json_pack("{s:I, s:s, s:o, s:o}", "generation", (json_int_t)intent->generation,
                     "zone", intent->zone, "nameservers", nameservers, "names", names);
}

static int check_dns_name(const char *name, const char *where, struct err *err)
{
    if (dns_name_is_valid(name))
        return 0;
    return err_set(err, -EINVAL,
                   "%s: found '%.80s', expected a DNS name in lower case without final dot",
                   where, name);
}

static int read_dns_name(const json_t *json, const char *where, const char *key,
                         struct arena *arena, const char **out, struct err *err)
{
    if (json_read_text(json, where, key, arena, out, err) < 0)
        return err->code;
    return check_dns_name(*out, json_where(arena, where, key), err);
}

/* Names of apps, services, clusters and their domains: people's words, on one line. */
static int read_label(const json_t *json, const char *where, const char *key,
                      struct arena *arena, const char **out, struct err *err)
{
    if (json_read_text(json, where, key, arena, out, err) < 0)
        return err->code;
    if (!**out || strlen(*out) > INTENT_DOMAIN_TEXT_MAX)
        return err_set(err, -EINVAL, "%s.%s: found %zu bytes, expected 1 to %d", where, key,
                       strlen(*out), INTENT_DOMAIN_TEXT_MAX);
    for (const char *c = *out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return err_set(err, -EINVAL, "%s.%s: found a control character", where, key);
    return 0;
}

/* Keeps the one spelling that inet_ntop writes, so that equal addresses are equal texts. */
static int read_address(const json_t *json, const char *where, struct arena *arena,
                        const char **out, struct err *err)
{
    const char *text = NULL;
    struct in6_addr bytes;
    char canonical[INET6_ADDRSTRLEN];

    if (json_read_text(json, where, "address", arena, &text, err) < 0)
        return err->code;
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, &bytes) != 1)
        return err_set(err, -EINVAL,
                       "%s.address: found '%.80s', expected an IPv4 or IPv6 "
                       "address",
                       where, text);
    (void)inet_ntop(family, &bytes, canonical, sizeof(canonical));
    *out = arena_strdup(arena, canonical);
    return 0;
}

static int read_endpoint(const json_t *json, const char *where, struct arena *arena,
                         struct endpoint *out, struct err *err)
{
    static const char *const keys[] = {"address",  "port",   "cluster", "region",
                                       "provider", "weight", "pin",     NULL};
    unsigned pin = 0;

    if (json_read_keys(json, where, keys, err) < 0 ||
        read_address(json, where, arena, &out->address, err) < 0 ||
        json_read_port(json, where, "port", 1, &out->port, err) < 0 ||
        read_label(json, where, "cluster", arena, &out->cluster, err) < 0 ||
        read_label(json, where, "region", arena, &out->region, err) < 0 ||
        read_label(json, where, "provider", arena, &out->provider, err) < 0 ||
        json_read_number(json, where, "weight", 1, INTENT_WEIGHT_MAX, &out->weight, err) < 0 ||
        json_read_enum(json, where, "pin", pin_texts, arena, &pin, err) < 0)
        return err->code;
    out->pin = pin;
    return 0;
}

static int compare_endpoints(const void *a, const void *b)
{
    const struct endpoint *left = a;
    const struct endpoint *right = b;
    int order = strcmp(left->address, right->address);

    return order ? order : (int)left->port - (int)right->port;
}

static int read_endpoints(const json_t *json, const char *where, struct arena *arena,
                          struct intent_name *name, struct err *err)
{
    if (json_read_array(json, where, INTENT_ENDPOINTS_MAX, err) < 0)
        return err->code;

    size_t count = json_array_size(json);
    name->endpoints = arena_array(arena, count, sizeof(*name->endpoints));
    for (size_t i = 0; i < count; i++)
        if (read_endpoint(json_array_get(json, i), where, arena, &name->endpoints[i], err) < 0)
            return err->code;
    if (count)
        qsort(name->endpoints, count, sizeof(*name->endpoints), compare_endpoints);
    for (size_t i = 1; i < count; i++)
        if (compare_endpoints(&name->endpoints[i - 1], &name->endpoints[i]) == 0)
            return err_set(err, -EINVAL, "%s: found %s port %u twice", where,
                           name->endpoints[i].address, name->endpoints[i].port);
    name->endpoint_count = count;
    return 0;
}

static int check_probe_is_there(const struct intent_name *name, const char *where,
                                struct err *err)
{
    for (size_t i = 0; name->probe.kind == PROBE_NONE && i < name->endpoint_count; i++)
        if (name->endpoints[i].pin == PIN_NONE)
            return err_set(err, -EINVAL,
                           "%s.probe.kind: found none, but the endpoint %s port %u is not "
                           "pinned",
                           where, name->endpoints[i].address, name->endpoints[i].port);
    return 0;
}

static int read_name(const json_t *json, struct arena *arena, struct intent_name *out,
                     struct err *err)
{
    static const char *const keys[] = {"name",  "app",       "service", "ttl",
                                       "probe", "endpoints", NULL};

    if (json_read_keys(json, "names", keys, err) < 0 ||
        read_dns_name(json, "names", "name", arena, &out->name, err) < 0)
        return err->code;

    const char *where = json_where(arena, "names", out->name);
    if (read_label(json, where, "app", arena, &out->app, err) < 0 ||
        read_label(json, where, "service", arena, &out->service, err) < 0 ||
        json_read_number(json, where, "ttl", 1, INTENT_TTL_S_MAX, &out->ttl_s, err) < 0 ||
        probe_from_json(json_object_get(json, "probe"), json_where(arena, where, "probe"),
                        arena, &out->probe, err) < 0 ||
        read_endpoints(json_object_get(json, "endpoints"),
                       json_where(arena, where, "endpoints"), arena, out, err) < 0)
        return err->code;
    return check_probe_is_there(out, where, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct intent_name *)a)->name, ((const struct intent_name *)b)->name);
}

static int read_names(const json_t *json, struct intent *intent, struct err *err)
{
    if (json_read_array(json, "names", INTENT_NAMES_MAX, err) < 0)
        return err->code;

    size_t count = json_array_size(json);
    intent->names = arena_array(intent->arena, count, sizeof(*intent->names));
    for (size_t i = 0; i < count; i++)
        if (read_name(json_array_get(json, i), intent->arena, &intent->names[i], err) < 0)
            return err->code;
    if (count)
        qsort(intent->names, count, sizeof(*intent->names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&intent->names[i - 1], &intent->names[i]) == 0)
            return err_set(err, -EINVAL, "names: found '%s' twice", intent->names[i].name);
    intent->name_count = count;
    return 0;
}

static int read_nameservers(const json_t *json, struct intent *intent, struct err *err)
{
    if (json_read_strings(json, "", "nameservers", INTENT_NAMESERVERS_MAX, intent->arena,
                          &intent->nameservers, err) < 0)
        return err->code;
    if (!intent->nameservers.count)
        return err_set(err, -EINVAL, "nameservers: found none, expected at least one");
    for (size_t i = 0; i < intent->nameservers.count; i++)
        if (check_dns_name(intent->nameservers.items[i], "nameservers", err) < 0)
            return err->code;
    return 0;
}

int intent_from_json(struct intent **out, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"generation", "zone", "nameservers", "names", NULL};
    struct arena *arena = arena_new();
    SCOPED(intent_freep) struct intent *intent = arena_new_in(arena, struct intent);

    intent->arena = arena;
    if (json_read_keys(json, "", keys, err) < 0 ||
        json_read_unsigned(json, "", "generation", INT64_MAX, &intent->generation, err) < 0 ||
        read_dns_name(json, "", "zone", arena, &intent->zone, err) < 0 ||
        read_nameservers(json, intent, err) < 0 ||
        read_names(json_object_get(json, "names"), intent, err) < 0)
        return err->code;
    *out = take_ptr(&intent);
    return 0;
}

int intent_parse(struct intent **out, const char *text, size_t len, struct err *err)
{
    json_error_t where;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

    if (!json)
        return err_set(err, -EINVAL, "line %d, column %d: %s", where.line, where.column,
                       where.text);
    int r = intent_from_json(out, json, err);
    json_decref(json);
    return r;
}

bool intent_is_equal(const struct intent *a, const struct intent *b)
{
    json_t *left = intent_to_json(a);
    json_t *right = intent_to_json(b);
    bool is_equal = json_equal(left, right);

    json_decref(left);
    json_decref(right);
    return is_equal;
}
