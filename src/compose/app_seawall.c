/* SPDX-License-Identifier: Apache-2.0 */
/* `x-seawall`: what Compose has no word for. */
#include "base/number.h"
#include "compose/app_build.h"
#include "model/fleet.h"
#include "model/name.h"
#include "model/probe_json.h"

#include <string.h>

#define NS_PER_S   UINT64_C(1000000000)
#define NS_PER_MS  UINT64_C(1000000)
#define TTL_S_MAX  86400u
#define STATUS_MIN 100u
#define STATUS_MAX 599u

static const char *read_hostname(struct builder *b, const struct node *map)
{
    const struct node *node = node_find(map, "hostname");
    const char *name = node ? name_hostname(b->app->arena, node->text) : NULL;

    if (node && !name)
        build_complain(b, node, "hostname", "a DNS name such as shop.example.test");
    return name;
}

/* Whole seconds, as DNS has them; `otherwise` when nothing is said. */
static unsigned read_ttl(struct builder *b, const struct node *map, unsigned otherwise)
{
    uint64_t ns = build_duration_ns(b, map, "ttl", TTL_S_MAX * NS_PER_S);
    const struct node *node = node_find(map, "ttl");

    if (!node)
        return otherwise;
    if (ns < NS_PER_S || ns % NS_PER_S)
        build_complain(b, node, "ttl", "whole seconds, one at least");
    return (unsigned)(ns / NS_PER_S);
}

static bool read_survive(struct builder *b, const struct node *map, struct survive *out)
{
    const struct node *node = node_find(map, "survive");

    for (unsigned level = 0; node && level < DOMAIN_LEVELS; level++)
        out->count[level] = build_number(b, node, domain_level_name((enum domain_level)level),
                                         0, FLEET_CLUSTERS_MAX);
    return node != NULL;
}

void build_seawall_app(struct builder *b, const struct node *node)
{
    if (!node)
        return;
    b->app->hostname = read_hostname(b, node);
    b->app->ttl_s = read_ttl(b, node, APP_TTL_DEFAULT_S);
    b->app->has_survive = read_survive(b, node, &b->app->survive);
}

/* The port of an URL is what clients use, the published one; the target's is accepted too. */
static const struct port *find_port(const struct service *service, unsigned number)
{
    const struct port *by_target = NULL;

    for (size_t i = 0; i < service->port_count; i++) {
        const struct port *port = &service->ports[i];

        if (port->protocol != PORT_TCP)
            continue;
        if (port->published_first && port->published_first <= number &&
            number <= port->published_last)
            return port;
        if (!by_target && port->target == number)
            by_target = port;
    }
    return by_target;
}

/* Goes into a request line, which it must not be able to end. */
static bool is_path(const char *path)
{
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return false;
    return strlen(path) <= PROBE_PATH_MAX;
}

/* "http://[HOST]:PORT[/PATH]" or "tcp://:PORT". False when it is neither. */
static bool read_url(struct builder *b, const char *url, struct probe *out, unsigned *number)
{
    bool is_http = strncmp(url, "http://", 7) == 0;

    if (!is_http && strncmp(url, "tcp://", 6) != 0)
        return false;
    url += is_http ? 7 : 6;
    size_t host_len = strcspn(url, ":/");
    const char *host = arena_strndup(b->shaping.arena, url, host_len);
    uint64_t port = 80;
    url += host_len;
    if (*url == ':') {
        size_t len = strcspn(++url, "/");

        if (number_read(url, len, 1, UINT16_MAX, &port) < 0)
            return false;
        url += len;
    } else if (!is_http) {
        return false;
    }
    out->kind = is_http ? PROBE_HTTP : PROBE_TCP;
    out->path = !is_http ? NULL : *url ? arena_strdup(b->app->arena, url) : "/";
    out->host = *host ? name_hostname(b->app->arena, host) : NULL;
    *number = (unsigned)port;
    if (*host && (!out->host || !is_http))
        return false;
    return is_http ? is_path(out->path) : !*url;
}

static unsigned read_ms(struct builder *b, const struct node *map, const char *key,
                        unsigned min, unsigned max)
{
    const struct node *node = node_find(map, key);
    uint64_t ns = build_duration_ns(b, map, key, max * NS_PER_MS);

    if (!node)
        return 0;
    if (ns < min * NS_PER_MS)
        build_complain(b, node, key, arena_printf(b->shaping.arena, "at least %ums", min));
    return (unsigned)(ns / NS_PER_MS);
}

static void build_probe(struct builder *b, const struct node *probe, struct service *out)
{
    const struct node *url = node_find(probe, "url");
    const struct node *status = node_find(probe, "status");
    unsigned number = 0;

    if (strcmp(url->text, "none") == 0)
        return;
    if (!read_url(b, url->text, &out->probe, &number)) {
        build_complain(b, url, "probe", "http://[HOST]:PORT[/PATH], tcp://:PORT or none");
        return;
    }
    const struct port *port = find_port(out, number);
    if (!port)
        (void)problems_add(b->shaping.problems, url->place,
                           "probe: the service publishes no TCP port %u", number);
    else
        out->probe.port = port->target;
    if (status && (status->integer < STATUS_MIN || status->integer > STATUS_MAX ||
                   out->probe.kind != PROBE_HTTP))
        build_complain(b, status, "status", "the code of an HTTP answer, 100 to 599");
    else if (status)
        out->probe.status = (unsigned)status->integer;
    out->probe.interval_ms =
        read_ms(b, probe, "interval", PROBE_INTERVAL_MS_MIN, PROBE_INTERVAL_MS_MAX);
    out->probe.timeout_ms =
        read_ms(b, probe, "timeout", PROBE_TIMEOUT_MS_MIN, PROBE_TIMEOUT_MS_MAX);
}

/* Without one, nobody would notice that clients reach nothing. */
static void put_default_probe(struct service *out)
{
    const struct port *port = service_steered_port(out);

    if (port)
        out->probe = (struct probe){.kind = PROBE_TCP, .port = port->target};
}

void build_seawall_service(struct builder *b, const struct node *node, struct service *out)
{
    const struct node *state = node_find(node, "state");
    const struct node *probe = node_find(node, "probe");

    if (!probe)
        put_default_probe(out);
    if (!node)
        return;
    out->hostname = read_hostname(b, node);
    out->ttl_s = read_ttl(b, node, 0);
    out->has_survive = read_survive(b, node, &out->survive);
    if (state)
        out->state = strcmp(state->text, "none") == 0 ? STATE_NONE : STATE_REPLICATED;
    if (probe)
        build_probe(b, probe, out);
}
