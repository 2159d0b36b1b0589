/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/wire.h"

#include <assert.h>
#include <string.h>

#define LABEL_MAX     63
#define POINTER_MARK  0xc0
#define OFFSET_MAX    0x3fff
#define OPT_SIZE      11 /* without options */
#define RECORD_SIZE   10 /* type, class, ttl and length: all between owner and data */
#define DO_FLAG       0x8000
#define OPCODE_SHIFT  11
#define QUERY_OPCODE  0
#define OPTION_HEADER 4

enum header_flag {
    FLAG_QR = 0x8000,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
};

static uint16_t load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void store_u16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void store_u32(uint8_t *p, uint32_t value)
{
    store_u16(p, value >> 16);
    store_u16(p + 2, value & 0xffff);
}

/* Names. */

/* Lengths of labels are below 'A', so they can be lower-cased along with the text. */
static void copy_lower(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_upper = (uint8_t)(in[i] - 'A') < 26;

        out[i] = (uint8_t)(in[i] | is_upper << 5);
    }
}

/* `label` has its length in front. The caller checked that there is room. */
static void name_add(struct wire_name *name, const uint8_t *label, size_t size)
{
    name->labels[name->label_count++] = name->len;
    copy_lower(name->data + name->len, label, size);
    name->len = (uint8_t)(name->len + size);
}

static void name_end(struct wire_name *name)
{
    name->data[name->len++] = 0;
}

bool wire_name_read(struct wire_name *out, const uint8_t *message, size_t len, size_t *at)
{
    size_t here = *at;
    size_t part = here; /* where the part that is being read begins */
    size_t end = 0;     /* behind the first pointer */

    out->len = 0;
    out->label_count = 0;
    while (here < len && message[here] != 0) {
        size_t size = message[here] + (size_t)1;

        if (size > POINTER_MARK) {
            if (len - here < 2)
                return false;
            if (!end)
                end = here + 2;
            here = load_u16(message + here) & OFFSET_MAX;
            if (here >= part)
                return false;
            part = here;
            continue;
        }
        if (size > LABEL_MAX + 1 || size > len - here || out->len + size >= WIRE_NAME_MAX)
            return false;
        name_add(out, message + here, size);
        here += size;
    }
    if (here >= len)
        return false;
    name_end(out);
    *at = end ? end : here + 1;
    return true;
}

void wire_name_from_text(struct wire_name *out, const char *text)
{
    out->len = 0;
    out->label_count = 0;
    while (*text) {
        uint8_t label[LABEL_MAX + 1];
        size_t len = strcspn(text, ".");

        assert(len >= 1 && len <= LABEL_MAX && out->len + len + 1 < WIRE_NAME_MAX);
        label[0] = (uint8_t)len;
        memcpy(label + 1, text, len);
        name_add(out, label, len + 1);
        text += len + (text[len] == '.');
    }
    name_end(out);
}

/* Queries. */

static bool options_are_well_formed(const uint8_t *options, size_t len)
{
    while (len >= OPTION_HEADER) {
        size_t size = OPTION_HEADER + (size_t)load_u16(options + 2);

        if (size > len)
            return false;
        options += size;
        len -= size;
    }
    return len == 0;
}

/* `fields` is what follows the owner's name, `len` the length of its data. */
static bool opt_read(struct wire_query *query, const uint8_t *fields, size_t len)
{
    uint16_t udp_size = load_u16(fields + 2);

    if (query->has_edns)
        return false;
    query->has_edns = true;
    query->edns_version = fields[5];
    query->dnssec_ok = load_u16(fields + 6) & DO_FLAG;
    if (udp_size > query->udp_size)
        query->udp_size = udp_size;
    /* What a later version has for options is not ours to judge: it gets BADVERS. */
    return query->edns_version || options_are_well_formed(fields + RECORD_SIZE, len);
}

/* Reads one record; all but OPT are only skipped. */
static bool record_read(struct wire_query *query, const uint8_t *message, size_t len,
                        size_t *at, bool is_additional)
{
    struct wire_name owner;

    if (!wire_name_read(&owner, message, len, at) || len - *at < RECORD_SIZE)
        return false;

    const uint8_t *fields = message + *at;
    size_t data_len = load_u16(fields + 8);

    *at += RECORD_SIZE;
    if (data_len > len - *at)
        return false;
    *at += data_len;
    if (load_u16(fields) != WIRE_OPT)
        return true;
    return is_additional && owner.len == 1 && opt_read(query, fields, data_len);
}

