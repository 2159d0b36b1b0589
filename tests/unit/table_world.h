/* SPDX-License-Identifier: Apache-2.0 */
/* Small steering tables for tests, from text. */
#pragma once

#include "base/number.h"
#include "steer/table.h"

#include <assert.h>
#include <string.h>

/* Reads one word of at most 63 bytes; returns what follows it. */
static inline const char *world_word(const char *text, char out[64])
{
    size_t len = strcspn(text, " ");

    assert(len < 64);
    memcpy(out, text, len);
    out[len] = '\0';
    return text + len + strspn(text + len, " ");
}

static inline const char *world_copy(struct table *table, const char *text, const char **out)
{
    char word[64];

    text = world_word(text, word);
    *out = arena_strdup(table->arena, word);
    return text;
}

/*
 * Fills in a name: one endpoint a line, "address weight cluster region provider". Sorted by
 * address, as the intent is.
 */
static inline void world_name(struct table *table, size_t at, const char *name,
                              const char *const *lines, size_t line_count)
{
    struct table_name *out = &table->names[at];

    out->name = name;
    out->app = out->service = "shop";
    out->ttl_s = 5;
    table_endpoints_new(table, out, line_count);
    for (size_t i = 0; i < line_count; i++) {
        struct table_endpoint *endpoint = &out->endpoints[i];
        const char *weight;
        uint64_t number;
        const char *rest = world_copy(table, lines[i], &endpoint->address);

        rest = world_copy(table, rest, &weight);
        int r = number_read(weight, strlen(weight), 0, UINT32_MAX, &number);
        assert(r == 0);
        (void)r;
        endpoint->weight = (unsigned)number;
        endpoint->port = (uint16_t)(80 + i);
        rest = world_copy(table, rest, &endpoint->cluster);
        rest = world_copy(table, rest, &endpoint->region);
        (void)world_copy(table, rest, &endpoint->provider);
        endpoint->why = "up";
    }
}

#define WORLD_LINES(lines) (lines), sizeof(lines) / sizeof((lines)[0])

/* A sealed table of one name in the zone example.test. */
static inline struct table *world_of(const char *const *lines, size_t line_count)
{
    static const char *nameservers[] = {"ns1.example.test"};
    struct table *table = table_new(1);

    table->zone = "example.test";
    table->nameservers = (struct strings){nameservers, 1};
    table->serial = 1;
    world_name(table, 0, "shop.example.test", lines, line_count);
    table_seal(table);
    return table;
}
