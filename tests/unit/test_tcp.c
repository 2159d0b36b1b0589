/* SPDX-License-Identifier: Apache-2.0 */
/* dns/tcp: who is cut off when, with a clock of our own. */
#include "base/scope.h"
#include "dns/tcp.h"
#include "dns_world.h"
#include "table_world.h"
#include "unit.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define CONNECTIONS 32
#define SHARE       (CONNECTIONS / TCP_CLIENT_SHARE)

static const char *const web_lines[] = {"192.0.2.1 1 amber-1 north amber"};

struct world {
    int epoll, listener;
    struct sockaddr_in address;
    struct random random;
    struct counters counters;
    struct authority *authority;
    struct tcp *tcp;
    uint64_t now_ms;
};

static void world_fini(struct world *world)
{
    world->tcp = tcp_free(world->tcp);
    world->authority = authority_free(world->authority);
    scope_close(&world->epoll);
    scope_close(&world->listener);
}

static void world_init(struct world *world)
{
    socklen_t len = sizeof(world->address);

    *world = (struct world){.now_ms = 1000000};
    world->address.sin_family = AF_INET;
    world->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    world->epoll = epoll_create1(EPOLL_CLOEXEC);
    world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_return_code(bind(world->listener, (struct sockaddr *)&world->address, len), errno);
    assert_return_code(listen(world->listener, 128), errno);
    assert_return_code(getsockname(world->listener, (struct sockaddr *)&world->address, &len),
                       errno);
    random_init(&world->random, 1);
    world->authority = authority_new(world_of(WORLD_LINES(web_lines)), NULL, 0);
    world->tcp = tcp_new(world->epoll, 0, CONNECTIONS, &world->random, &world->counters);
}

/* From 127.0.0.`host`. The server has accepted it when this returns. */
static int client(struct world *world, unsigned host)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(127u << 24 | host)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};

    assert_true(fd >= 0);
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                       errno);
    assert_return_code(bind(fd, (struct sockaddr *)&from, sizeof(from)), errno);
    assert_return_code(connect(fd, (struct sockaddr *)&world->address, sizeof(world->address)),
                       errno);
    tcp_accept(world->tcp, world->listener, world->now_ms);
    return fd;
}

/* Sends the bytes from `begin` to `end` of a query; 0, 64: all of them. */
static void ask(int fd, size_t begin, size_t end)
{
    struct message message;
    uint8_t framed[64] = {0};

    message_init(&message, "shop.example.test", WIRE_A);
    framed[1] = (uint8_t)message.len;
    memcpy(framed + 2, message.data, message.len);
    end = end < 2 + message.len ? end : 2 + message.len;
    assert_int_equal(send(fd, framed + begin, end - begin, MSG_NOSIGNAL), end - begin);
}

/* Serves what is ready now. */
static void serve(struct world *world)
{
    struct epoll_event events[64];
    int count = epoll_wait(world->epoll, events, 64, 0);

    for (int i = 0; i < count; i++)
        tcp_serve(world->tcp, events[i].data.u64, world->authority, world->now_ms);
}

static bool is_open(int fd)
{
    char byte;
    ssize_t r = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

    return r > 0 || (r < 0 && errno == EAGAIN);
}

static uint64_t count(const struct world *world, enum dns_counter counter)
{
    return counters_get(&world->counters, counter);
}

static void test_an_idle_connection_is_closed_in_time(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    assert_int_equal(tcp_timeout_ms(world.tcp), -1);
    SCOPED(scope_close) int fd = client(&world, 1);
    assert_true(tcp_timeout_ms(world.tcp) > 0);

    world.now_ms += TCP_IDLE_MS - 1;
    tcp_expire(world.tcp, world.now_ms);
    assert_true(is_open(fd));
    world.now_ms += 250;
    tcp_expire(world.tcp, world.now_ms);
    assert_false(is_open(fd));
    assert_int_equal(count(&world, DNS_TCP_TIMED_OUT), 1);
    assert_int_equal(tcp_timeout_ms(world.tcp), -1);
}

static void test_only_a_whole_query_earns_more_time(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    SCOPED(scope_close) int good = client(&world, 1);
    SCOPED(scope_close) int slow = client(&world, 1);
    for (unsigned i = 0; i < 4; i++) {
        world.now_ms += TCP_IDLE_MS / 4;
        ask(good, 0, 64);
        ask(slow, i, i + 1);
        serve(&world);
        tcp_expire(world.tcp, world.now_ms);
    }
    assert_true(is_open(good));
    assert_false(is_open(slow));
}

