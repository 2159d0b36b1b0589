/* SPDX-License-Identifier: Apache-2.0 */
/* dns/server: real sockets on the loopback, each test on an address of its own. */
#include "base/scope.h"
#include "dns/server.h"
#include "dns_world.h"
#include "table_world.h"
#include "unit.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PORT 5300

/* How long a test waits for an answer that it is owed. */
#define PATIENCE_S 10

static const char *const web_lines[] = {"192.0.2.1 1 amber-1 north amber"};
static const char *const two_lines[] = {
    "192.0.2.1 1 amber-1 north amber",
    "192.0.2.2 1 birch-1 north birch",
};

/* 127.x.y.z belongs to this process alone, as long as process ids are unique below 2^16. */
static struct sockaddr_in own_address(unsigned host)
{
    uint32_t pid = (uint32_t)getpid() & 0xffff;

    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(PORT),
        .sin_addr.s_addr = htonl(127u << 24 | (50 + host) << 16 | pid),
    };
}

static const char *own_text(unsigned host, char out[64])
{
    struct sockaddr_in address = own_address(host);
    char ip[INET_ADDRSTRLEN];

    (void)snprintf(out, 64, "%s:%d", inet_ntop(AF_INET, &address.sin_addr, ip, sizeof(ip)),
                   PORT);
    return out;
}

static struct dns_server *open_on(const char **listen, size_t count, unsigned workers)
{
    struct dns_server_options options = {{listen, count}, workers};
    struct dns_server *server = NULL;
    struct err err = {0};

    if (dns_server_open(&server, &options, &err) < 0)
        fail_msg("%s", err.text);
    return server;
}

static struct dns_server *open_one(unsigned host, unsigned workers)
{
    char text[64];
    const char *listen[] = {own_text(host, text)};

    return open_on(listen, 1, workers);
}

static int connect_to(const void *address, socklen_t len, int type)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int family = ((const struct sockaddr *)address)->sa_family;
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                       errno);
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)),
                       errno);
    assert_return_code(connect(fd, address, len), errno);
    return fd;
}

static int connect_own(unsigned host, int type)
{
    struct sockaddr_in address = own_address(host);

    return connect_to(&address, sizeof(address), type);
}

static const char *ask_udp(int fd, const char *name, unsigned type, struct shown *shown)
{
    static _Thread_local uint8_t reply[4096];
    struct message message;

    message_init(&message, name, type);
    assert_int_equal(send(fd, message.data, message.len, 0), message.len);
    ssize_t len = recv(fd, reply, sizeof(reply), 0);
    assert_return_code(len, errno);
    return show(shown, reply, (size_t)len);
}

static void send_tcp(int fd, const struct message *message)
{
    uint8_t framed[2 + sizeof(message->data)];

    framed[0] = (uint8_t)(message->len >> 8);
    framed[1] = (uint8_t)message->len;
    memcpy(framed + 2, message->data, message->len);
    assert_int_equal(send(fd, framed, 2 + message->len, MSG_NOSIGNAL), 2 + message->len);
}

/* Returns the length, 0 at the end of the stream. */
static size_t receive_tcp(int fd, uint8_t *out, size_t size)
{
    uint8_t length[2];
    ssize_t r = recv(fd, length, 2, MSG_WAITALL);

    if (r == 0 || (r < 0 && errno == ECONNRESET))
        return 0;
    assert_int_equal(r, 2);
    size_t len = (size_t)length[0] << 8 | length[1];
    assert_true(len <= size);
    assert_int_equal(recv(fd, out, len, MSG_WAITALL), len);
    return len;
}

static const char *ask_tcp(int fd, const char *name, unsigned type, struct shown *shown)
{
    static uint8_t reply[4096];
    struct message message;

    message_init(&message, name, type);
    send_tcp(fd, &message);
    return show(shown, reply, receive_tcp(fd, reply, sizeof(reply)));
}

#define SHOP "0 qr aa rd\nshop.example.test. 1 1\nan shop.example.test. 5 A 192.0.2.1\n"

