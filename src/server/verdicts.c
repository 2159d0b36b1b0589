/* SPDX-License-Identifier: Apache-2.0 */
#include "server/verdicts.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 80

struct known {
    enum replica_endpoint verdict;
    char key[KEY_SIZE]; /* "address port" */
};

void verdicts_init(struct verdicts *verdicts)
{
    map_init(&verdicts->known);
}

void verdicts_fini(struct verdicts *verdicts)
{
    size_t at = 0;
    void *known;

    while (map_next(&verdicts->known, &at, NULL, &known))
        free(known);
    map_fini(&verdicts->known);
}

void verdicts_clear(struct verdicts *verdicts)
{
    verdicts_fini(verdicts);
    verdicts_init(verdicts);
}

static enum replica_endpoint verdict_of(const char *text)
{
    if (text && strcmp(text, "up") == 0)
        return REPLICA_ENDPOINT_UP;
    if (text && strcmp(text, "down") == 0)
        return REPLICA_ENDPOINT_DOWN;
    return REPLICA_ENDPOINT_UNKNOWN;
}

static void make_key(char out[KEY_SIZE], const char *address, unsigned port)
{
    (void)snprintf(out, KEY_SIZE, "%.64s %u", address, port);
}

/* An endpoint of a table and an event both have address, port and verdict. */
static void read_verdict(struct verdicts *verdicts, const json_t *json, bool is_news)
{
    const char *address = json_string_value(json_object_get(json, "address"));
    json_int_t port = json_integer_value(json_object_get(json, "port"));
    char key[KEY_SIZE];

    make_key(key, address ? address : "", (unsigned)port);
    struct known *known = map_find(&verdicts->known, key);
    bool is_known = known != NULL;
    if (!is_known) {
        known = mem_new(struct known);
        memcpy(known->key, key, sizeof(key));
        (void)map_set(&verdicts->known, known->key, known);
    }
    if (is_news || !is_known)
        known->verdict = verdict_of(json_string_value(json_object_get(json, "verdict")));
}

void verdicts_read_table(struct verdicts *verdicts, const json_t *table)
{
    const json_t *names = json_object_get(table, "names");

    verdicts_clear(verdicts);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *endpoints = json_object_get(json_array_get(names, i), "endpoints");

        for (size_t j = 0; j < json_array_size(endpoints); j++)
            read_verdict(verdicts, json_array_get(endpoints, j), false);
    }
}

void verdicts_read_event(struct verdicts *verdicts, const json_t *event)
{
    read_verdict(verdicts, event, true);
}

enum replica_endpoint verdicts_find(const struct verdicts *verdicts, const char *address,
                                    unsigned port)
{
    char key[KEY_SIZE];

    make_key(key, address, port);
    const struct known *known = map_find(&verdicts->known, key);
    return known ? known->verdict : REPLICA_ENDPOINT_UNKNOWN;
}
