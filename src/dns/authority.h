/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the nameserver is authoritative for: a steering table, made ready for lookups by the
 * names of queries.
 *
 * Immutable once made, read by any number of threads. It owns its table. Pure.
 *
 * There is the zone of the table. A steered name outside of it is a zone of its own, with the
 * same nameservers: it works when the operator of the name above delegates it to them.
 */
#pragma once

#include "base/attr.h"
#include "dns/wire.h"
#include "steer/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct authority_address {
    bool is_ipv6;
    uint8_t ip[16];
};

/*
 * A name that exists; one that has no data is an empty non-terminal (RFC 8020). All that an
 * answer needs is in one place: of many names, most are in no cache.
 */
struct authority_node {
    const struct authority_zone *zone;
    struct table_family a, aaaa; /* copies; the candidates are the table's */
    unsigned ttl_s;
    bool is_apex, is_steered;
    uint8_t name_len;
    uint8_t name[]; /* as in wire_name.data */
};

struct authority_nameserver {
    const uint8_t *labels;
    uint8_t len;
    bool is_relative;                  /* the labels end where the apex of the zone begins */
    const struct authority_node *node; /* NULL: its addresses are somebody else's to say */
};

struct authority_zone {
    const struct authority_node *apex;
    const struct authority_nameserver *nameservers;
    size_t nameserver_count;
    bool has_hostmaster; /* false: its name would be too long */
};

struct authority;

/*
 * Takes the sealed table. `addresses` are where this nameserver listens, as far as clients may
 * know them: they are what the name of a sole nameserver inside the zone is answered with,
 * unless it is a steered name itself.
 */
struct authority *authority_new(struct table *table, const struct authority_address *addresses,
                                size_t address_count) MUST_USE;

/* Accepts NULL. Returns NULL. Frees the table. */
struct authority *authority_free(struct authority *authority);
void authority_freep(struct authority **authority);

const struct table *authority_table(const struct authority *authority);

/*
 * The node of this name, or else of the nearest name above it that there is; *is_exact says
 * which. NULL: the name is in none of our zones.
 */
const struct authority_node *authority_find(const struct authority *authority,
                                            const struct wire_name *name, bool *is_exact);