static void test_queries_are_answered_by_udp_and_tcp(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(0, 2);
    SCOPED(scope_close) int udp = connect_own(0, SOCK_DGRAM);
    SCOPED(scope_close) int tcp = connect_own(0, SOCK_STREAM);
    struct dns_counters counters;
    struct shown shown;

    (void)state;
    assert_null(dns_server_table(server));
    assert_string_equal(ask_udp(udp, "shop.example.test", WIRE_A, &shown),
                        "2 qr rd\nshop.example.test. 1 1\n");
    struct table *table = world_of(WORLD_LINES(web_lines));
    dns_server_publish(server, table);
    assert_ptr_equal(dns_server_table(server), table);
    assert_string_equal(ask_udp(udp, "shop.example.test", WIRE_A, &shown), SHOP);
    assert_string_equal(ask_tcp(tcp, "shop.example.test", WIRE_A, &shown), SHOP);
    assert_string_equal(ask_tcp(tcp, "other.test", WIRE_A, &shown),
                        "5 qr rd\nother.test. 1 1\n");
    dns_server_counters(server, &counters);
    assert_int_equal(counters.of[DNS_UDP_QUERIES], 2);
    assert_int_equal(counters.of[DNS_TCP_QUERIES], 2);
    assert_int_equal(counters.of[DNS_NOERROR], 2);
    assert_int_equal(counters.of[DNS_SERVFAIL], 1);
    assert_int_equal(counters.of[DNS_REFUSED], 1);
    assert_int_equal(counters.of[DNS_TCP_ACCEPTED], 1);
}

static void test_the_listening_address_is_the_nameservers(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(0, 1);
    SCOPED(scope_close) int udp = connect_own(0, SOCK_DGRAM);
    struct sockaddr_in address = own_address(0);
    char expected[128], ip[INET_ADDRSTRLEN];
    struct shown shown;

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    (void)snprintf(expected, sizeof(expected),
                   "0 qr aa rd\nns1.example.test. 1 1\nan ns1.example.test. 3600 A %s\n",
                   inet_ntop(AF_INET, &address.sin_addr, ip, sizeof(ip)));
    assert_string_equal(ask_udp(udp, "ns1.example.test", WIRE_A, &shown), expected);
}

/* A port that is free on all addresses right now. */
static unsigned free_port(int family)
{
    SCOPED(scope_close) int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any.sa_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);

    assert_true(fd >= 0);
    assert_return_code(bind(fd, &address.any, len), errno);
    assert_return_code(getsockname(fd, &address.any, &len), errno);
    return ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* A connected socket takes only what comes from the address that it asked. */
static void test_answers_come_from_the_address_that_was_asked(void **state)
{
    char v4[64], v6[64];
    const char *listen[] = {v4, v6};
    unsigned v4_port = free_port(AF_INET);
    unsigned v6_port = free_port(AF_INET6);
    struct shown shown;

    (void)state;
    (void)snprintf(v4, sizeof(v4), "0.0.0.0:%u", v4_port);
    (void)snprintf(v6, sizeof(v6), "[::]:%u", v6_port);
    SCOPED(dns_server_closep) struct dns_server *server = open_on(listen, 2, 2);
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    for (unsigned host = 0; host < 3; host++) {
        struct sockaddr_in address = own_address(host);

        address.sin_port = htons((uint16_t)v4_port);
        SCOPED(scope_close) int fd = connect_to(&address, sizeof(address), SOCK_DGRAM);
        assert_string_equal(ask_udp(fd, "shop.example.test", WIRE_A, &shown), SHOP);
    }
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                    .sin6_port = htons((uint16_t)v6_port),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    SCOPED(scope_close) int udp = connect_to(&loopback, sizeof(loopback), SOCK_DGRAM);
    SCOPED(scope_close) int tcp = connect_to(&loopback, sizeof(loopback), SOCK_STREAM);
    assert_string_equal(ask_udp(udp, "shop.example.test", WIRE_A, &shown), SHOP);
    assert_string_equal(ask_tcp(tcp, "shop.example.test", WIRE_A, &shown), SHOP);
    /* Nobody is told that the nameserver has the address 0.0.0.0. */
    assert_non_null(strstr(ask_udp(udp, "ns1.example.test", WIRE_A, &shown), " SOA "));
}

static void refuse(const char *text, int code, const char *expected)
{
    const char *listen[] = {text};
    struct dns_server_options options = {{listen, 1}, 2};
    struct dns_server *server = NULL;
    struct err err = {0};

    assert_int_equal(dns_server_open(&server, &options, &err), code);
    assert_string_equal(err.text, expected);
    assert_null(server);
}

static void test_an_address_that_somebody_has_is_refused(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(1, 1);
    char text[64], expected[160];

    (void)state;
    assert_non_null(server);
    (void)own_text(1, text);
    (void)snprintf(expected, sizeof(expected), "listen on '%s' by UDP: Address already in use",
                   text);
    refuse(text, -EADDRINUSE, expected);
    server = dns_server_close(server);
    server = open_one(1, 1);
}

