/* SPDX-License-Identifier: Apache-2.0 */
/* dns/answer and dns/authority: which question gets which answer. */
#include "dns/answer.h"
#include "dns_world.h"
#include "table_world.h"
#include "unit.h"

#define SOA_NEGATIVE \
    "ns example.test. 5 SOA ns1.example.test. hostmaster.example.test. 9 60 30 604800 5\n"

static const char *const web_lines[] = {
    "192.0.2.1 1 amber-1 north amber",
    "2001:db8::1 1 amber-1 north amber",
};
static const char *const old_lines[] = {"192.0.2.7 1 amber-1 north amber"};
static const char *const dead_lines[] = {"192.0.2.8 0 amber-1 north amber"};

/* The names of the world, sorted. */
static const struct {
    const char *name;
    const char *const *lines;
    size_t line_count;
} world_names[] = {
    {"a.b.c.example.test", old_lines, 1},  {"dead.example.test", dead_lines, 1},
    {"deep.shop.other", old_lines, 1},     {"old.example.test", old_lines, 1},
    {"shop.example.test", web_lines, 2},   {"shop.other", web_lines, 2},
    {"x.y.deep.shop.other", old_lines, 1},
};

#define WORLD_NAMES (sizeof(world_names) / sizeof(world_names[0]))

struct world {
    struct authority *authority;
    struct random random;
    uint8_t out[ANSWER_SIZE_MAX];
    size_t len;
    struct answer_note note;
    struct shown shown;
};

static struct table *world_table(const char *zone, const char **nameservers, size_t count)
{
    struct table *table = table_new(WORLD_NAMES);

    table->zone = zone;
    table->nameservers = (struct strings){nameservers, count};
    table->serial = 9;
    for (size_t i = 0; i < WORLD_NAMES; i++)
        world_name(table, i, world_names[i].name, world_names[i].lines,
                   world_names[i].line_count);
    table_seal(table);
    return table;
}

static void world_init(struct world *world)
{
    static const char *nameservers[] = {"ns1.example.test"};
    static const struct authority_address listen[] = {
        {false, {127, 0, 0, 5}},
        {true, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53}},
    };

    *world = (struct world){
        .authority = authority_new(world_table("example.test", nameservers, 1), listen, 2)};
    random_init(&world->random, 1);
}

static void world_fini(struct world *world)
{
    world->authority = authority_free(world->authority);
}

static const char *ask_message(struct world *world, enum answer_transport transport,
                               const struct message *message)
{
    world->len = answer_make(world->authority, &world->random, transport, message->data,
                             message->len, world->out, &world->note);
    return world->len ? show(&world->shown, world->out, world->len) : "dropped\n";
}

/* The answer without its question. */
static const char *ask(struct world *world, const char *name, unsigned type)
{
    struct message message;

    message_init(&message, name, type);
    message_set_u16(&message, 2, 0);
    const char *text = ask_message(world, ANSWER_UDP, &message);
    char *question = strchr(text, '\n') + 1;
    char *records = strchr(question, '\n') + 1;
    memmove(question, records, strlen(records) + 1);
    return text;
}

static void test_steered_names_are_answered(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    assert_string_equal(ask(&world, "shop.example.test", WIRE_A),
                        "0 qr aa\nan shop.example.test. 5 A 192.0.2.1\n");
    assert_string_equal(ask(&world, "shop.example.test", WIRE_AAAA),
                        "0 qr aa\nan shop.example.test. 5 AAAA 2001:db8::1\n");
    assert_string_equal(ask(&world, "a.b.c.example.test", WIRE_A),
                        "0 qr aa\nan a.b.c.example.test. 5 A 192.0.2.7\n");
    assert_string_equal(ask(&world, "SHOP.Example.TEST", WIRE_A),
                        "0 qr aa\nan shop.example.test. 5 A 192.0.2.1\n");
}

