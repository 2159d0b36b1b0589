/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A nameserver for tests: answers what it is told, without probes and policy.
 *
 *     dns_tool ADDRESS:PORT...
 *
 * Says "ready" when it listens. Each line of its input is an intent as JSON, all of whose
 * endpoints are answered with their weights; says "published" when it is. The line "counters"
 * gets them as JSON. Ends with its input.
 */
#include "base/arena.h"
#include "dns/server.h"
#include "model/intent_json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_endpoint(struct arena *arena, struct table_endpoint *out,
                          const struct endpoint *in)
{
    out->address = arena_strdup(arena, in->address);
    out->port = in->port;
    out->cluster = arena_strdup(arena, in->cluster);
    out->region = arena_strdup(arena, in->region);
    out->provider = arena_strdup(arena, in->provider);
    out->weight = in->weight;
    out->why = "up";
}

static void copy_name(struct table *table, struct table_name *out, const struct intent_name *in)
{
    out->name = arena_strdup(table->arena, in->name);
    out->app = arena_strdup(table->arena, in->app);
    out->service = arena_strdup(table->arena, in->service);
    out->ttl_s = in->ttl_s;
    table_endpoints_new(table, out, in->endpoint_count);
    for (size_t i = 0; i < in->endpoint_count; i++)
        copy_endpoint(table->arena, &out->endpoints[i], &in->endpoints[i]);
}

static struct table *table_of(const struct intent *intent)
{
    struct table *table = table_new(intent->name_count);
    const char **nameservers =
        arena_array(table->arena, intent->nameservers.count, sizeof(*nameservers));

    for (size_t i = 0; i < intent->nameservers.count; i++)
        nameservers[i] = arena_strdup(table->arena, intent->nameservers.items[i]);
    table->generation = intent->generation;
    table->serial = (uint32_t)intent->generation;
    table->zone = arena_strdup(table->arena, intent->zone);
    table->nameservers = (struct strings){nameservers, intent->nameservers.count};
    for (size_t i = 0; i < intent->name_count; i++)
        copy_name(table, &table->names[i], &intent->names[i]);
    table_seal(table);
    return table;
}

static int publish(struct dns_server *server, const char *line, size_t len, struct err *err)
{
    SCOPED(intent_freep) struct intent *intent = NULL;

    if (intent_parse(&intent, line, len, err) < 0)
        return err->code;
    dns_server_publish(server, table_of(intent));
    (void)printf("published\n");
    return 0;
}

static void print_counters(const struct dns_server *server)
{
    json_t *json = json_object();
    struct dns_counters counters;

    dns_server_counters(server, &counters);
    for (size_t i = 0; i < DNS_COUNTERS; i++)
        (void)json_object_set_new(json, dns_counter_name((enum dns_counter)i),
                                  json_integer((json_int_t)counters.of[i]));
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)printf("\n");
    json_decref(json);
}

int main(int argc, char **argv)
{
    struct dns_server_options options = {
        .listen = {(const char **)(uintptr_t)(argv + 1), (size_t)argc - 1}};
    SCOPED(dns_server_closep) struct dns_server *server = NULL;
    struct err err = {0};
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    int r = dns_server_open(&server, &options, &err);
    if (r == 0)
        (void)printf("ready\n");
    (void)fflush(stdout);
    while (r == 0 && (len = getline(&line, &size, stdin)) > 0) {
        if (strcmp(line, "counters\n") == 0)
            print_counters(server);
        else
            r = publish(server, line, (size_t)len, &err);
        (void)fflush(stdout);
    }
    free(line);
    if (r < 0)
        (void)fprintf(stderr, "dns_tool: %s\n", err.text);
    return r < 0;
}
