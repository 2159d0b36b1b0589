/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages for tests: queries made piece by piece, replies shown as text. */
#pragma once

#include "dns/wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

struct message {
    uint8_t data[2048];
    size_t len;
};

static inline void message_add(struct message *message, const void *data, size_t len)
{
    assert(len <= sizeof(message->data) - message->len);
    memcpy(message->data + message->len, data, len);
    message->len += len;
}

static inline void message_add_u16(struct message *message, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    message_add(message, bytes, 2);
}

/* "Shop.example.test", case kept; "" is the root. */
static inline void message_add_name(struct message *message, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");
        uint8_t size = (uint8_t)len;

        message_add(message, &size, 1);
        message_add(message, name, len);
        name += len + (name[len] == '.');
    }
    message_add(message, "", 1);
}

static inline void message_set_u16(struct message *message, size_t at, unsigned value)
{
    message->data[at] = (uint8_t)(value >> 8);
    message->data[at + 1] = (uint8_t)value;
}

/* Id 0x1234, RD, one question of class IN. */
static inline void message_init(struct message *message, const char *name, unsigned type)
{
    *message = (struct message){{0}, WIRE_HEADER_SIZE};
    message_set_u16(message, 0, 0x1234);
    message_set_u16(message, 2, 0x0100);
    message_set_u16(message, 4, 1);
    message_add_name(message, name);
    message_add_u16(message, type);
    message_add_u16(message, WIRE_CLASS_IN);
}

/* A record in the section of which the header counts the records at `count_at`: 6, 8, 10. */
static inline void message_add_record(struct message *message, size_t count_at,
                                      const char *owner, unsigned type, unsigned class,
                                      uint32_t ttl_s, const void *data, size_t len)
{
    message_set_u16(message, count_at, message->data[count_at + 1] + 1u);
    message_add_name(message, owner);
    message_add_u16(message, type);
    message_add_u16(message, class);
    message_add_u16(message, ttl_s >> 16);
    message_add_u16(message, ttl_s & 0xffff);
    message_add_u16(message, (unsigned)len);
    message_add(message, data, len);
}

/* `flags`: version in bits 16 to 23, DO is 0x8000. */
static inline void message_add_opt(struct message *message, unsigned udp_size, uint32_t flags,
                                   const void *options, size_t len)
{
    message_add_record(message, 10, "", WIRE_OPT, udp_size, flags, options, len);
}

/* Text of replies. */

struct shown {
    char text[8192];
    size_t len;
    const uint8_t *data;
    size_t size, at;
    bool is_broken;
};

#define SHOW(shown, ...)                                            \
    ((shown)->len += (size_t)snprintf((shown)->text + (shown)->len, \
                                      sizeof((shown)->text) - (shown)->len, __VA_ARGS__))

static inline unsigned show_u16(struct shown *shown)
{
    if (shown->size - shown->at < 2) {
        shown->is_broken = true;
        return 0;
    }
    shown->at += 2;
    return (unsigned)shown->data[shown->at - 2] << 8 | shown->data[shown->at - 1];
}

static inline uint32_t show_u32(struct shown *shown)
{
    uint32_t high = show_u16(shown);

    return high << 16 | show_u16(shown);
}

static inline void show_name(struct shown *shown)
{
    struct wire_name name;

    if (!wire_name_read(&name, shown->data, shown->size, &shown->at)) {
        shown->is_broken = true;
        return;
    }
    for (size_t i = 0; i < name.label_count; i++) {
        size_t at = name.labels[i];

        SHOW(shown, "%.*s.", (int)name.data[at], (const char *)name.data + at + 1);
    }
    if (!name.label_count)
        SHOW(shown, ".");
}

static inline void show_address(struct shown *shown, int family, size_t len)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (shown->size - shown->at < len) {
        shown->is_broken = true;
        return;
    }
    (void)inet_ntop(family, shown->data + shown->at, text, sizeof(text));
    shown->at += len;
    SHOW(shown, "%s", text);
}

static inline void show_data(struct shown *shown, unsigned type, size_t len)
{
    if (type == WIRE_A && len == 4) {
        show_address(shown, AF_INET, 4);
    } else if (type == WIRE_AAAA && len == 16) {
        show_address(shown, AF_INET6, 16);
    } else if (type == WIRE_NS) {
        show_name(shown);
    } else if (type == WIRE_SOA) {
        show_name(shown);
        SHOW(shown, " ");
        show_name(shown);
        for (size_t i = 0; i < 5; i++)
            SHOW(shown, " %u", show_u32(shown));
    } else {
        shown->is_broken = true;
    }
}

static inline const char *show_type(unsigned type)
{
    return type == WIRE_A      ? "A"
           : type == WIRE_NS   ? "NS"
           : type == WIRE_SOA  ? "SOA"
           : type == WIRE_AAAA ? "AAAA"
                               : "?";
}

static inline void show_record(struct shown *shown, const char *section)
{
    size_t owner_at = shown->at;
    struct wire_name owner;

    if (!wire_name_read(&owner, shown->data, shown->size, &shown->at)) {
        shown->is_broken = true;
        return;
    }
    unsigned type = show_u16(shown);
    unsigned class = show_u16(shown);
    uint32_t ttl = show_u32(shown);
    size_t len = show_u16(shown);
    size_t end = shown->at + len;

    if (type == WIRE_OPT) {
        SHOW(shown, "opt %u %u%s\n", class, ttl >> 24, ttl & 0x8000 ? " do" : "");
    } else {
        shown->at = owner_at;
        SHOW(shown, "%s ", section);
        show_name(shown);
        shown->at += 10;
        SHOW(shown, " %u %s ", ttl, show_type(type));
        show_data(shown, type, len);
        SHOW(shown, "\n");
        shown->is_broken |= class != WIRE_CLASS_IN;
    }
    shown->is_broken |= shown->at != end;
}

/*
 * "rcode flags", then a line for each record. "broken" at the end when it is no DNS message
 * that ends where it should.
 */
static inline const char *show(struct shown *shown, const uint8_t *data, size_t size)
{
    static const char *const sections[] = {"an", "ns", "ar"};
    unsigned counts[4];

    *shown = (struct shown){.data = data, .size = size};
    (void)show_u16(shown);
    unsigned flags = show_u16(shown);
    SHOW(shown, "%u%s%s%s%s%s\n", flags & 0xf, flags & 0x8000 ? " qr" : "",
         flags & 0x400 ? " aa" : "", flags & 0x200 ? " tc" : "", flags & 0x100 ? " rd" : "",
         flags & 0xf0 ? " more" : "");
    for (size_t i = 0; i < 4; i++)
        counts[i] = show_u16(shown);
    for (size_t i = 0; i < counts[0] && !shown->is_broken; i++) {
        show_name(shown);
        unsigned type = show_u16(shown);
        SHOW(shown, " %u %u\n", type, show_u16(shown));
    }
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < counts[i + 1] && !shown->is_broken; j++)
            show_record(shown, sections[i]);
    if (shown->is_broken || shown->at != size)
        SHOW(shown, "broken\n");
    return shown->text;
}
