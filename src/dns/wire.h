/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages as they travel: queries are read, replies are written (RFC 1035, RFC 6891).
 *
 * Pure, bounded, allocates nothing. Every name in memory is lower case (RFC 4343); the question
 * of a reply is a copy of the query's bytes, so that its case comes back as it was.
 */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEADER_SIZE 12
#define WIRE_NAME_MAX    255 /* with the root label (RFC 1035 section 2.3.4) */
#define WIRE_LABELS_MAX  127

/* Without EDNS, and the most that is safe from fragments (RFC 9715). */
#define WIRE_UDP_SIZE_PLAIN 512
#define WIRE_UDP_SIZE_MAX   1232

/* A query has an OPT record, perhaps a signature; what has many more is no query. */
#define WIRE_QUERY_RECORDS_MAX 16

enum wire_type {
    WIRE_A = 1,
    WIRE_NS = 2,
    WIRE_SOA = 6,
    WIRE_AAAA = 28,
    WIRE_OPT = 41,
    WIRE_TKEY = 249,
    WIRE_TSIG = 250,
    WIRE_IXFR = 251,
    WIRE_AXFR = 252,
    WIRE_MAILB = 253,
    WIRE_MAILA = 254,
    WIRE_ANY = 255,
};

#define WIRE_CLASS_IN 1

enum wire_rcode {
    WIRE_NOERROR = 0,
    WIRE_FORMERR = 1,
    WIRE_SERVFAIL = 2,
    WIRE_NXDOMAIN = 3,
    WIRE_NOTIMP = 4,
    WIRE_REFUSED = 5,
    WIRE_BADVERS = 16, /* needs EDNS */
};

/* Names. */

struct wire_name {
    uint8_t data[WIRE_NAME_MAX]; /* labels with their lengths, the root label last */
    uint8_t len;
    uint8_t label_count;             /* without the root label */
    uint8_t labels[WIRE_LABELS_MAX]; /* where each label begins in `data` */
};

/*
 * Reads the name at message[*at], lower-cased, and moves *at behind it. A pointer must point to
 * before the part of the name that it ends: so no name loops. False when it is no name.
 */
bool wire_name_read(struct wire_name *out, const uint8_t *message, size_t len, size_t *at);

/* `text` is valid for dns_name_is_valid. */
void wire_name_from_text(struct wire_name *out, const char *text);

/* Queries. */

struct wire_query {
    uint8_t opcode;
    bool recursion_desired;
    size_t question_len; /* behind the header; 0: there is no question that could be read */
    struct wire_name name;
    uint16_t type, class;
    bool has_edns;
    uint8_t edns_version;
    bool dnssec_ok;
    uint16_t udp_size; /* that the client takes; at least WIRE_UDP_SIZE_PLAIN */
};

enum wire_reading {
    WIRE_READ_OK,
    WIRE_READ_DROP, /* not to be answered: too short, or an answer itself */
    WIRE_READ_BAD,  /* FORMERR; what could be read is in the query */
    WIRE_READ_OTHER /* NOTIMP: an opcode other than QUERY; question and OPT if there were such
                     */
};

enum wire_reading wire_query_read(struct wire_query *out, const uint8_t *message, size_t len);

/* Replies. */

/* A name to be written: labels, then a pointer to what the message has at `suffix`. */
struct wire_ref {
    const uint8_t *labels;
    size_t len;
    size_t suffix; /* offset in the message; 0: the labels end with the root label */
};

struct wire_soa {
    struct wire_ref mname, rname;
    uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
};

enum wire_section { WIRE_ANSWER, WIRE_AUTHORITY, WIRE_ADDITIONAL };
#define WIRE_SECTIONS 3

struct wire_reply {
    const struct wire_query *query;
    uint8_t *data;
    size_t len, size_max; /* room for the OPT record is kept */
    size_t question_end;
    uint16_t counts[WIRE_SECTIONS];
    bool is_full; /* the record that is being written does not fit */
    bool is_truncated;
};

/* Begins with id and question of the query. `size_max` is at least WIRE_UDP_SIZE_PLAIN. */
void wire_reply_init(struct wire_reply *reply, uint8_t *data, size_t size_max,
                     const struct wire_query *query, const uint8_t *message);

/* Each adds a record of class IN, or nothing and returns false when there is no room for it. */
bool wire_add_address(struct wire_reply *reply, enum wire_section section,
                      const struct wire_ref *owner, bool is_ipv6, uint32_t ttl_s,
                      const uint8_t *ip);
bool wire_add_ns(struct wire_reply *reply, const struct wire_ref *owner, uint32_t ttl_s,
                 const struct wire_ref *nameserver);
bool wire_add_soa(struct wire_reply *reply, enum wire_section section,
                  const struct wire_ref *owner, uint32_t ttl_s, const struct wire_soa *soa);

/* Drops all records and sets TC: the client asks again by TCP. */
void wire_reply_truncate(struct wire_reply *reply);

/* Writes the header, and OPT if the query had one. Returns the length of the message. */
size_t wire_reply_end(struct wire_reply *reply, enum wire_rcode rcode,
                      bool is_authoritative) MUST_USE;
