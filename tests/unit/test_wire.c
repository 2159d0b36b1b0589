/* SPDX-License-Identifier: Apache-2.0 */
/* dns/wire: what is a query and what is not, and what a reply looks like. */
#include "base/random.h"
#include "base/scope.h"
#include "dns/wire.h"
#include "dns_world.h"
#include "unit.h"

#include <stdlib.h>

/* Names. */

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static bool name_reads(const uint8_t *message, size_t len, size_t at, struct wire_name *name,
                       size_t *end)
{
    *end = at;
    return wire_name_read(name, message, len, end);
}

static void test_a_name_is_read_in_lower_case(void **state)
{
    struct wire_name name;
    size_t end;

    (void)state;
    assert_true(name_reads(BYTES("\004ShOP\007EXAMPLE\0more"), 0, &name, &end));
    assert_int_equal(end, 14);
    assert_int_equal(name.len, 14);
    assert_memory_equal(name.data, "\004shop\007example\0", 14);
    assert_int_equal(name.label_count, 2);
    assert_int_equal(name.labels[0], 0);
    assert_int_equal(name.labels[1], 5);
}

static void test_only_the_letters_of_ascii_have_a_case(void **state)
{
    struct wire_name name;
    size_t end;

    (void)state;
    assert_true(name_reads(BYTES("\010@[`{\xc1\xe1Z\x80"), 0, &name, &end) == false);
    assert_true(name_reads(BYTES("\010@[`{\xc1\xe1Z\x80\0"), 0, &name, &end));
    assert_memory_equal(name.data, "\010@[`{\xc1\xe1z\x80", 10);
}

static void test_the_root_is_a_name(void **state)
{
    struct wire_name name;
    size_t end;

    (void)state;
    assert_true(name_reads(BYTES("\0"), 0, &name, &end));
    assert_int_equal(end, 1);
    assert_int_equal(name.len, 1);
    assert_int_equal(name.label_count, 0);
}

static void test_pointers_are_followed_backwards(void **state)
{
    /* 0: test. 6: example.test. 16: shop.example.test. 23: the same again. */
    static const char message[] = "\004test\0\007example\xc0\0\004shop\xc0\006\xc0\020";
    struct wire_name name;
    size_t end;

    (void)state;
    assert_true(name_reads(BYTES(message), 16, &name, &end));
    assert_int_equal(end, 23);
    assert_int_equal(name.len, 19);
    assert_memory_equal(name.data, "\004shop\007example\004test", 19);
    assert_int_equal(name.labels[2], 13);
    assert_true(name_reads(BYTES(message), 23, &name, &end));
    assert_int_equal(end, 25);
    assert_int_equal(name.len, 19);
}

#define FIFTY "\1a\1b\1c\1d\1e\1f\1g\1h\1i\1j\1k\1l\1m\1n\1o\1p\1q\1r\1s\1t\1u\1v\1w\1x\0\0"

static void test_what_is_no_name_is_refused(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t len, at;
    } cases[] = {
        {"nothing", "", 0, 0},
        {"a label that ends early", "\004sho", 4, 0},
        {"no end", "\004shop", 5, 0},
        {"a pointer to itself", "\xc0\0", 2, 0},
        {"a pointer to its own name", "\001a\xc0\0", 4, 0},
        {"a pointer forward", "\xc0\002\0", 3, 0},
        {"half a pointer", "\0\xc0", 2, 1},
        {"a pointer beyond the end", "\0\xff\xff", 3, 1},
        {"two pointers that loop", "\xc0\002\xc0\0", 4, 2},
        {"a label of 64", "\x40" FIFTY FIFTY, 100, 0},
        {"label type 01", "\x41" FIFTY FIFTY, 100, 0},
        {"label type 10", "\x80" FIFTY FIFTY FIFTY, 150, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_name name;
        size_t end = cases[i].at;

        if (wire_name_read(&name, (const uint8_t *)cases[i].bytes, cases[i].len, &end))
            fail_msg("%s was read as a name", cases[i].what);
        assert_int_equal(end, cases[i].at);
    }
}

/* `count` labels of one byte, then one of `last` bytes. */
static size_t long_name(uint8_t *out, size_t count, size_t last)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        out[len++] = 1;
        out[len++] = 'a';
    }
    out[len++] = (uint8_t)last;
    memset(out + len, 'b', last);
    len += last;
    out[len++] = 0;
    return len;
}