static void test_a_name_without_such_data_is_not_a_name_that_is_not_there(void **state)
{
    static const struct {
        const char *name;
        unsigned type;
    } cases[] = {
        {"old.example.test", WIRE_AAAA},
        {"shop.example.test", 16},
        {"shop.example.test", WIRE_SOA},
        {"shop.example.test", WIRE_NS},
        {"shop.example.test", 43},
        {"dead.example.test", WIRE_A},
        {"c.example.test", WIRE_A},
        {"b.c.example.test", WIRE_A},
        {"b.c.example.test", WIRE_ANY},
        {"example.test", WIRE_A},
        {"example.test", 15},
        {"shop.example.test", 65280},
        {"ns1.example.test", 16},
    };
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = ask(&world, cases[i].name, cases[i].type);

        if (strcmp(text, "0 qr aa\n" SOA_NEGATIVE) != 0)
            fail_msg("%s %u: %s", cases[i].name, cases[i].type, text);
    }
}

static void test_a_name_that_is_not_there_is_denied_with_the_soa(void **state)
{
    static const char *const names[] = {
        "nothing.example.test",
        "x.shop.example.test",
        "z.b.c.example.test",
        "a.a.b.c.example.test",
        "1.2.3.4.5.6.7.8.9.example.test",
        "*.example.test",
    };
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = ask(&world, names[i], WIRE_A);

        if (strcmp(text, "3 qr aa\n" SOA_NEGATIVE) != 0)
            fail_msg("%s: %s", names[i], text);
    }
    assert_int_equal(world.note.rcode, WIRE_NXDOMAIN);
}

static void test_the_apex_has_soa_and_ns(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    assert_string_equal(ask(&world, "example.test", WIRE_SOA),
                        "0 qr aa\n"
                        "an example.test. 60 SOA ns1.example.test. hostmaster.example.test. "
                        "9 60 30 604800 5\n");
    assert_string_equal(ask(&world, "example.test", WIRE_NS),
                        "0 qr aa\n"
                        "an example.test. 3600 NS ns1.example.test.\n"
                        "ar ns1.example.test. 3600 A 127.0.0.5\n"
                        "ar ns1.example.test. 3600 AAAA 2001:db8::53\n");
    assert_string_equal(ask(&world, "ns1.example.test", WIRE_A),
                        "0 qr aa\nan ns1.example.test. 3600 A 127.0.0.5\n");
}

static void test_who_asks_for_anything_gets_one_thing(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    assert_string_equal(ask(&world, "shop.example.test", WIRE_ANY),
                        "0 qr aa\nan shop.example.test. 5 A 192.0.2.1\n");
    assert_non_null(strstr(ask(&world, "example.test", WIRE_ANY), "an example.test. 60 SOA"));
}

static void test_names_that_are_not_ours_are_refused(void **state)
{
    static const char *const names[] = {"",      "test",       "example.com", "xexample.test",
                                        "other", "other.other"};
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_string_equal(ask(&world, names[i], WIRE_A), "5 qr\n");
}

#define SOA_OUTSIDE \
    "ns shop.other. 5 SOA ns1.example.test. hostmaster.shop.other. 9 60 30 604800 5\n"

static void test_a_steered_name_outside_the_zone_is_a_zone_of_its_own(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    assert_string_equal(ask(&world, "shop.other", WIRE_A),
                        "0 qr aa\nan shop.other. 5 A 192.0.2.1\n");
    assert_string_equal(ask(&world, "shop.other", WIRE_NS),
                        "0 qr aa\n"
                        "an shop.other. 3600 NS ns1.example.test.\n"
                        "ar ns1.example.test. 3600 A 127.0.0.5\n"
                        "ar ns1.example.test. 3600 AAAA 2001:db8::53\n");
    assert_string_equal(ask(&world, "shop.other", 16), "0 qr aa\n" SOA_OUTSIDE);
    assert_string_equal(ask(&world, "no.shop.other", WIRE_A), "3 qr aa\n" SOA_OUTSIDE);
    assert_string_equal(ask(&world, "deep.shop.other", WIRE_NS), "0 qr aa\n" SOA_OUTSIDE);
    assert_string_equal(ask(&world, "y.deep.shop.other", WIRE_A), "0 qr aa\n" SOA_OUTSIDE);
    assert_string_equal(ask(&world, "x.y.deep.shop.other", WIRE_A),
                        "0 qr aa\nan x.y.deep.shop.other. 5 A 192.0.2.7\n");
}

/* Nameservers. */

static void world_init_nameservers(struct world *world, const char **nameservers, size_t count)
{
    static const struct authority_address listen[] = {{false, {127, 0, 0, 5}}};

    *world = (struct world){
        .authority = authority_new(world_table("example.test", nameservers, count), listen, 1)};
    random_init(&world->random, 1);
}