/* Nothing is before the question that a pointer could mean, so its name has none. */
static bool question_read(struct wire_query *query, const uint8_t *message, size_t len,
                          size_t *at)
{
    size_t name_at = *at;

    if (!wire_name_read(&query->name, message, len, at) || *at - name_at != query->name.len ||
        len - *at < 4)
        return false;
    query->type = load_u16(message + *at);
    query->class = load_u16(message + *at + 2);
    *at += 4;
    query->question_len = *at - name_at;
    return true;
}

static bool body_read(struct wire_query *query, const uint8_t *message, size_t len)
{
    size_t before_additional = (size_t)load_u16(message + 6) + load_u16(message + 8);
    size_t records = before_additional + load_u16(message + 10);
    size_t at = WIRE_HEADER_SIZE;

    /* RFC 9619: a query has one question. */
    if (load_u16(message + 4) != 1 || !question_read(query, message, len, &at) ||
        records > WIRE_QUERY_RECORDS_MAX)
        return false;
    for (size_t i = 0; i < records; i++)
        if (!record_read(query, message, len, &at, i >= before_additional))
            return false;
    return at == len;
}

enum wire_reading wire_query_read(struct wire_query *out, const uint8_t *message, size_t len)
{
    if (len < WIRE_HEADER_SIZE)
        return WIRE_READ_DROP;

    uint16_t flags = load_u16(message + 2);

    /* Two servers that answer answers would never stop. */
    if (flags & FLAG_QR)
        return WIRE_READ_DROP;
    out->opcode = flags >> OPCODE_SHIFT & 0xf;
    out->recursion_desired = flags & FLAG_RD;
    out->question_len = 0;
    out->has_edns = false;
    out->edns_version = 0;
    out->dnssec_ok = false;
    out->udp_size = WIRE_UDP_SIZE_PLAIN;

    bool is_whole = body_read(out, message, len);
    if (out->opcode == QUERY_OPCODE)
        return is_whole ? WIRE_READ_OK : WIRE_READ_BAD;
    /* Other opcodes may mean something else by their bytes. */
    if (!is_whole) {
        out->question_len = 0;
        out->has_edns = false;
    }
    return WIRE_READ_OTHER;
}

/* Replies. */

void wire_reply_init(struct wire_reply *reply, uint8_t *data, size_t size_max,
                     const struct wire_query *query, const uint8_t *message)
{
    assert(size_max >= WIRE_UDP_SIZE_PLAIN);

    *reply = (struct wire_reply){
        .query = query,
        .data = data,
        .size_max = size_max - (query->has_edns ? OPT_SIZE : 0),
        .question_end = WIRE_HEADER_SIZE + query->question_len,
    };
    memcpy(data, message, reply->question_end);
    reply->len = reply->question_end;
}

/* Room for `size` more bytes, or NULL, which the end of the record finds out. */
static uint8_t *take(struct wire_reply *reply, size_t size)
{
    if (size > reply->size_max - reply->len) {
        reply->is_full = true;
        return NULL;
    }
    reply->len += size;
    return reply->data + reply->len - size;
}

static void put_bytes(struct wire_reply *reply, const uint8_t *bytes, size_t len)
{
    uint8_t *p = take(reply, len);

    if (p)
        memcpy(p, bytes, len);
}

static void put_u16(struct wire_reply *reply, size_t value)
{
    uint8_t *p = take(reply, 2);

    if (p)
        store_u16(p, value);
}

static void put_u32(struct wire_reply *reply, uint32_t value)
{
    put_u16(reply, value >> 16);
    put_u16(reply, value & 0xffff);
}

static void put_ref(struct wire_reply *reply, const struct wire_ref *ref)
{
    assert(ref->suffix <= OFFSET_MAX);

    if (ref->len)
        put_bytes(reply, ref->labels, ref->len);
    if (ref->suffix)
        put_u16(reply, POINTER_MARK << 8 | ref->suffix);
}