static void test_a_client_with_too_many_connections_closes_its_own_oldest(void **state)
{
    SCOPED(world_fini) struct world world;
    int fds[SHARE + 2];

    (void)state;
    world_init(&world);
    SCOPED(scope_close) int other = client(&world, 2);
    for (size_t i = 0; i < SHARE + 2; i++) {
        world.now_ms++;
        fds[i] = client(&world, 1);
    }
    assert_true(is_open(other));
    for (size_t i = 0; i < SHARE + 2; i++) {
        assert_int_equal(is_open(fds[i]), i >= 2);
        scope_close(&fds[i]);
    }
    assert_int_equal(count(&world, DNS_TCP_EVICTED), 2);
}

static void test_when_all_places_are_taken_the_longest_idle_one_goes(void **state)
{
    SCOPED(world_fini) struct world world;
    int fds[CONNECTIONS + 1];

    (void)state;
    world_init(&world);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        world.now_ms++;
        fds[i] = client(&world, 1 + i / SHARE);
    }
    assert_int_equal(count(&world, DNS_TCP_EVICTED), 0);
    world.now_ms++;
    ask(fds[0], 0, 64);
    serve(&world);
    fds[CONNECTIONS] = client(&world, 100);
    for (unsigned i = 0; i <= CONNECTIONS; i++) {
        if (is_open(fds[i]) != (i != 1))
            fail_msg("connection %u is %s", i, i == 1 ? "open" : "closed");
        scope_close(&fds[i]);
    }
}

static void test_a_closed_connection_makes_room(void **state)
{
    SCOPED(world_fini) struct world world;

    (void)state;
    world_init(&world);
    for (unsigned i = 0; i < 3 * CONNECTIONS; i++) {
        SCOPED(scope_close) int fd = client(&world, 1);

        ask(fd, 0, 64);
        serve(&world);
        assert_true(is_open(fd));
        scope_close(&fd);
        fd = -1;
        serve(&world);
    }
    assert_int_equal(count(&world, DNS_TCP_CLOSED), 3 * CONNECTIONS);
    assert_int_equal(count(&world, DNS_TCP_EVICTED), 0);
    assert_int_equal(count(&world, DNS_NOERROR), 3 * CONNECTIONS);
}

/* The limit is raised again by the caller. */
static void limit_descriptors(rlim_t count, struct rlimit *before)
{
    struct rlimit limit;

    assert_return_code(getrlimit(RLIMIT_NOFILE, before), errno);
    limit = (struct rlimit){count, before->rlim_max};
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
}

static void test_without_descriptors_the_longest_idle_one_makes_room(void **state)
{
    SCOPED(world_fini) struct world world;
    const struct sockaddr *address = (const struct sockaddr *)&world.address;
    struct rlimit before;
    bool is_open_after[3][3];
    int fds[3];

    (void)state;
    world_init(&world);
    fds[0] = client(&world, 1);
    for (size_t i = 1; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(connect(fds[i], address, sizeof(world.address)), errno);
    }
    limit_descriptors((rlim_t)fds[2] + 1, &before);
    for (size_t i = 0; i < 3; i++) {
        world.now_ms++;
        tcp_accept(world.tcp, world.listener, world.now_ms);
        for (size_t j = 0; j < 3; j++)
            is_open_after[i][j] = is_open(fds[j]);
    }
    assert_return_code(setrlimit(RLIMIT_NOFILE, &before), errno);

    /* One comes in each time; when nobody waits, nobody has to go. */
    static const bool expected[3][3] = {{0, 1, 1}, {0, 0, 1}, {0, 0, 1}};
    assert_memory_equal(is_open_after, expected, sizeof(expected));
    for (size_t i = 0; i < 3; i++)
        scope_close(&fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_idle_connection_is_closed_in_time),
        cmocka_unit_test(test_only_a_whole_query_earns_more_time),
        cmocka_unit_test(test_a_client_with_too_many_connections_closes_its_own_oldest),
        cmocka_unit_test(test_when_all_places_are_taken_the_longest_idle_one_goes),
        cmocka_unit_test(test_a_closed_connection_makes_room),
        cmocka_unit_test(test_without_descriptors_the_longest_idle_one_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