static void test_what_is_no_address_is_refused(void **state)
{
    struct dns_server_options options = {{NULL, 0}, 1};
    struct dns_server *server = NULL;
    struct err err = {0};

    (void)state;
    refuse("127.0.0.1", -EINVAL,
           "listen on '127.0.0.1': expected \"IPv4:PORT\" or \"[IPv6]:PORT\"");
    refuse("localhost:53", -EINVAL,
           "listen on 'localhost:53': 'localhost' is not an IP address");
    refuse("192.0.2.1:5300", -EADDRNOTAVAIL,
           "listen on '192.0.2.1:5300' by UDP: Cannot assign requested address");
    assert_int_equal(dns_server_open(&server, &options, &err), -EINVAL);
    assert_string_equal(err.text, "listen on 0 addresses: expected 1 to 16");
    assert_null(dns_server_close(NULL));
}

/* TCP (RFC 7766). */

static void test_queries_may_be_sent_without_waiting_for_answers(void **state)
{
    enum { COUNT = 500 };
    SCOPED(dns_server_closep) struct dns_server *server = open_one(2, 1);
    SCOPED(scope_close) int tcp = connect_own(2, SOCK_STREAM);
    struct message message;
    uint8_t reply[4096];

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    message_init(&message, "shop.example.test", WIRE_A);
    for (unsigned i = 0; i < COUNT; i++) {
        message_set_u16(&message, 0, i);
        send_tcp(tcp, &message);
    }
    /* Half closed: what was asked is still answered. */
    assert_return_code(shutdown(tcp, SHUT_WR), errno);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(receive_tcp(tcp, reply, sizeof(reply)), message.len + 16);
        assert_int_equal(reply[0] << 8 | reply[1], i);
    }
    assert_int_equal(receive_tcp(tcp, reply, sizeof(reply)), 0);
}

static void test_a_query_may_come_byte_by_byte(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(2, 1);
    SCOPED(scope_close) int tcp = connect_own(2, SOCK_STREAM);
    struct message message;
    uint8_t reply[4096];

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    message_init(&message, "shop.example.test", WIRE_A);
    uint8_t length[2] = {0, (uint8_t)message.len};
    assert_int_equal(send(tcp, length, 1, 0), 1);
    assert_int_equal(send(tcp, length + 1, 1, 0), 1);
    for (size_t i = 0; i < message.len; i++)
        assert_int_equal(send(tcp, message.data + i, 1, 0), 1);
    assert_int_equal(receive_tcp(tcp, reply, sizeof(reply)), message.len + 16);
}

static void test_noise_by_tcp_is_cut_off(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(2, 1);
    static const struct {
        const char *what;
        uint8_t bytes[4];
    } cases[] = {
        {"an empty message", {0, 0, 0, 0}},
        {"a message that is too long", {0xff, 0xff, 0, 0}},
        {"a message of two bytes", {0, 2, 1, 2}},
    };
    uint8_t reply[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SCOPED(scope_close) int tcp = connect_own(2, SOCK_STREAM);

        assert_int_equal(send(tcp, cases[i].bytes, 4, MSG_NOSIGNAL), 4);
        if (receive_tcp(tcp, reply, sizeof(reply)) != 0)
            fail_msg("%s was answered", cases[i].what);
    }
    assert_non_null(server);
}

/*
 * Sends queries, each with the next id, until the connection takes no more, and reads no
 * answer. Returns how many bytes went out.
 */
