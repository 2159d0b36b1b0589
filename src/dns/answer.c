/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/answer.h"

#include <assert.h>

/*
 * Nameservers change seldom, and a resolver that knows them is not hurt when the parent's
 * nameservers are. An hour, not a day: a wrong name must not last longer than a working day.
 */
#define NS_TTL_S 3600

/*
 * Nobody transfers the zone yet, so these are for readers of the record: it is as fresh as the
 * table, and a copy that cannot refresh is better than nothing for a week.
 */
#define SOA_TTL_S     60
#define SOA_REFRESH_S 60
#define SOA_RETRY_S   30
#define SOA_EXPIRE_S  604800

struct answer {
    struct wire_reply reply;
    const struct authority *authority;
    const struct authority_node *node;
    struct random *random;
    size_t apex_at; /* where the message has the name of the zone's apex */
    struct wire_ref owner;
};

static struct wire_ref nameserver_ref(const struct answer *answer,
                                      const struct authority_nameserver *nameserver)
{
    return (struct wire_ref){nameserver->labels, nameserver->len,
                             nameserver->is_relative ? answer->apex_at : 0};
}

/* Returns false when not all of them had room. */
static bool add_family(struct answer *answer, enum wire_section section,
                       const struct wire_ref *owner, const struct authority_node *node,
                       bool is_ipv6)
{
    const struct table_candidate *picked[TABLE_ANSWER_MAX];
    size_t count = table_pick(is_ipv6 ? &node->aaaa : &node->a, answer->random, picked);
    bool is_whole = true;

    for (size_t i = 0; i < count; i++)
        is_whole &= wire_add_address(&answer->reply, section, owner, is_ipv6, node->ttl_s,
                                     picked[i]->ip);
    return is_whole;
}

static bool add_soa(struct answer *answer, enum wire_section section, uint32_t ttl_s)
{
    static const uint8_t hostmaster[] = "\012hostmaster";
    const struct authority_zone *zone = answer->node->zone;
    struct wire_ref apex = {NULL, 0, answer->apex_at};
    struct wire_soa soa = {
        .mname = nameserver_ref(answer, &zone->nameservers[0]),
        .rname = apex,
        .serial = authority_table(answer->authority)->serial,
        .refresh_s = SOA_REFRESH_S,
        .retry_s = SOA_RETRY_S,
        .expire_s = SOA_EXPIRE_S,
        .minimum_s = ANSWER_NEGATIVE_TTL_S,
    };

    if (zone->has_hostmaster) {
        soa.rname.labels = hostmaster;
        soa.rname.len = sizeof(hostmaster) - 1;
    }
    return wire_add_soa(&answer->reply, section, &apex, ttl_s, &soa);
}

/* The addresses of nameservers as far as we know them, and as far as there is room. */
static void add_glue(struct answer *answer)
{
    const struct authority_zone *zone = answer->node->zone;

    for (size_t i = 0; i < zone->nameserver_count; i++) {
        const struct authority_nameserver *nameserver = &zone->nameservers[i];
        struct wire_ref owner = nameserver_ref(answer, nameserver);

        if (!nameserver->node)
            continue;
        (void)add_family(answer, WIRE_ADDITIONAL, &owner, nameserver->node, false);
        (void)add_family(answer, WIRE_ADDITIONAL, &owner, nameserver->node, true);
    }
}

static bool add_nameservers(struct answer *answer)
{
    const struct authority_zone *zone = answer->node->zone;

    for (size_t i = 0; i < zone->nameserver_count; i++) {
        struct wire_ref nameserver = nameserver_ref(answer, &zone->nameservers[i]);

        if (!wire_add_ns(&answer->reply, &answer->owner, NS_TTL_S, &nameserver))
            return false;
    }
    add_glue(answer);
    return true;
}