static void test_of_several_nameservers_only_steered_ones_have_addresses(void **state)
{
    static const char *names[] = {"ns1.example.test", "old.example.test", "ns.elsewhere",
                                  "ns.shop.other"};
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init_nameservers(&world, names, 4);
    assert_string_equal(ask(&world, "example.test", WIRE_NS),
                        "0 qr aa\n"
                        "an example.test. 3600 NS ns1.example.test.\n"
                        "an example.test. 3600 NS old.example.test.\n"
                        "an example.test. 3600 NS ns.elsewhere.\n"
                        "an example.test. 3600 NS ns.shop.other.\n"
                        "ar old.example.test. 5 A 192.0.2.7\n");
    assert_string_equal(ask(&world, "ns1.example.test", WIRE_A), "0 qr aa\n" SOA_NEGATIVE);
    assert_string_equal(ask(&world, "ns.elsewhere", WIRE_A), "5 qr\n");
    assert_string_equal(ask(&world, "ns.shop.other", WIRE_A), "0 qr aa\n" SOA_OUTSIDE);
}

static void test_a_sole_nameserver_has_all_its_addresses(void **state)
{
    static const char *names[] = {"ns1.example.test"};
    static const struct authority_address listen[] = {
        {false, {127, 0, 0, 5}}, {false, {127, 0, 0, 6}}, {false, {127, 0, 0, 7}}};
    struct world world = {.authority =
                              authority_new(world_table("example.test", names, 1), listen, 3)};

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        random_init(&world.random, seed);
        const char *text = ask(&world, "ns1.example.test", WIRE_A);
        if (!strstr(text, " 127.0.0.5\n") || !strstr(text, " 127.0.0.6\n") ||
            !strstr(text, " 127.0.0.7\n"))
            fail_msg("seed %llu: %s", (unsigned long long)seed, text);
    }
    world_fini(&world);
}

static void test_a_nameserver_that_is_the_apex_or_steered_keeps_its_own_data(void **state)
{
    static const char *apex[] = {"example.test"};
    static const char *steered[] = {"old.example.test"};
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init_nameservers(&world, apex, 1);
    assert_string_equal(ask(&world, "example.test", WIRE_NS),
                        "0 qr aa\n"
                        "an example.test. 3600 NS example.test.\n"
                        "ar example.test. 3600 A 127.0.0.5\n");
    world_fini(&world);
    world_init_nameservers(&world, steered, 1);
    assert_string_equal(ask(&world, "old.example.test", WIRE_A),
                        "0 qr aa\nan old.example.test. 5 A 192.0.2.7\n");
}

/* 13 names of 63 + 1 + ... bytes: as long as names of hosts can be. */
static void long_nameservers(const char *out[13], char text[13][254])
{
    for (size_t i = 0; i < 13; i++) {
        memset(text[i], 'n', 253);
        text[i][63] = text[i][127] = text[i][191] = '.';
        text[i][0] = (char)('a' + i);
        text[i][253] = '\0';
        out[i] = text[i];
    }
}

static void test_what_does_not_fit_is_truncated_by_udp_and_whole_by_tcp(void **state)
{
    static char text[13][254];
    const char *names[13];
    SCOPED(world_fini) struct world world;
    struct message message;

    (void)state;
    long_nameservers(names, text);
    world_init_nameservers(&world, names, 13);
    message_init(&message, "example.test", WIRE_NS);
    message_add_opt(&message, 65535, 0, "", 0);
    assert_string_equal(ask_message(&world, ANSWER_UDP, &message),
                        "0 qr aa tc rd\nexample.test. 2 1\nopt 1232 0\n");
    assert_true(world.note.is_truncated);
    assert_null(strstr(ask_message(&world, ANSWER_TCP, &message), "broken"));
    assert_false(world.note.is_truncated);
    assert_int_equal(world.out[7], 13);
    assert_int_equal(world.len, 30 + 11 + 13 * (2 + 10 + 255));
}