static size_t stuff(int tcp, const struct message *query)
{
    struct message message = *query;
    size_t sent = 0;
    size_t done = 0; /* of the message that is being sent */

    /* 64 MB are more than the buffers of both sides. */
    for (unsigned id = 0; sent < (size_t)64 << 20; id += done == 0) {
        uint8_t framed[64] = {0, (uint8_t)message.len};

        message_set_u16(&message, 0, id & 0xffff);
        memcpy(framed + 2, message.data, message.len);
        ssize_t r =
            send(tcp, framed + done, 2 + message.len - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (r < 0)
            return sent;
        sent += (size_t)r;
        done = (done + (size_t)r) % (2 + message.len);
    }
    fail_msg("the server takes queries without end from who reads no answers");
    return 0;
}

static void test_a_client_that_does_not_read_hurts_nobody(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(2, 1);
    SCOPED(scope_close) int deaf = connect_own(2, SOCK_STREAM);
    SCOPED(scope_close) int tcp = connect_own(2, SOCK_STREAM);
    SCOPED(scope_close) int udp = connect_own(2, SOCK_DGRAM);
    struct message message;
    uint8_t reply[512];
    struct shown shown;

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    message_init(&message, "shop.example.test", WIRE_A);
    size_t queries = stuff(deaf, &message) / (2 + message.len);
    assert_string_equal(ask_tcp(tcp, "shop.example.test", WIRE_A, &shown), SHOP);
    assert_string_equal(ask_udp(udp, "shop.example.test", WIRE_A, &shown), SHOP);

    /* When it reads at last, nothing is missing and nothing is mangled. */
    for (size_t i = 0; i < queries; i++) {
        if (receive_tcp(deaf, reply, sizeof(reply)) != message.len + 16 ||
            (reply[0] << 8 | reply[1]) != (int)(i & 0xffff) ||
            memcmp(reply + WIRE_HEADER_SIZE, message.data + WIRE_HEADER_SIZE,
                   message.len - WIRE_HEADER_SIZE) != 0)
            fail_msg("answer %zu of %zu is not that to its query", i, queries);
    }
}

/* How many heaps malloc has: each thread that allocates gets one of its own. */
static unsigned count_heaps(void)
{
    char *text = NULL;
    size_t size = 0;
    unsigned count = 0;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    assert_int_equal(malloc_info(0, file), 0);
    assert_int_equal(fclose(file), 0);
    for (const char *at = text; (at = strstr(at, "<heap nr=")) != NULL; at++)
        count++;
    free(text);
    return count;
}

/* The first test of all: heaps stay when their threads are gone. */
static void test_workers_allocate_nothing(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(2, 2);

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    for (unsigned i = 0; i < 100; i++) {
        SCOPED(scope_close) int tcp = connect_own(2, SOCK_STREAM);
        SCOPED(scope_close) int udp = connect_own(2, SOCK_DGRAM);
        struct shown shown;

        assert_string_equal(ask_tcp(tcp, "shop.example.test", WIRE_A, &shown), SHOP);
        assert_string_equal(ask_udp(udp, "shop.example.test", WIRE_A, &shown), SHOP);
    }
    assert_int_equal(count_heaps(), 1);
}

/* Swapping tables. */

struct asker {
    unsigned host;
    _Atomic(int) *stop;
    _Atomic(unsigned) answers;
    unsigned wrong;
};

/* Every table has one address, or two: an answer is one or the other, never a mixture. */
static void *ask_always(void *ctx)
{
    struct asker *asker = ctx;
    SCOPED(scope_close) int udp = connect_own(asker->host, SOCK_DGRAM);

    while (!atomic_load(asker->stop)) {
        struct shown shown;
        const char *text = ask_udp(udp, "shop.example.test", WIRE_A, &shown);

        asker->answers++;
        asker->wrong += !strstr(text, "A 192.0.2.1\n") || strstr(text, "broken") != NULL;
    }
    return NULL;
}

enum { ASKERS = 3, TABLES = 500, ANSWERS = 200 };

static bool all_have_answers(const struct asker *askers)
{
    for (size_t i = 0; i < ASKERS; i++)
        if (atomic_load(&askers[i].answers) < ANSWERS)
            return false;
    return true;
}

static void test_tables_are_swapped_while_queries_come(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(3, 3);
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    _Atomic(int) stop = 0;

    (void)state;
    dns_server_publish(server, world_of(WORLD_LINES(web_lines)));
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.host = 3, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_always, &askers[i]), 0);
    }
    for (unsigned i = 0; i < TABLES || !all_have_answers(askers); i++)
        dns_server_publish(server, i % 2 ? world_of(WORLD_LINES(web_lines))
                                         : world_of(WORLD_LINES(two_lines)));
    atomic_store(&stop, 1);
    for (size_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(askers[i].wrong, 0);
    }
    dns_server_reclaim(server);
}

/* What was published is what the next query gets: there is no time in between. */
static void test_an_answer_is_never_older_than_the_table_before_the_query(void **state)
{
    SCOPED(dns_server_closep) struct dns_server *server = open_one(3, 2);
    SCOPED(scope_close) int udp = connect_own(3, SOCK_DGRAM);

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct shown shown;
        bool is_two = i % 2;

        dns_server_publish(server, is_two ? world_of(WORLD_LINES(two_lines))
                                          : world_of(WORLD_LINES(web_lines)));
        const char *text = ask_udp(udp, "shop.example.test", WIRE_A, &shown);
        if ((strstr(text, "A 192.0.2.2\n") != NULL) != is_two)
            fail_msg("table %u: %s", i, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_allocate_nothing),
        cmocka_unit_test(test_queries_are_answered_by_udp_and_tcp),
        cmocka_unit_test(test_the_listening_address_is_the_nameservers),
        cmocka_unit_test(test_answers_come_from_the_address_that_was_asked),
        cmocka_unit_test(test_an_address_that_somebody_has_is_refused),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_queries_may_be_sent_without_waiting_for_answers),
        cmocka_unit_test(test_a_query_may_come_byte_by_byte),
        cmocka_unit_test(test_noise_by_tcp_is_cut_off),
        cmocka_unit_test(test_a_client_that_does_not_read_hurts_nobody),
        cmocka_unit_test(test_tables_are_swapped_while_queries_come),
        cmocka_unit_test(test_an_answer_is_never_older_than_the_table_before_the_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
