/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes get no answer or a sound one: of the size that the client takes, to the same id and
 * question, of whole records that end where the message ends.
 */
#include "dns/answer.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *nameservers[] = {"ns1.example.test", "ns.elsewhere.test"};

static void add_endpoint(struct table_endpoint *endpoint, const char *address,
                         const char *domain)
{
    endpoint->address = address;
    endpoint->weight = 1;
    endpoint->cluster = endpoint->region = endpoint->provider = domain;
}

static void add_name(struct table *table, size_t at, const char *name)
{
    table->names[at].name = name;
    table->names[at].ttl_s = 5;
    table_endpoints_new(table, &table->names[at], 6);
    add_endpoint(&table->names[at].endpoints[0], "192.0.2.1", "amber");
    add_endpoint(&table->names[at].endpoints[1], "192.0.2.2", "birch");
    add_endpoint(&table->names[at].endpoints[2], "192.0.2.3", "birch");
    add_endpoint(&table->names[at].endpoints[3], "192.0.2.4", "cedar");
    add_endpoint(&table->names[at].endpoints[4], "192.0.2.5", "cedar");
    add_endpoint(&table->names[at].endpoints[5], "2001:db8::1", "amber");
}

static struct authority *make_authority(void)
{
    static const struct authority_address listen = {false, {127, 0, 0, 1}};
    struct table *table = table_new(3);

    table->zone = "example.test";
    table->nameservers = (struct strings){nameservers, 2};
    table->serial = 1;
    add_name(table, 0, "a.b.example.test");
    add_name(table, 1, "outside.other");
    add_name(table, 2, "shop.example.test");
    table_seal(table);
    return authority_new(table, &listen, 1);
}

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Returns where the record at `at` ends. */
static size_t check_record(const uint8_t *reply, size_t len, size_t at, unsigned *opt_count)
{
    struct wire_name name;
    bool is_name = wire_name_read(&name, reply, len, &at);

    assert(is_name);
    assert(len - at >= 10);
    *opt_count += u16(reply + at) == WIRE_OPT;
    size_t data_len = u16(reply + at + 8);
    assert(data_len <= len - at - 10);
    return at + 10 + data_len;
}

static void check_reply(const uint8_t *query, size_t query_len, const uint8_t *reply,
                        size_t len)
{
    size_t at = WIRE_HEADER_SIZE;
    unsigned records = 0;
    unsigned opt_count = 0;

    assert(len >= WIRE_HEADER_SIZE);
    assert(memcmp(query, reply, 2) == 0);
    assert(reply[2] & 0x80);
    assert((reply[2] & 0x79) == (query[2] & 0x79)); /* opcode and RD */
    assert((reply[3] & 0xf0) == 0);
    assert(u16(reply + 4) <= 1);
    if (u16(reply + 4)) {
        struct wire_name name;
        bool is_name = wire_name_read(&name, reply, len, &at);

        assert(is_name);
        at += 4;
        assert(at <= len && at <= query_len);
        assert(memcmp(query + WIRE_HEADER_SIZE, reply + WIRE_HEADER_SIZE,
                      at - WIRE_HEADER_SIZE) == 0);
    }
    for (size_t i = 6; i < 12; i += 2)
        records += u16(reply + i);
    assert(records <= 64);
    for (unsigned i = 0; i < records; i++)
        at = check_record(reply, len, at, &opt_count);
    assert(at == len);
    assert(opt_count <= 1);
    if (reply[2] & 0x02)
        assert(u16(reply + 6) == 0 && u16(reply + 8) == 0);
}

static void check_answer(const struct authority *authority, const uint8_t *query, size_t len,
                         enum answer_transport transport, size_t size_max)
{
    static uint8_t reply[ANSWER_SIZE_MAX];
    struct answer_note note;
    struct random random;

    random_init(&random, len);
    size_t reply_len = answer_make(authority, &random, transport, query, len, reply, &note);

    assert(reply_len <= size_max);
    if (len < WIRE_HEADER_SIZE || query[2] & 0x80)
        assert(reply_len == 0);
    else
        check_reply(query, len, reply, reply_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct authority *authority;
    struct wire_query query;

    if (!authority)
        authority = make_authority();

    size_t udp_size = WIRE_UDP_SIZE_PLAIN;
    if (wire_query_read(&query, data, size) != WIRE_READ_DROP && query.has_edns)
        udp_size = query.udp_size < WIRE_UDP_SIZE_MAX ? query.udp_size : WIRE_UDP_SIZE_MAX;
    check_answer(authority, data, size, ANSWER_UDP, udp_size);
    check_answer(authority, data, size, ANSWER_TCP, ANSWER_SIZE_MAX);
    check_answer(NULL, data, size, ANSWER_UDP, udp_size);
    return 0;
}