static void test_negative_answers_fit_the_smallest_client(void **state)
{
    static char text[13][254];
    const char *names[13];
    char name[254];
    SCOPED(world_fini) struct world world;
    struct message message;

    (void)state;
    long_nameservers(names, text);
    world_init_nameservers(&world, names, 13);
    memcpy(name, text[0], 240);
    memcpy(name + 240, ".example.test", 14);
    message_init(&message, name, WIRE_A);
    message_add_opt(&message, 512, 0, "", 0);
    const char *shown = ask_message(&world, ANSWER_UDP, &message);
    /* 12 + 257 + 4 for the question, 12 + 255 + 13 + 20 for the SOA: more than 512. */
    assert_memory_equal(shown, "3 qr aa tc rd\n", 14);
    assert_null(strstr(shown, "broken"));
    message_set_u16(&message, message.len - 8, 1232);
    shown = ask_message(&world, ANSWER_UDP, &message);
    assert_memory_equal(shown, "3 qr aa rd\n", 11);
    assert_non_null(strstr(shown, "ns example.test. 5 SOA annn"));
}

static void test_a_zone_with_the_longest_name_still_has_a_soa(void **state)
{
    static char text[13][254];
    static const char *nameservers[] = {"ns.test"};
    const char *names[13];
    struct random random;
    struct message message;
    struct shown shown;
    struct answer_note note;
    uint8_t out[ANSWER_SIZE_MAX];

    (void)state;
    long_nameservers(names, text);
    struct table *table = table_new(0);
    table->zone = names[0];
    table->nameservers = (struct strings){nameservers, 1};
    table_seal(table);
    SCOPED(authority_freep) struct authority *authority = authority_new(table, NULL, 0);
    random_init(&random, 1);
    message_init(&message, names[0], WIRE_SOA);
    size_t len =
        answer_make(authority, &random, ANSWER_UDP, message.data, message.len, out, &note);
    (void)show(&shown, out, len);
    assert_null(strstr(shown.text, "broken"));
    assert_null(strstr(shown.text, "hostmaster"));
    assert_non_null(strstr(shown.text, " 60 SOA ns.test. annn"));
}

/* Questions that get no answer. */

static void test_questions_that_nobody_may_ask(void **state)
{
    static const struct {
        unsigned type;
        const char *expected;
    } cases[] = {
        {WIRE_OPT, "1 qr\n"},   {WIRE_TKEY, "1 qr\n"}, {WIRE_TSIG, "1 qr\n"},
        {WIRE_IXFR, "5 qr\n"},  {WIRE_AXFR, "5 qr\n"}, {WIRE_MAILB, "4 qr\n"},
        {WIRE_MAILA, "4 qr\n"},
    };
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(ask(&world, "example.test", cases[i].type), cases[i].expected);
}

static void test_only_the_class_of_the_internet_is_answered(void **state)
{
    static const unsigned classes[] = {0, 2, 3, 4, 254, 255, 65535};
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        struct message message;

        message_init(&message, "shop.example.test", WIRE_A);
        message_set_u16(&message, message.len - 2, classes[i]);
        assert_memory_equal(ask_message(&world, ANSWER_UDP, &message), "5 qr rd\n", 8);
    }
}

static void test_versions_opcodes_and_noise(void **state)
{
    SCOPED(world_fini) struct world world;
    struct message message;

    (void)state;
    world_init(&world);
    message_init(&message, "shop.example.test", WIRE_A);
    message_add_opt(&message, 1232, 1u << 16, "", 0);
    assert_string_equal(ask_message(&world, ANSWER_UDP, &message),
                        "0 qr rd\nshop.example.test. 1 1\nopt 1232 1\n");
    assert_int_equal(world.note.rcode, WIRE_BADVERS);

    message_init(&message, "example.test", WIRE_SOA);
    message_set_u16(&message, 2, 4u << 11);
    assert_string_equal(ask_message(&world, ANSWER_UDP, &message), "4 qr\nexample.test. 6 1\n");
    assert_int_equal(world.out[2] >> 3 & 0xf, 4);
    assert_int_equal(world.note.rcode, WIRE_NOTIMP);

    message_init(&message, "shop.example.test", WIRE_A);
    message_add(&message, "x", 1);
    assert_string_equal(ask_message(&world, ANSWER_UDP, &message),
                        "1 qr rd\nshop.example.test. 1 1\n");
    assert_int_equal(world.note.rcode, WIRE_FORMERR);

    message.data[2] |= 0x80;
    assert_string_equal(ask_message(&world, ANSWER_UDP, &message), "dropped\n");

    /* AA, TC, RA, Z, AD and CD of a query mean nothing and do not come back. */
    message_init(&message, "shop.example.test", WIRE_A);
    message_set_u16(&message, 2, 0x07f0);
    assert_memory_equal(ask_message(&world, ANSWER_UDP, &message), "0 qr aa rd\n", 11);
}