/* Returns where the data will begin. */
static size_t record_begin(struct wire_reply *reply, const struct wire_ref *owner,
                           uint16_t type, uint32_t ttl_s)
{
    put_ref(reply, owner);

    uint8_t *fields = take(reply, RECORD_SIZE);

    if (fields) {
        store_u16(fields, type);
        store_u16(fields + 2, WIRE_CLASS_IN);
        store_u32(fields + 4, ttl_s);
    }
    return reply->len;
}

/* Either the whole record, which began at `begin` with its data at `data`, or nothing. */
static bool record_end(struct wire_reply *reply, enum wire_section section, size_t begin,
                       size_t data)
{
    if (reply->is_full) {
        reply->is_full = false;
        reply->len = begin;
        return false;
    }
    store_u16(reply->data + data - 2, reply->len - data);
    reply->counts[section]++;
    return true;
}

bool wire_add_address(struct wire_reply *reply, enum wire_section section,
                      const struct wire_ref *owner, bool is_ipv6, uint32_t ttl_s,
                      const uint8_t *ip)
{
    size_t begin = reply->len;
    size_t data = record_begin(reply, owner, is_ipv6 ? WIRE_AAAA : WIRE_A, ttl_s);

    put_bytes(reply, ip, is_ipv6 ? 16 : 4);
    return record_end(reply, section, begin, data);
}

bool wire_add_ns(struct wire_reply *reply, const struct wire_ref *owner, uint32_t ttl_s,
                 const struct wire_ref *nameserver)
{
    size_t begin = reply->len;
    size_t data = record_begin(reply, owner, WIRE_NS, ttl_s);

    put_ref(reply, nameserver);
    return record_end(reply, WIRE_ANSWER, begin, data);
}

bool wire_add_soa(struct wire_reply *reply, enum wire_section section,
                  const struct wire_ref *owner, uint32_t ttl_s, const struct wire_soa *soa)
{
    size_t begin = reply->len;
    size_t data = record_begin(reply, owner, WIRE_SOA, ttl_s);

    put_ref(reply, &soa->mname);
    put_ref(reply, &soa->rname);
    put_u32(reply, soa->serial);
    put_u32(reply, soa->refresh_s);
    put_u32(reply, soa->retry_s);
    put_u32(reply, soa->expire_s);
    put_u32(reply, soa->minimum_s);
    return record_end(reply, section, begin, data);
}

void wire_reply_truncate(struct wire_reply *reply)
{
    memset(reply->counts, 0, sizeof(reply->counts));
    reply->len = reply->question_end;
    reply->is_truncated = true;
}

/* RFC 6891 section 6.1.2: root, type, our size, upper bits of the rcode, version 0, flags. */
static void opt_write(struct wire_reply *reply, enum wire_rcode rcode)
{
    uint8_t *opt = reply->data + reply->len;

    opt[0] = 0;
    store_u16(opt + 1, WIRE_OPT);
    store_u16(opt + 3, WIRE_UDP_SIZE_MAX);
    store_u32(opt + 5, (uint32_t)rcode >> 4 << 24);
    store_u16(opt + 7, reply->query->dnssec_ok ? DO_FLAG : 0);
    store_u16(opt + 9, 0);
    reply->len += OPT_SIZE;
    reply->counts[WIRE_ADDITIONAL]++;
}

size_t wire_reply_end(struct wire_reply *reply, enum wire_rcode rcode, bool is_authoritative)
{
    const struct wire_query *query = reply->query;
    unsigned flags = FLAG_QR | (unsigned)query->opcode << OPCODE_SHIFT | (rcode & 0xf);

    assert(rcode <= 0xf || query->has_edns);

    if (query->has_edns)
        opt_write(reply, rcode);
    if (is_authoritative)
        flags |= FLAG_AA;
    if (reply->is_truncated)
        flags |= FLAG_TC;
    if (query->recursion_desired)
        flags |= FLAG_RD;
    store_u16(reply->data + 2, flags);
    store_u16(reply->data + 4, query->question_len ? 1 : 0);
    for (size_t i = 0; i < WIRE_SECTIONS; i++)
        store_u16(reply->data + 6 + 2 * i, reply->counts[i]);
    return reply->len;
}