static void test_255_bytes_are_a_name_and_256_are_none(void **state)
{
    uint8_t message[600];
    struct wire_name name;
    size_t end;

    (void)state;
    assert_int_equal(long_name(message, 126, 1), 255);
    assert_true(name_reads(message, 255, 0, &name, &end));
    assert_int_equal(name.len, 255);
    assert_int_equal(name.label_count, WIRE_LABELS_MAX);
    assert_int_equal(long_name(message, 126, 2), 256);
    assert_false(name_reads(message, 256, 0, &name, &end));

    /* Also when it is pieced together. */
    size_t len = long_name(message, 95, 63);
    assert_int_equal(len, 255);
    memcpy(message + len, "\001c\xc0\0", 4);
    assert_false(name_reads(message, len + 4, len, &name, &end));
}

static void test_chains_of_pointers_end(void **state)
{
    uint8_t message[2048] = {0};
    struct wire_name name;
    size_t end;

    (void)state;
    for (size_t i = 2; i < sizeof(message); i += 2) {
        message[i] = (uint8_t)(0xc0 | (i - 2) >> 8);
        message[i + 1] = (uint8_t)(i - 2);
    }
    assert_true(name_reads(message, sizeof(message), sizeof(message) - 2, &name, &end));
    assert_int_equal(name.len, 1);
    assert_int_equal(end, sizeof(message));
}

static void test_text_becomes_a_name(void **state)
{
    struct wire_name name;

    (void)state;
    wire_name_from_text(&name, "shop.example.test");
    assert_int_equal(name.len, 19);
    assert_memory_equal(name.data, "\004shop\007example\004test", 19);
    assert_int_equal(name.label_count, 3);
}

/* Any bytes: what is read is a name that fits, and reads as itself. */
static void test_names_read_from_noise_are_sound(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        uint8_t message[300];
        struct wire_name name, again;
        struct random random;
        size_t end, end_again;

        random_init(&random, seed);
        size_t len = 1 + random_below(&random, sizeof(message) - 1);
        for (size_t i = 0; i < len; i++) {
            uint32_t what = random_below(&random, 8);

            message[i] = what == 0   ? (uint8_t)(0xc0 | random_below(&random, 2))
                         : what == 1 ? 0
                                     : (uint8_t)random_below(&random, 12);
        }
        size_t at = random_below(&random, (uint32_t)len);
        if (!name_reads(message, len, at, &name, &end))
            continue;
        if (end <= at || end > len || !name_reads(name.data, name.len, 0, &again, &end_again) ||
            end_again != name.len || memcmp(&name.labels, &again.labels, name.label_count) != 0)
            fail_msg("seed %llu: a name that is none", (unsigned long long)seed);
    }
}

/* Queries. */

static enum wire_reading read_message(const struct message *message, struct wire_query *query)
{
    return wire_query_read(query, message->data, message->len);
}

static void test_a_plain_query_is_read(void **state)
{
    struct wire_query query;
    struct message message;

    (void)state;
    message_init(&message, "ShOp.example.TEST", WIRE_AAAA);
    assert_int_equal(read_message(&message, &query), WIRE_READ_OK);
    assert_int_equal(query.opcode, 0);
    assert_true(query.recursion_desired);
    assert_int_equal(query.question_len, 23);
    assert_memory_equal(query.name.data, "\004shop\007example\004test", 19);
    assert_int_equal(query.type, WIRE_AAAA);
    assert_int_equal(query.class, WIRE_CLASS_IN);
    assert_false(query.has_edns);
    assert_int_equal(query.udp_size, 512);
}

static void test_edns_is_read(void **state)
{
    static const struct {
        unsigned udp_size, expected;
        uint32_t flags;
    } cases[] = {{4096, 4096, 0x8000}, {0, 512, 0}, {511, 512, 0x7fff}, {513, 513, 0xffff}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_query query;
        struct message message;

        message_init(&message, "shop.example.test", WIRE_A);
        message_add_opt(&message, cases[i].udp_size, cases[i].flags, "\0\012\0\0\xff\xfe\0\1x",
                        9);
        assert_int_equal(read_message(&message, &query), WIRE_READ_OK);
        assert_true(query.has_edns);
        assert_int_equal(query.edns_version, 0);
        assert_int_equal(query.udp_size, cases[i].expected);
        assert_int_equal(query.dnssec_ok, cases[i].flags >> 15);
    }
}

static void test_other_records_are_skipped(void **state)
{
    struct wire_query query;
    struct message message;

    (void)state;
    message_init(&message, "shop.example.test", WIRE_A);
    message_add_record(&message, 6, "a.test", WIRE_A, 1, 5, "\1\2\3\4", 4);
    message_add_record(&message, 8, "b.test", WIRE_SOA, 1, 5, "", 0);
    message_add_opt(&message, 1232, 0, "", 0);
    message_add_record(&message, 10, "key.test", WIRE_TSIG, 255, 0, "signature", 9);
    assert_int_equal(read_message(&message, &query), WIRE_READ_OK);
    assert_true(query.has_edns);
}

