/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fleet_json.h"

#include "base/scope.h"
#include "model/app_json.h"
#include "model/json_read.h"
#include "model/name.h"

#include <errno.h>
#include <string.h>

/* Writing. */

static json_t *strings_to_json(const struct strings *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strings->count; i++)
        (void)json_array_append_new(array, json_string(strings->items[i]));
    return array;
}

static const char *const exposes[] = {"nodeport", "loadbalancer", "ingress", NULL};

json_t *cluster_to_json(const struct cluster *cluster)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:b}", "driver", cluster->driver, "endpoint",
        cluster->endpoint, "provider", cluster->provider, "region", cluster->region,
        "addresses", strings_to_json(&cluster->addresses), "cpus_nano",
        (json_int_t)cluster->cpus_nano, "memory_bytes", (json_int_t)cluster->memory_bytes,
        "cost_micro", (json_int_t)cluster->cost_micro, "drained", cluster->drained);

    if (cluster->tls_ca)
        (void)json_object_set_new(json, "tls",
                                  json_pack("{s:s, s:s, s:s}", "ca", cluster->tls_ca, "cert",
                                            cluster->tls_cert ? cluster->tls_cert : "", "key",
                                            cluster->tls_key ? cluster->tls_key : ""));
    if (cluster->expose != EXPOSE_NODEPORT)
        (void)json_object_set_new(json, "expose", json_string(exposes[cluster->expose]));
    if (cluster->allow_exec)
        (void)json_object_set_new(json, "allow_exec", json_true());
    return json;
}

json_t *fleet_to_json(const struct fleet *fleet)
{
    json_t *clusters = json_object();
    json_t *dns = json_pack("{s:o, s:o}", "listen", strings_to_json(&fleet->dns.listen),
                            "nameservers", strings_to_json(&fleet->dns.nameservers));

    for (size_t i = 0; i < fleet->cluster_count; i++)
        (void)json_object_set_new(clusters, fleet->clusters[i].name,
                                  cluster_to_json(&fleet->clusters[i]));
    if (fleet->dns.zone)
        (void)json_object_set_new(dns, "zone", json_string(fleet->dns.zone));
    return json_pack("{s:o, s:o}", "clusters", clusters, "dns", dns);
}

/* Reading. */

static int wrong(const char *where, const char *key, const char *found, const char *expected,
                 struct err *err)
{
    return err_set(err, -EINVAL, "%s.%s: found '%.80s', expected %s", where, key, found,
                   expected);
}

static int read_tls(const json_t *json, const char *where, struct arena *arena,
                    struct cluster *out, struct err *err)
{
    static const char *const keys[] = {"ca", "cert", "key", NULL};
    const json_t *tls = json_object_get(json, "tls");

    if (!tls)
        return 0;
    where = json_where(arena, where, "tls");
    if (json_read_keys(tls, where, keys, err) < 0 ||
        json_read_text(tls, where, "ca", arena, &out->tls_ca, err) < 0 ||
        json_read_text(tls, where, "cert", arena, &out->tls_cert, err) < 0 ||
        json_read_text(tls, where, "key", arena, &out->tls_key, err) < 0)
        return err->code;
    const char *const paths[] = {out->tls_ca, out->tls_cert, out->tls_key};
    for (size_t i = 0; i < 3; i++)
        if (*paths[i] ? paths[i][0] != '/' : i == 0)
            return wrong(where, keys[i], paths[i], "an absolute path", err);
    if (!*out->tls_cert)
        out->tls_cert = NULL;
    if (!*out->tls_key)
        out->tls_key = NULL;
    return 0;
}

static int check_cluster(const struct cluster *cluster, const char *where, struct err *err)
{
    static const char name[] = "a-z, 0-9 and '-', at most 63, the first a letter or digit";
    char address[ADDRESS_SIZE];

    if (!name_is_cluster(cluster->name))
        return wrong("clusters", "(name)", cluster->name, name, err);
    if (!name_is_cluster(cluster->driver))
        return wrong(where, "driver", cluster->driver, name, err);
    if (!name_is_cluster(cluster->provider))
        return wrong(where, "provider", cluster->provider, name, err);
    if (!name_is_cluster(cluster->region))
        return wrong(where, "region", cluster->region, name, err);
    if (!name_is_endpoint(cluster->endpoint))
        return wrong(
            where, "endpoint", cluster->endpoint,
            "tcp://HOST:PORT, unix:///PATH, kubeconfig:///PATH#CONTEXT or in-cluster://", err);
    for (size_t i = 0; i < cluster->addresses.count; i++)
        if (!name_address(cluster->addresses.items[i], address))
            return wrong(where, "addresses", cluster->addresses.items[i],
                         "an IPv4 or IPv6 address", err);
    return 0;
}

