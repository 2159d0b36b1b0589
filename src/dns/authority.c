/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/authority.h"

#include "base/mem.h"
#include "model/dns_name.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* "hostmaster" with its length, in front of the apex (RFC 2142). */
#define HOSTMASTER_SIZE 11

/* Addresses of nameservers change as seldom as the delegation that repeats them. */
#define NAMESERVER_TTL_S 3600

#define SLOTS_MIN 16

struct slot {
    uint64_t hash;
    struct authority_node *node; /* NULL: free */
};

struct authority {
    struct arena *arena; /* all but the slots */
    struct table *table;
    struct slot *slots; /* open addressing, at most half full */
    size_t slot_count;  /* a power of two */
    size_t node_count;
    unsigned depth_max; /* labels of the deepest name */
    struct table_family listen_a, listen_aaaa;
    struct authority_nameserver *nameservers; /* their whole names, for zones outside */
};

/* Hashes a name from its last label to its first, so that each name above is hashed as well. */
static uint64_t hash_label(uint64_t hash, const uint8_t *label)
{
    size_t size = label[0] + (size_t)1;

    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = 0;

        memcpy(&word, label + i, size - i < 8 ? size - i : 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static uint64_t hash_name(const struct wire_name *name)
{
    uint64_t hash = 0;

    for (size_t i = name->label_count; i > 0; i--)
        hash = hash_label(hash, name->data + name->labels[i - 1]);
    return hash;
}

static struct authority_node *node_find(const struct authority *authority, uint64_t hash,
                                        const uint8_t *name, size_t name_len)
{
    size_t mask = authority->slot_count - 1;

    for (size_t i = hash & mask; authority->slots[i].node; i = (i + 1) & mask) {
        struct authority_node *node = authority->slots[i].node;

        if (authority->slots[i].hash == hash && node->name_len == name_len &&
            memcmp(node->name, name, name_len) == 0)
            return node;
    }
    return NULL;
}

const struct authority_node *authority_find(const struct authority *authority,
                                            const struct wire_name *name, bool *is_exact)
{
    uint64_t hashes[WIRE_LABELS_MAX];
    size_t first =
        name->label_count > authority->depth_max ? name->label_count - authority->depth_max : 0;
    uint64_t hash = 0;

    for (size_t i = name->label_count; i > first; i--)
        hashes[i - 1] = hash = hash_label(hash, name->data + name->labels[i - 1]);
    for (size_t i = first; i < name->label_count; i++) {
        size_t at = name->labels[i];
        const struct authority_node *node =
            node_find(authority, hashes[i], name->data + at, name->len - at);

        if (node) {
            *is_exact = i == 0;
            return node;
        }
    }
    return NULL;
}

/* Making. */

static void slot_fill(struct authority *authority, struct slot slot)
{
    size_t mask = authority->slot_count - 1;
    size_t i = slot.hash & mask;

    while (authority->slots[i].node)
        i = (i + 1) & mask;
    authority->slots[i] = slot;
}

static void slots_grow(struct authority *authority)
{
    struct slot *before = authority->slots;
    size_t count_before = authority->slot_count;

    authority->slot_count = count_before ? count_before * 2 : SLOTS_MIN;
    authority->slots = mem_array(authority->slot_count, sizeof(*authority->slots));
    for (size_t i = 0; i < count_before; i++)
        if (before[i].node)
            slot_fill(authority, before[i]);
    free(before);
}

/* The node of this name, made as an empty one if there is none. */
static struct authority_node *node_get(struct authority *authority,
                                       const struct wire_name *name)
{
    uint64_t hash = hash_name(name);
    struct authority_node *node = node_find(authority, hash, name->data, name->len);

    if (node)
        return node;
    if ((authority->node_count + 1) * 2 > authority->slot_count)
        slots_grow(authority);
    node = arena_alloc(authority->arena, sizeof(*node) + name->len);
    node->name_len = name->len;
    memcpy(node->name, name->data, name->len);
    slot_fill(authority, (struct slot){hash, node});
    authority->node_count++;
    if (name->label_count > authority->depth_max)
        authority->depth_max = name->label_count;
    return node;
}

/* What is left of a name without its first `count` labels; at least one is left. */
static void name_above(struct wire_name *out, const struct wire_name *name, size_t count)
{
    size_t skipped = name->labels[count];

    out->len = (uint8_t)(name->len - skipped);
    out->label_count = (uint8_t)(name->label_count - count);
    memcpy(out->data, name->data + skipped, out->len);
    for (size_t i = 0; i < out->label_count; i++)
        out->labels[i] = (uint8_t)(name->labels[i + count] - skipped);
}

/* The node of a name in this zone, with all the names between the two. */
static struct authority_node *node_get_within(struct authority *authority,
                                              const struct authority_zone *zone,
                                              const struct wire_name *name)
{
    struct authority_node *node = node_get(authority, name);

    node->zone = zone;
    for (size_t i = 1; i < name->label_count; i++) {
        struct wire_name above;

        name_above(&above, name, i);
        if (above.len <= zone->apex->name_len)
            break;
        node_get(authority, &above)->zone = zone;
    }
    return node;
}

static struct authority_zone *zone_new(struct authority *authority, const char *apex)
{
    struct authority_zone *zone = arena_new_in(authority->arena, struct authority_zone);
    struct wire_name name;

    wire_name_from_text(&name, apex);
    struct authority_node *node = node_get(authority, &name);
    node->zone = zone;
    node->is_apex = true;
    zone->apex = node;
    zone->nameservers = authority->nameservers;
    zone->nameserver_count = authority->table->nameservers.count;
    zone->has_hostmaster = name.len + HOSTMASTER_SIZE <= WIRE_NAME_MAX;
    return zone;
}

/* The names of nameservers as they are written outside of the table's zone. */
static void make_nameservers(struct authority *authority)
{
    const struct strings *names = &authority->table->nameservers;

    authority->nameservers =
        arena_array(authority->arena, names->count, sizeof(*authority->nameservers));
    for (size_t i = 0; i < names->count; i++) {
        struct wire_name name;

        wire_name_from_text(&name, names->items[i]);
        authority->nameservers[i].labels =
            (const uint8_t *)arena_strndup(authority->arena, (const char *)name.data, name.len);
        authority->nameservers[i].len = name.len;
    }
}

/* The names of nameservers as the table's zone writes them: short. */
static void make_relative(struct authority *authority, struct authority_zone *zone)
{
    const struct table *table = authority->table;
    struct authority_nameserver *relative =
        arena_array(authority->arena, table->nameservers.count, sizeof(*zone->nameservers));

    for (size_t i = 0; i < table->nameservers.count; i++) {
        relative[i] = authority->nameservers[i];
        if (!dns_name_is_within(table->nameservers.items[i], table->zone))
            continue;
        relative[i].len = (uint8_t)(relative[i].len - zone->apex->name_len);
        relative[i].is_relative = true;
    }
    zone->nameservers = relative;
}

/*
 * The zone of a name outside of the table's: the shortest steered name that holds it, so that a
 * steered name below another one is part of that one's zone.
 */
static const char *outside_apex(const struct table *table, const char *name)
{
    const char *apex = name;

    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
        if (table_find(table, dot + 1))
            apex = dot + 1;
    return apex;
}

static const struct authority_zone *zone_of(struct authority *authority,
                                            const struct authority_zone *own, const char *name)
{
    struct wire_name apex;

    if (dns_name_is_within(name, authority->table->zone))
        return own;

    const char *text = outside_apex(authority->table, name);
    wire_name_from_text(&apex, text);
    const struct authority_node *node =
        node_find(authority, hash_name(&apex), apex.data, apex.len);
    return node ? node->zone : zone_new(authority, text);
}

static void add_steered(struct authority *authority, const struct authority_zone *own,
                        const struct table_name *steered)
{
    struct wire_name name;

    wire_name_from_text(&name, steered->name);
    struct authority_node *node =
        node_get_within(authority, zone_of(authority, own, steered->name), &name);
    node->ttl_s = steered->ttl_s;
    node->is_steered = true;
    node->a = steered->a;
    node->aaaa = steered->aaaa;
}

/* Addresses of equal weight, each a failure domain of its own. */
static struct table_family make_family(struct authority *authority, bool is_ipv6,
                                       const struct authority_address *addresses, size_t count)
{
    struct table_candidate *candidates =
        arena_array(authority->arena, count, sizeof(*candidates));
    uint32_t made = 0;

    for (size_t i = 0; i < count; i++) {
        struct table_candidate *candidate = &candidates[made];

        if (addresses[i].is_ipv6 != is_ipv6)
            continue;
        memcpy(candidate->ip, addresses[i].ip, sizeof(candidate->ip));
        candidate->before = made;
        candidate->weight = 1;
        for (size_t level = 0; level < DOMAIN_LEVELS; level++)
            candidate->domains[level] = (struct table_range){made, made + 1};
        made++;
    }
    return (struct table_family){candidates, made, made};
}

/*
 * A nameserver's name inside our zones exists, even if its addresses are not known here: "no
 * such name" would undo the glue of the delegation. Only of a sole nameserver is it known that
 * we are it.
 */
static void add_nameserver(struct authority *authority, size_t at)
{
    struct wire_name name;
    bool is_exact;
    struct authority_nameserver *nameserver = &authority->nameservers[at];

    wire_name_from_text(&name, authority->table->nameservers.items[at]);
    const struct authority_node *above = authority_find(authority, &name, &is_exact);
    if (!above)
        return;
    struct authority_node *node = node_get_within(authority, above->zone, &name);
    if (authority->table->nameservers.count == 1 && !node->is_steered) {
        node->ttl_s = NAMESERVER_TTL_S;
        node->a = authority->listen_a;
        node->aaaa = authority->listen_aaaa;
    }
    nameserver->node = node;
}

struct authority *authority_new(struct table *table, const struct authority_address *addresses,
                                size_t address_count)
{
    struct authority *authority = mem_new(struct authority);

    authority->arena = arena_new();
    authority->table = table;
    slots_grow(authority);
    authority->listen_a = make_family(authority, false, addresses, address_count);
    authority->listen_aaaa = make_family(authority, true, addresses, address_count);
    make_nameservers(authority);

    struct authority_zone *own = zone_new(authority, table->zone);
    for (size_t i = 0; i < table->name_count; i++)
        add_steered(authority, own, &table->names[i]);
    for (size_t i = 0; i < table->nameservers.count; i++)
        add_nameserver(authority, i);
    make_relative(authority, own);
    return authority;
}

struct authority *authority_free(struct authority *authority)
{
    if (!authority)
        return NULL;
    free(authority->slots);
    (void)table_free(authority->table);
    (void)arena_free(authority->arena);
    free(authority);
    return NULL;
}

void authority_freep(struct authority **authority)
{
    *authority = authority_free(*authority);
}

const struct table *authority_table(const struct authority *authority)
{
    return authority->table;
}