static void test_what_is_too_short_or_an_answer_is_not_answered(void **state)
{
    struct wire_query query;
    struct message message;

    (void)state;
    message_init(&message, "shop.example.test", WIRE_A);
    for (size_t len = 0; len < WIRE_HEADER_SIZE; len++)
        assert_int_equal(wire_query_read(&query, message.data, len), WIRE_READ_DROP);
    message.data[2] |= 0x80;
    assert_int_equal(read_message(&message, &query), WIRE_READ_DROP);
}

static void test_a_query_cut_off_anywhere_is_bad(void **state)
{
    struct message message;

    (void)state;
    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 0, "\0\012\0\2ab", 6);
    for (size_t len = WIRE_HEADER_SIZE; len < message.len; len++) {
        struct wire_query query;
        /* Of this very size, so that a sanitizer sees a read beyond it. */
        SCOPED(scope_free) uint8_t *exact = malloc(len);

        assert_non_null(exact);
        memcpy(exact, message.data, len);
        assert_int_equal(wire_query_read(&query, exact, len), WIRE_READ_BAD);
        assert_int_equal(query.question_len, len >= 35 ? 23 : 0);
    }
}

static void assert_bad(const char *what, const struct message *message)
{
    struct wire_query query;
    enum wire_reading reading = read_message(message, &query);

    if (reading != WIRE_READ_BAD)
        fail_msg("%s: read as %d, expected %d", what, (int)reading, (int)WIRE_READ_BAD);
}