static void test_without_a_table_the_client_is_sent_elsewhere(void **state)
{
    SCOPED(world_fini) struct world world;
    struct world empty = {0};

    (void)state;
    world_init(&world);
    assert_string_equal(ask(&empty, "shop.example.test", WIRE_A), "2 qr\n");
}

static void test_up_to_four_addresses_of_different_clouds(void **state)
{
    char text[6][64];
    const char *lines[6];
    SCOPED(world_fini) struct world world = {0};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(text[i], sizeof(text[i]), "192.0.2.%zu 1 c%zu r p%zu", i + 1, i, i / 2);
        lines[i] = text[i];
    }
    world.authority = authority_new(world_of(lines, 6), NULL, 0);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        unsigned clouds = 0;

        random_init(&world.random, seed);
        (void)ask(&world, "shop.example.test", WIRE_A);
        assert_int_equal(world.out[7], 4);
        for (size_t i = 0; i < 3; i++) /* the last byte of each of the first three addresses */
            clouds |= 1u << (world.out[35 + 16 * i + 15] - 1) / 2;
        if (clouds != 7)
            fail_msg("seed %llu: clouds %x among the first three, expected 7",
                     (unsigned long long)seed, clouds);
    }
}

/* Many names: each is found, and nothing else. */
static void test_a_hundred_thousand_names(void **state)
{
    enum { COUNT = 100000 };
    static const char *nameservers[] = {"ns1.example.test"};
    struct table *table = table_new(COUNT);
    struct world world = {0};

    (void)state;
    table->zone = "example.test";
    table->nameservers = (struct strings){nameservers, 1};
    for (size_t i = 0; i < COUNT; i++)
        world_name(table, i, arena_printf(table->arena, "s%06zu.example.test", i), old_lines,
                   1);
    table_seal(table);
    world.authority = authority_new(table, NULL, 0);
    for (size_t i = 0; i < COUNT; i += 7) {
        char name[64];

        (void)snprintf(name, sizeof(name), "s%06zu.example.test", i);
        (void)ask(&world, name, WIRE_A);
        assert_int_equal(world.note.rcode, WIRE_NOERROR);
        assert_int_equal(world.out[7], 1);
        (void)snprintf(name, sizeof(name), "t%06zu.example.test", i);
        (void)ask(&world, name, WIRE_A);
        assert_int_equal(world.note.rcode, WIRE_NXDOMAIN);
    }
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steered_names_are_answered),
        cmocka_unit_test(test_a_name_without_such_data_is_not_a_name_that_is_not_there),
        cmocka_unit_test(test_a_name_that_is_not_there_is_denied_with_the_soa),
        cmocka_unit_test(test_the_apex_has_soa_and_ns),
        cmocka_unit_test(test_who_asks_for_anything_gets_one_thing),
        cmocka_unit_test(test_names_that_are_not_ours_are_refused),
        cmocka_unit_test(test_a_steered_name_outside_the_zone_is_a_zone_of_its_own),
        cmocka_unit_test(test_of_several_nameservers_only_steered_ones_have_addresses),
        cmocka_unit_test(test_a_sole_nameserver_has_all_its_addresses),
        cmocka_unit_test(test_a_nameserver_that_is_the_apex_or_steered_keeps_its_own_data),
        cmocka_unit_test(test_what_does_not_fit_is_truncated_by_udp_and_whole_by_tcp),
        cmocka_unit_test(test_negative_answers_fit_the_smallest_client),
        cmocka_unit_test(test_a_zone_with_the_longest_name_still_has_a_soa),
        cmocka_unit_test(test_questions_that_nobody_may_ask),
        cmocka_unit_test(test_only_the_class_of_the_internet_is_answered),
        cmocka_unit_test(test_versions_opcodes_and_noise),
        cmocka_unit_test(test_without_a_table_the_client_is_sent_elsewhere),
        cmocka_unit_test(test_up_to_four_addresses_of_different_clouds),
        cmocka_unit_test(test_a_hundred_thousand_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