static int read_cluster(const json_t *json, const char *name, struct arena *arena,
                        struct cluster *out, struct err *err)
{
    static const char *const keys[] = {"driver",     "endpoint",  "tls",       "provider",
                                       "region",     "addresses", "cpus_nano", "memory_bytes",
                                       "cost_micro", "drained",   "expose",    "allow_exec",
                                       NULL};
    unsigned expose = EXPOSE_NODEPORT;
    const char *where = json_where(arena, "clusters", name);

    out->name = name;
    if (json_read_keys(json, where, keys, err) < 0 ||
        json_read_text(json, where, "driver", arena, &out->driver, err) < 0 ||
        json_read_text(json, where, "endpoint", arena, &out->endpoint, err) < 0 ||
        json_read_text(json, where, "provider", arena, &out->provider, err) < 0 ||
        json_read_text(json, where, "region", arena, &out->region, err) < 0 ||
        json_read_strings(json, where, "addresses", CLUSTER_ADDRESSES_MAX, arena,
                          &out->addresses, err) < 0 ||
        json_read_unsigned(json, where, "cpus_nano", APP_CPUS_NANO_MAX, &out->cpus_nano, err) <
            0 ||
        json_read_unsigned(json, where, "memory_bytes", APP_MEMORY_BYTES_MAX,
                           &out->memory_bytes, err) < 0 ||
        json_read_unsigned(json, where, "cost_micro", FLEET_COST_MICRO_MAX, &out->cost_micro,
                           err) < 0 ||
        json_read_bool(json, where, "drained", &out->drained, err) < 0 ||
        read_tls(json, where, arena, out, err) < 0)
        return err->code;
    if (json_object_get(json, "expose") &&
        json_read_enum(json, where, "expose", exposes, arena, &expose, err) < 0)
        return err->code;
    if (json_object_get(json, "allow_exec") &&
        json_read_bool(json, where, "allow_exec", &out->allow_exec, err) < 0)
        return err->code;
    out->expose = (enum cluster_expose)expose;
    return check_cluster(out, where, err);
}

static int read_clusters(const json_t *json, struct fleet *fleet, struct err *err)
{
    if (json_read_object(json, "clusters", FLEET_CLUSTERS_MAX, err) < 0)
        return err->code;

    struct json_members members = json_members_sorted(fleet->arena, json);
    fleet->clusters = arena_array(fleet->arena, members.count, sizeof(*fleet->clusters));
    fleet->cluster_count = members.count;
    for (size_t i = 0; i < members.count; i++)
        if (read_cluster(members.items[i].value, members.items[i].key, fleet->arena,
                         &fleet->clusters[i], err) < 0)
            return err->code;
    return 0;
}

static int read_dns(const json_t *json, struct fleet *fleet, struct err *err)
{
    static const char *const keys[] = {"listen", "zone", "nameservers", NULL};
    struct fleet_dns *dns = &fleet->dns;

    if (json_read_keys(json, "dns", keys, err) < 0 ||
        json_read_strings(json, "dns", "listen", FLEET_LISTEN_MAX, fleet->arena, &dns->listen,
                          err) < 0 ||
        json_read_strings(json, "dns", "nameservers", FLEET_NAMESERVER_MAX, fleet->arena,
                          &dns->nameservers, err) < 0)
        return err->code;
    for (size_t i = 0; i < dns->listen.count; i++)
        if (!name_is_listen_address(dns->listen.items[i]))
            return wrong("dns", "listen", dns->listen.items[i], "ADDRESS:PORT", err);
    for (size_t i = 0; i < dns->nameservers.count; i++)
        if (!name_hostname(fleet->arena, dns->nameservers.items[i]))
            return wrong("dns", "nameservers", dns->nameservers.items[i], "a DNS name", err);
    if (!json_object_get(json, "zone"))
        return 0;
    if (json_read_text(json, "dns", "zone", fleet->arena, &dns->zone, err) < 0)
        return err->code;
    const char *zone = name_hostname(fleet->arena, dns->zone);
    if (!zone)
        return wrong("dns", "zone", dns->zone, "a DNS name", err);
    dns->zone = zone;
    return 0;
}

int fleet_from_json(struct fleet **out, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"clusters", "dns", NULL};
    struct arena *arena = arena_new();
    SCOPED(fleet_freep) struct fleet *fleet = arena_new_in(arena, struct fleet);

    fleet->arena = arena;
    if (json_read_keys(json, "", keys, err) < 0 ||
        read_clusters(json_object_get(json, "clusters"), fleet, err) < 0)
        return err->code;
    if (json_object_get(json, "dns") && read_dns(json_object_get(json, "dns"), fleet, err) < 0)
        return err->code;
    *out = take_ptr(&fleet);
    return 0;
}