static void test_malformed_queries_are_bad(void **state)
{
    struct message message;

    (void)state;
    message_init(&message, "shop.example.test", WIRE_A);
    message_add(&message, "x", 1);
    assert_bad("bytes behind the end", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_set_u16(&message, 4, 0);
    assert_bad("no question", &message);
    message_set_u16(&message, 4, 2);
    assert_bad("two questions", &message);

    message_init(&message, "", WIRE_A);
    message.len = WIRE_HEADER_SIZE;
    message_add(&message, "\xc0\x06\0\1\0\1", 6);
    assert_bad("a question that points into the header", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 0, "", 0);
    message_add_opt(&message, 1232, 0, "", 0);
    assert_bad("two OPT records", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add_record(&message, 6, "", WIRE_OPT, 1232, 0, "", 0);
    assert_bad("an OPT record in the answer section", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add_record(&message, 10, "a", WIRE_OPT, 1232, 0, "", 0);
    assert_bad("an OPT record with a name", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 0, "\0\012\0\3ab", 6);
    assert_bad("an option that is longer than its record", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 0, "\0\012\0\0abc", 7);
    assert_bad("half an option", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    message_set_u16(&message, 10, 1);
    message_add(&message, "\xff\xff\0\1\0\1\0\0\0\0\0\0", 12);
    assert_bad("a record whose owner is no name", &message);

    message_init(&message, "shop.example.test", WIRE_A);
    for (size_t i = 0; i <= WIRE_QUERY_RECORDS_MAX; i++)
        message_add_record(&message, 10, "a", WIRE_A, 1, 0, "", 0);
    assert_bad("too many records", &message);
}

static void test_a_later_version_of_edns_may_have_other_options(void **state)
{
    struct wire_query query;
    struct message message;

    (void)state;
    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 1u << 16, "\0\012\0\3ab", 6);
    assert_int_equal(read_message(&message, &query), WIRE_READ_OK);
    assert_int_equal(query.edns_version, 1);
}

static void test_other_opcodes_keep_what_can_be_read(void **state)
{
    struct wire_query query;
    struct message message;

    (void)state;
    message_init(&message, "example.test", WIRE_SOA);
    message_add_opt(&message, 1232, 0, "", 0);
    for (unsigned opcode = 1; opcode < 16; opcode++) {
        message_set_u16(&message, 2, opcode << 11);
        assert_int_equal(read_message(&message, &query), WIRE_READ_OTHER);
        assert_int_equal(query.opcode, opcode);
        assert_int_equal(query.question_len, 18);
        assert_true(query.has_edns);
    }
    message_add_opt(&message, 1232, 0, "", 0);
    assert_int_equal(read_message(&message, &query), WIRE_READ_OTHER);
    assert_int_equal(query.question_len, 0);
    assert_false(query.has_edns);
}

/* Replies. */

struct writing {
    struct message message;
    struct wire_query query;
    struct wire_reply reply;
    uint8_t out[4096];
    struct shown shown;
};

static const struct wire_ref question = {NULL, 0, WIRE_HEADER_SIZE};

static void writing_init(struct writing *writing, size_t size_max)
{
    assert_int_equal(read_message(&writing->message, &writing->query), WIRE_READ_OK);
    wire_reply_init(&writing->reply, writing->out, size_max, &writing->query,
                    writing->message.data);
}

static const char *written(struct writing *writing, enum wire_rcode rcode, bool aa)
{
    size_t len = wire_reply_end(&writing->reply, rcode, aa);

    return show(&writing->shown, writing->out, len);
}

static void test_every_kind_of_record_is_written(void **state)
{
    static const uint8_t ns1[] = "\003ns1";
    static const uint8_t elsewhere[] = "\002ns\005other";
    struct wire_ref relative = {ns1, 4, WIRE_HEADER_SIZE + 5};
    struct wire_ref absolute = {elsewhere, sizeof(elsewhere), 0};
    struct wire_ref apex = {NULL, 0, WIRE_HEADER_SIZE + 5};
    struct wire_soa soa = {relative, apex, 7, 60, 30, 604800, 5};
    struct writing writing;

    (void)state;
    message_init(&writing.message, "shop.example.test", WIRE_A);
    writing_init(&writing, 512);
    assert_true(wire_add_address(&writing.reply, WIRE_ANSWER, &question, false, 5,
                                 (const uint8_t *)"\300\0\2\1"));
    assert_true(wire_add_address(&writing.reply, WIRE_ADDITIONAL, &relative, true, 70000,
                                 (const uint8_t *)"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
    assert_string_equal(written(&writing, WIRE_NOERROR, true),
                        "0 qr aa rd\n"
                        "shop.example.test. 1 1\n"
                        "an shop.example.test. 5 A 192.0.2.1\n"
                        "ar ns1.example.test. 70000 AAAA 2001:db8::1\n");

    message_set_u16(&writing.message, 2, 0);
    writing_init(&writing, 512);
    assert_true(wire_add_ns(&writing.reply, &apex, 3600, &relative));
    assert_true(wire_add_ns(&writing.reply, &apex, 3600, &absolute));
    assert_true(wire_add_soa(&writing.reply, WIRE_AUTHORITY, &apex, 5, &soa));
    assert_string_equal(written(&writing, WIRE_NXDOMAIN, false),
                        "3 qr\n"
                        "shop.example.test. 1 1\n"
                        "an example.test. 3600 NS ns1.example.test.\n"
                        "an example.test. 3600 NS ns.other.\n"
                        "ns example.test. 5 SOA ns1.example.test. example.test. "
                        "7 60 30 604800 5\n");
}

static void test_edns_is_answered_with_edns(void **state)
{
    struct writing writing;

    (void)state;
    message_init(&writing.message, "shop.example.test", WIRE_A);
    message_add_opt(&writing.message, 4096, 0x8000, "", 0);
    writing_init(&writing, 512);
    assert_string_equal(written(&writing, WIRE_BADVERS, false),
                        "0 qr rd\nshop.example.test. 1 1\nopt 1232 1 do\n");
    writing_init(&writing, 512);
    assert_string_equal(written(&writing, WIRE_REFUSED, false),
                        "5 qr rd\nshop.example.test. 1 1\nopt 1232 0 do\n");
    writing.message.data[writing.message.len - 4] = 0;
    writing_init(&writing, 512);
    assert_string_equal(written(&writing, WIRE_NOERROR, false),
                        "0 qr rd\nshop.example.test. 1 1\nopt 1232 0\n");
}

static void test_id_and_case_of_the_question_come_back(void **state)
{
    struct writing writing;

    (void)state;
    message_init(&writing.message, "ShOp.eXaMpLe.TeSt", WIRE_A);
    writing_init(&writing, 512);
    size_t len = wire_reply_end(&writing.reply, WIRE_NOERROR, true);
    assert_int_equal(len, writing.message.len);
    assert_memory_equal(writing.out, "\x12\x34\x85\0", 4);
    assert_memory_equal(writing.out + 12, writing.message.data + 12, len - 12);
}

/* Fills a reply of `size_max` bytes with addresses. Returns how many had room. */
static unsigned fill(struct writing *writing, size_t size_max, bool is_ipv6)
{
    unsigned count = 0;

    writing_init(writing, size_max);
    while (wire_add_address(&writing->reply, WIRE_ANSWER, &question, is_ipv6, 5,
                            (const uint8_t *)"0123456789abcdef"))
        count++;
    return count;
}

static void test_a_record_is_written_wholly_or_not_at_all(void **state)
{
    struct writing writing;

    (void)state;
    for (int with_edns = 0; with_edns < 2; with_edns++) {
        message_init(&writing.message, "shop.example.test", WIRE_A);
        if (with_edns)
            message_add_opt(&writing.message, 4096, 0, "", 0);
        for (size_t size = 512; size < 560; size++) {
            size_t room = size - 35 - (with_edns ? 11 : 0);

            assert_int_equal(fill(&writing, size, false), room / 16);
            size_t len = wire_reply_end(&writing.reply, WIRE_NOERROR, true);
            assert_true(len <= size && len + 16 > size);
            assert_null(strstr(show(&writing.shown, writing.out, len), "broken"));
            assert_int_equal(fill(&writing, size, true), room / 28);
        }
    }
}

static void test_no_piece_of_a_record_goes_beyond_the_end(void **state)
{
    static const uint8_t labels[] = "\003ns1\004test";
    struct wire_ref name = {labels, sizeof(labels), 0};
    struct wire_soa soa = {name, name, 7, 60, 30, 604800, 5};
    struct writing writing;

    (void)state;
    message_init(&writing.message, "shop.example.test", WIRE_SOA);
    for (size_t left = 0; left < 100; left++) {
        (void)fill(&writing, 512, false);
        writing.reply.len = 512 - left;
        memset(writing.out + 512, 0x5a, 8);
        assert_int_equal(wire_add_soa(&writing.reply, WIRE_AUTHORITY, &question, 5, &soa),
                         left >= 52);
        assert_int_equal(writing.reply.len, left >= 52 ? 512 - left + 52 : 512 - left);
        writing.reply.len = 512 - left;
        assert_int_equal(wire_add_ns(&writing.reply, &question, 5, &name), left >= 22);
        assert_memory_equal(writing.out + 512, "ZZZZZZZZ", 8);
    }
}

static void test_a_truncated_reply_has_only_its_question(void **state)
{
    struct writing writing;

    (void)state;
    message_init(&writing.message, "shop.example.test", WIRE_A);
    message_add_opt(&writing.message, 4096, 0, "", 0);
    assert_int_equal(fill(&writing, 512, false), 29);
    wire_reply_truncate(&writing.reply);
    assert_string_equal(written(&writing, WIRE_NOERROR, true),
                        "0 qr aa tc rd\nshop.example.test. 1 1\nopt 1232 0\n");
}

static void test_a_reply_to_what_had_no_question_has_none(void **state)
{
    struct writing writing;

    (void)state;
    message_init(&writing.message, "shop.example.test", WIRE_A);
    writing.message.len = WIRE_HEADER_SIZE;
    assert_int_equal(read_message(&writing.message, &writing.query), WIRE_READ_BAD);
    wire_reply_init(&writing.reply, writing.out, 512, &writing.query, writing.message.data);
    assert_string_equal(written(&writing, WIRE_FORMERR, false), "1 qr rd\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_read_in_lower_case),
        cmocka_unit_test(test_only_the_letters_of_ascii_have_a_case),
        cmocka_unit_test(test_the_root_is_a_name),
        cmocka_unit_test(test_pointers_are_followed_backwards),
        cmocka_unit_test(test_what_is_no_name_is_refused),
        cmocka_unit_test(test_255_bytes_are_a_name_and_256_are_none),
        cmocka_unit_test(test_chains_of_pointers_end),
        cmocka_unit_test(test_text_becomes_a_name),
        cmocka_unit_test(test_names_read_from_noise_are_sound),
        cmocka_unit_test(test_a_plain_query_is_read),
        cmocka_unit_test(test_edns_is_read),
        cmocka_unit_test(test_other_records_are_skipped),
        cmocka_unit_test(test_what_is_too_short_or_an_answer_is_not_answered),
        cmocka_unit_test(test_a_query_cut_off_anywhere_is_bad),
        cmocka_unit_test(test_malformed_queries_are_bad),
        cmocka_unit_test(test_a_later_version_of_edns_may_have_other_options),
        cmocka_unit_test(test_other_opcodes_keep_what_can_be_read),
        cmocka_unit_test(test_every_kind_of_record_is_written),
        cmocka_unit_test(test_edns_is_answered_with_edns),
        cmocka_unit_test(test_id_and_case_of_the_question_come_back),
        cmocka_unit_test(test_a_record_is_written_wholly_or_not_at_all),
        cmocka_unit_test(test_no_piece_of_a_record_goes_beyond_the_end),
        cmocka_unit_test(test_a_truncated_reply_has_only_its_question),
        cmocka_unit_test(test_a_reply_to_what_had_no_question_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
