/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/table_json.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <stdio.h>

#define REASON_SIZE 1024 /* a name, an address, a cluster and a reason, each at its longest */

static json_t *since_to_json(int64_t since_ms)
{
    char text[CLOCK_TEXT_SIZE];

    return since_ms ? json_string(clock_text(since_ms, text)) : json_null();
}

static json_t *endpoint_to_json(const struct table_endpoint *endpoint)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:s}", "address",
                     endpoint->address, "port", endpoint->port, "cluster", endpoint->cluster,
                     "region", endpoint->region, "provider", endpoint->provider, "verdict",
                     verdict_state_name(endpoint->verdict), "since",
                     since_to_json(endpoint->since_ms), "weight", (json_int_t)endpoint->weight,
                     "answered", endpoint->weight > 0, "why", endpoint->why);
}

static json_t *name_to_json(const struct table_name *name)
{
    json_t *endpoints = json_array();

    for (size_t i = 0; i < name->endpoint_count; i++)
        (void)json_array_append_new(endpoints, endpoint_to_json(&name->endpoints[i]));
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:o}", "name", name->name, "app", name->app,
                     "service", name->service, "ttl", (json_int_t)name->ttl_s, "fail_open",
                     name->fail_open, "endpoints", endpoints);
}

json_t *table_to_json(const struct table *table)
{
    json_t *names = json_array();

    for (size_t i = 0; table && i < table->name_count; i++)
        (void)json_array_append_new(names, name_to_json(&table->names[i]));
    return json_pack("{s:I, s:I, s:s?, s:o}", "generation",
                     table ? (json_int_t)table->generation : 0, "serial",
                     table ? (json_int_t)table->serial : 0, "zone", table ? table->zone : NULL,
                     "names", names);
}

static void add_addresses(json_t *answers, const struct table_family *family, int af)
{
    char text[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < family->count; i++)
        (void)json_array_append_new(
            answers, json_string(inet_ntop(af, family->candidates[i].ip, text, sizeof(text))));
}

static json_t *answers_to_json(const struct change *change)
{
    json_t *answers = json_array();

    if (change->is_gone)
        return answers;
    add_addresses(answers, &change->name->a, AF_INET);
    add_addresses(answers, &change->name->aaaa, AF_INET6);
    return answers;
}

static void reason(char out[REASON_SIZE], const struct change *change)
{
    const struct table_name *name = change->name;
    const struct table_endpoint *endpoint = change->endpoint;
    size_t count = name->a.count + name->aaaa.count;
    int len = snprintf(out, REASON_SIZE, "%s: ", name->name);
    size_t left = REASON_SIZE - (size_t)len;

    out += len;
    if (change->is_gone)
        (void)snprintf(out, left, "no longer answered");
    else if (change->kind == CHANGE_VERDICT)
        (void)snprintf(out, left, "%s port %u at %s: %s", endpoint->address, endpoint->port,
                       endpoint->cluster, endpoint->why);
    else if (!endpoint)
        (void)snprintf(out, left, "%zu address%s answered", count, count == 1 ? "" : "es");
    else
        (void)snprintf(out, left, "%zu address%s answered, as %s port %u at %s is %s", count,
                       count == 1 ? "" : "es", endpoint->address, endpoint->port,
                       endpoint->cluster, verdict_state_name(endpoint->verdict));
}

json_t *change_to_json(const struct change *change)
{
    const struct table_endpoint *endpoint = change->endpoint;
    char text[REASON_SIZE];

    reason(text, change);
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:s}", "kind",
                     change->kind == CHANGE_VERDICT ? "verdict" : "answers", "name",
                     change->name->name, "address", endpoint ? endpoint->address : "", "port",
                     endpoint ? endpoint->port : 0, "cluster",
                     endpoint ? endpoint->cluster : "", "verdict",
                     endpoint ? verdict_state_name(endpoint->verdict) : "", "answers",
                     answers_to_json(change), "reason", text);
}