/* RFC 8482 section 4.1: who asks for everything gets one of the things that there are. */
static uint16_t choose_type(const struct authority_node *node)
{
    if (node->a.count)
        return WIRE_A;
    if (node->aaaa.count)
        return WIRE_AAAA;
    return WIRE_SOA;
}

/* Adds what the name has of this type, perhaps nothing. False when there was no room. */
static bool add_records(struct answer *answer, uint16_t type)
{
    if (type == WIRE_ANY)
        type = choose_type(answer->node);
    if (type == WIRE_A || type == WIRE_AAAA)
        return add_family(answer, WIRE_ANSWER, &answer->owner, answer->node, type == WIRE_AAAA);
    if (type == WIRE_SOA && answer->node->is_apex)
        return add_soa(answer, WIRE_ANSWER, SOA_TTL_S);
    if (type == WIRE_NS && answer->node->is_apex)
        return add_nameservers(answer);
    return true;
}

/* What can be said without looking at the name; WIRE_NOERROR: look. */
static enum wire_rcode check_question(const struct wire_query *query)
{
    if (query->class != WIRE_CLASS_IN)
        return WIRE_REFUSED;
    switch (query->type) {
    case WIRE_OPT:
    case WIRE_TKEY:
    case WIRE_TSIG:
        return WIRE_FORMERR;
    case WIRE_IXFR:
    case WIRE_AXFR:
        return WIRE_REFUSED;
    case WIRE_MAILB:
    case WIRE_MAILA:
        return WIRE_NOTIMP;
    default:
        return WIRE_NOERROR;
    }
}

static enum wire_rcode answer_query(struct answer *answer, const struct wire_query *query,
                                    bool *is_authoritative)
{
    enum wire_rcode rcode = check_question(query);
    bool is_exact;

    if (query->edns_version)
        return WIRE_BADVERS;
    if (!answer->authority)
        return WIRE_SERVFAIL;
    if (rcode != WIRE_NOERROR)
        return rcode;
    answer->node = authority_find(answer->authority, &query->name, &is_exact);
    if (!answer->node)
        return WIRE_REFUSED;

    *is_authoritative = true;
    answer->apex_at =
        WIRE_HEADER_SIZE + (size_t)query->name.len - answer->node->zone->apex->name_len;
    answer->owner.suffix = WIRE_HEADER_SIZE;
    if (is_exact && !add_records(answer, query->type))
        wire_reply_truncate(&answer->reply);
    else if (answer->reply.counts[WIRE_ANSWER] == 0 &&
             !add_soa(answer, WIRE_AUTHORITY, ANSWER_NEGATIVE_TTL_S))
        wire_reply_truncate(&answer->reply);
    return is_exact ? WIRE_NOERROR : WIRE_NXDOMAIN;
}

static size_t size_allowed(const struct wire_query *query, enum answer_transport transport)
{
    if (transport == ANSWER_TCP)
        return ANSWER_SIZE_MAX;
    return query->udp_size < WIRE_UDP_SIZE_MAX ? query->udp_size : WIRE_UDP_SIZE_MAX;
}

size_t answer_make(const struct authority *authority, struct random *random,
                   enum answer_transport transport, const uint8_t *message, size_t len,
                   uint8_t *out, struct answer_note *note)
{
    struct answer answer = {.authority = authority, .random = random};
    bool is_authoritative = false;
    struct wire_query query;
    enum wire_reading reading = wire_query_read(&query, message, len);

    if (reading == WIRE_READ_DROP)
        return 0;
    wire_reply_init(&answer.reply, out, size_allowed(&query, transport), &query, message);
    if (reading == WIRE_READ_BAD)
        note->rcode = WIRE_FORMERR;
    else if (reading == WIRE_READ_OTHER)
        note->rcode = WIRE_NOTIMP;
    else
        note->rcode = answer_query(&answer, &query, &is_authoritative);
    note->is_truncated = answer.reply.is_truncated;
    return wire_reply_end(&answer.reply, note->rcode, is_authoritative);
}
