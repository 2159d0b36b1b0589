/* SPDX-License-Identifier: Apache-2.0 */
/* health/prober and health/attempt: real sockets on 127.0.0.0/8, one loop for both sides. */
#include "base/mem.h"
#include "health/attempt.h"
#include "health/prober.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Far longer than anything here takes; only a failing test waits for it. */
#define LONG_MS 30000

/* So short that silence is noticed at once, where silence is what a test is about. */
#define SHORT_MS 20

#define ENDPOINTS_MAX 8
#define PEERS_MAX     8
#define FILLERS_MAX   4

/* A server that answers whoever connects with whatever the test likes. */
struct peer {
    uv_tcp_t tcp;
    const char *says; /* NULL: nothing */
    bool hangs_up;    /* after it, or at once */
    bool never_stops; /* says it again and again */
    unsigned connections;
    char heard[512];
    uint16_t port;
};

struct guest {
    uv_tcp_t tcp;
    uv_write_t write;
    struct peer *peer;
    char room[512];
};

struct world {
    uv_loop_t loop;
    uv_timer_t watchdog;
    bool is_late;
    struct prober *prober;
    struct prober_stats stats; /* the latest */
    unsigned changes;
    size_t attempts_max;
    unsigned remember_ms;
    struct peer peers[PEERS_MAX];
    size_t peer_count;
    int fds[PEERS_MAX * (FILLERS_MAX + 1)];
    size_t fd_count;

    struct endpoint endpoints[ENDPOINTS_MAX];
    struct intent_name names[2];
    struct intent intent;
};

static void on_watchdog(uv_timer_t *timer)
{
    ((struct world *)timer->data)->is_late = true;
}

static void on_verdict(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    assert_int_equal(uv_loop_init(&w->loop), 0);
    (void)uv_timer_init(&w->loop, &w->watchdog);
    w->watchdog.data = w;
    (void)uv_timer_start(&w->watchdog, on_watchdog, LONG_MS, 0);
    w->attempts_max = 100;
    w->names[0] = (struct intent_name){
        .name = "shop.example.test",
        .probe = {.kind = PROBE_TCP, .interval_ms = SHORT_MS, .timeout_ms = LONG_MS},
        .endpoints = w->endpoints,
    };
    w->names[1] = w->names[0];
    w->names[1].name = "www.example.test";
    w->intent.names = w->names;
    w->intent.name_count = 1;
    *state = w;
    return 0;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    struct world *w = ctx;
    bool is_peer = handle->type == UV_TCP && (char *)handle >= (char *)w->peers &&
                   (char *)handle < (char *)(w->peers + PEERS_MAX);

    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_TCP && !is_peer ? (uv_close_cb)free : NULL);
}

static int teardown(void **state)
{
    struct world *w = *state;

    w->prober = prober_free(w->prober);
    /* One turn for what is closing; only our own handles may be left after it. */
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    uv_walk(&w->loop, close_handle, w);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    for (size_t i = 0; i < w->fd_count; i++)
        (void)close(w->fds[i]);
    free(w);
    return 0;
}

/* Peers. */

static void guest_say(struct guest *guest);

static void on_said(uv_write_t *write, int status)
{
    struct guest *guest = write->data;

    if (status == 0 && guest->peer->never_stops)
        guest_say(guest);
    else if (!uv_is_closing((uv_handle_t *)&guest->tcp) && (status || guest->peer->hangs_up))
        uv_close((uv_handle_t *)&guest->tcp, (uv_close_cb)free);
}

static void guest_say(struct guest *guest)
{
    uv_buf_t buf =
        uv_buf_init((char *)(uintptr_t)guest->peer->says, (unsigned)strlen(guest->peer->says));

    guest->write.data = guest;
    assert_int_equal(uv_write(&guest->write, (uv_stream_t *)&guest->tcp, &buf, 1, on_said), 0);
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct guest *guest = (struct guest *)handle;

    (void)size;
    *buf = uv_buf_init(guest->room, sizeof(guest->room));
}

static void on_heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct guest *guest = (struct guest *)stream;

    if (n > 0 && (size_t)n < sizeof(guest->peer->heard)) {
        memcpy(guest->peer->heard, buf->base, (size_t)n);
        guest->peer->heard[n] = '\0';
    }
    if (n < 0 && !uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, (uv_close_cb)free);
}

static void on_guest(uv_stream_t *stream, int status)
{
    struct peer *peer = stream->data;
    struct guest *guest = mem_new(struct guest);

    assert_int_equal(status, 0);
    guest->peer = peer;
    peer->connections++;
    (void)uv_tcp_init(stream->loop, &guest->tcp);
    assert_int_equal(uv_accept(stream, (uv_stream_t *)&guest->tcp), 0);
    if (peer->says)
        guest_say(guest);
    else if (peer->hangs_up)
        uv_close((uv_handle_t *)&guest->tcp, (uv_close_cb)free);
    if (!uv_is_closing((uv_handle_t *)&guest->tcp))
        (void)uv_read_start((uv_stream_t *)&guest->tcp, on_room, on_heard);
}

static struct sockaddr_in local(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void peer_listen(struct world *w, struct peer *peer, uint16_t port)
{
    struct sockaddr_in address = local(port);
    int len = sizeof(address);

    (void)uv_tcp_init(&w->loop, &peer->tcp);
    peer->tcp.data = peer;
    assert_int_equal(uv_tcp_bind(&peer->tcp, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&peer->tcp, 16, on_guest), 0);
    assert_int_equal(uv_tcp_getsockname(&peer->tcp, (struct sockaddr *)&address, &len), 0);
    peer->port = ntohs(address.sin_port);
}

static struct peer *peer_start(struct world *w, const char *says)
{
    struct peer *peer = &w->peers[w->peer_count++];

    assert_true(w->peer_count <= PEERS_MAX);
    peer->says = says;
    peer_listen(w, peer, 0);
    return peer;
}

static int bind_local(struct world *w, uint16_t *port)
{
    struct sockaddr_in address = local(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    w->fds[w->fd_count++] = fd;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* A port that is taken, and not listened on: the kernel refuses. */
static uint16_t refusing_port(struct world *w)
{
    uint16_t port;

    (void)bind_local(w, &port);
    return port;
}

/* A listener that accepts nobody, with its queue full: the kernel drops every further SYN. */
static uint16_t silent_port(struct world *w)
{
    uint16_t port;
    int fd = bind_local(w, &port);
    struct sockaddr_in address = local(port);

    assert_int_equal(listen(fd, 0), 0);
    for (size_t i = 0; i < FILLERS_MAX; i++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_true(filler >= 0);
        w->fds[w->fd_count++] = filler;
        (void)connect(filler, (const struct sockaddr *)&address, sizeof(address));
    }
    return port;
}

/* The prober. */

static void add_endpoint(struct world *w, uint16_t port)
{
    struct intent_name *name = &w->names[0];

    w->endpoints[name->endpoint_count++] =
        (struct endpoint){.address = "127.0.0.1", .port = port, .weight = 1};
    w->names[1].endpoint_count = name->endpoint_count;
}

static void probe_http(struct world *w)
{
    w->names[0].probe.kind = PROBE_HTTP;
    w->names[0].probe.path = "/healthz";
    w->names[1].probe = w->names[0].probe;
}

static void start(struct world *w)
{
    struct prober_options options = {
        .attempts_max = w->attempts_max, .seed = 7, .remember_ms = w->remember_ms};

    w->prober = prober_new(&w->loop, &options, on_verdict, w);
    prober_set(w->prober, &w->intent);
}

static const struct finding *finding(const struct world *w, size_t i)
{
    return prober_findings(w->prober)[i];
}

static void turn(struct world *w)
{
    (void)uv_run(&w->loop, UV_RUN_ONCE);
    assert_false(w->is_late);
    prober_stats(w->prober, &w->stats);
}

static void until(struct world *w, size_t i, enum verdict_state state)
{
    while (finding(w, i)->state != state)
        turn(w);
}

static void until_probed(struct world *w, uint64_t succeeded)
{
    while (w->stats.succeeded < succeeded)
        turn(w);
}

static void check_why(const struct world *w, size_t i, const char *why)
{
    assert_string_equal(finding(w, i)->why, why);
}

/* Starts over with one endpoint that must be found down, and says why. */
static void check_down(struct world *w, uint16_t port, const char *why)
{
    add_endpoint(w, port);
    start(w);
    assert_int_equal(finding(w, 0)->state, VERDICT_UNKNOWN);
    until(w, 0, VERDICT_DOWN);
    check_why(w, 0, why);
    assert_int_equal(w->changes, 1);
}

static void test_a_listener_is_up_after_one_connection(void **state)
{
    struct world *w = *state;

    add_endpoint(w, peer_start(w, NULL)->port);
    start(w);
    until(w, 0, VERDICT_UP);
    check_why(w, 0, "connected");
    assert_int_equal(w->stats.succeeded, 1);
    assert_int_equal(finding(w, 0)->returned_ms, 0);
}

static void test_a_refusing_port_is_down(void **state)
{
    struct world *w = *state;

    check_down(w, refusing_port(w), "connection refused");
}

static void test_a_blackhole_is_down(void **state)
{
    struct world *w = *state;

    w->names[0].probe.timeout_ms = SHORT_MS;
    check_down(w, silent_port(w), "no connection within 20 ms");
}

static void test_http_asks_as_the_probe_says_and_takes_2xx_and_3xx(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, "HTTP/1.1 302 Found\r\n\r\n");
    char host[64];

    (void)snprintf(host, sizeof(host), "\r\nHost: shop.example.test:%u\r\n", peer->port);
    probe_http(w);
    add_endpoint(w, peer->port);
    start(w);
    until(w, 0, VERDICT_UP);
    check_why(w, 0, "HTTP 302");
    while (!*peer->heard)
        turn(w);
    assert_int_equal(strncmp(peer->heard, "GET /healthz HTTP/1.1\r\n", 23), 0);
    assert_non_null(strstr(peer->heard, host));
    assert_string_equal(peer->heard + strlen(peer->heard) - 4, "\r\n\r\n");
}

static void test_http_sends_the_host_that_was_given(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, "HTTP/1.0 200 OK\r\n\r\n");

    probe_http(w);
    w->names[0].probe.host = "other.example.test";
    add_endpoint(w, peer->port);
    start(w);
    until(w, 0, VERDICT_UP);
    while (!*peer->heard)
        turn(w);
    assert_non_null(strstr(peer->heard, "\r\nHost: other.example.test\r\n"));
}

static void test_another_status_is_down(void **state)
{
    struct world *w = *state;

    probe_http(w);
    check_down(w, peer_start(w, "HTTP/1.1 503 Sorry\r\n\r\n")->port, "HTTP 503");
}

static void test_only_the_expected_status_is_up(void **state)
{
    struct world *w = *state;

    probe_http(w);
    w->names[0].probe.status = 204;
    add_endpoint(w, peer_start(w, "HTTP/1.1 204 \r\n\r\n")->port);
    add_endpoint(w, peer_start(w, "HTTP/1.1 200 OK\r\n\r\n")->port);
    start(w);
    until(w, 0, VERDICT_UP);
    until(w, 1, VERDICT_DOWN);
    check_why(w, 1, "HTTP 200, expected 204");
}

static void test_garbage_is_down(void **state)
{
    struct world *w = *state;

    probe_http(w);
    check_down(w, peer_start(w, "SSH-2.0-OpenSSH_9.2p1\r\n")->port, "the answer is not HTTP");
}

static void test_endless_garbage_is_down(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, "lalala");

    peer->never_stops = true;
    probe_http(w);
    check_down(w, peer->port, "the answer is not HTTP");
}

static void test_an_endless_answer_is_judged_by_its_status(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, "HTTP/1.1 200 OK\r\n\r\n");

    peer->never_stops = true;
    probe_http(w);
    add_endpoint(w, peer->port);
    start(w);
    until_probed(w, 3);
    assert_int_equal(finding(w, 0)->state, VERDICT_UP);
}

static void test_half_an_answer_is_down(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, "HTTP/1.1 2");

    peer->hangs_up = true;
    probe_http(w);
    add_endpoint(w, peer->port);
    start(w);
    until(w, 0, VERDICT_DOWN);
}

static void test_a_server_that_accepts_and_says_nothing_is_down(void **state)
{
    struct world *w = *state;

    probe_http(w);
    w->names[0].probe.timeout_ms = SHORT_MS;
    check_down(w, peer_start(w, NULL)->port, "no answer within 20 ms");
}

static void on_attempt(void *ctx, enum attempt_result result, const char *why)
{
    assert_string_equal(why, "connected");
    *(enum attempt_result *)ctx = result;
}

static void test_what_arrived_while_the_loop_was_busy_counts(void **state)
{
    struct world *w = *state;
    uint16_t port;
    int listener = bind_local(w, &port);
    struct sockaddr_in address = local(port);
    struct attempt_target target = {.address_len = sizeof(address), .timeout_ms = SHORT_MS};
    enum attempt_result result = ATTEMPT_FAILED;

    /* The kernel accepts for us; the loop sees its timers, overdue, before its sockets. */
    assert_int_equal(listen(listener, 16), 0);
    memcpy(&target.address, &address, sizeof(address));
    assert_non_null(attempt_start(&w->loop, &target, on_attempt, &result));
    uint64_t asked = uv_hrtime();
    while (uv_hrtime() - asked < (uint64_t)2 * SHORT_MS * 1000000)
        ;
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(result, ATTEMPT_OK);
}

static void test_a_target_that_comes_back_says_when(void **state)
{
    struct world *w = *state;
    struct peer *peer = &w->peers[w->peer_count++];
    uint16_t port = refusing_port(w);

    add_endpoint(w, port);
    start(w);
    until(w, 0, VERDICT_DOWN);
    (void)close(w->fds[--w->fd_count]);
    peer_listen(w, peer, port);
    until(w, 0, VERDICT_UP);
    assert_true(finding(w, 0)->returned_ms > 0);
    assert_true(finding(w, 0)->since_ms > 0);
    assert_int_equal(w->changes, 2);
}

/* A cloud returns: the dead copy leaves the intent, another one comes in its place. */
static void replace_dead_copy(struct world *w)
{
    struct peer *peer = &w->peers[w->peer_count++];
    uint16_t port = refusing_port(w);

    add_endpoint(w, port);
    start(w);
    until(w, 0, VERDICT_DOWN);
    w->names[0].endpoint_count = 0;
    prober_set(w->prober, &w->intent);
    prober_stats(w->prober, &w->stats);
    assert_int_equal(w->stats.targets, 0);
    assert_int_equal(w->stats.attempts, 0);
    (void)close(w->fds[--w->fd_count]);
    peer_listen(w, peer, port);
    add_endpoint(w, port);
    prober_set(w->prober, &w->intent);
}

static void test_who_comes_in_the_place_of_one_that_was_down_returns_too(void **state)
{
    struct world *w = *state;

    w->remember_ms = LONG_MS;
    replace_dead_copy(w);
    assert_int_equal(finding(w, 0)->state, VERDICT_DOWN);
    until(w, 0, VERDICT_UP);
    assert_true(finding(w, 0)->returned_ms > 0);
}

static void test_after_a_while_it_is_a_newcomer(void **state)
{
    struct world *w = *state;

    w->remember_ms = 0;
    replace_dead_copy(w);
    assert_int_equal(finding(w, 0)->state, VERDICT_UNKNOWN);
    until(w, 0, VERDICT_UP);
    assert_int_equal(finding(w, 0)->returned_ms, 0);
}

static void test_what_was_up_is_not_remembered(void **state)
{
    struct world *w = *state;
    uint16_t port = peer_start(w, NULL)->port;

    w->remember_ms = LONG_MS;
    add_endpoint(w, port);
    start(w);
    until(w, 0, VERDICT_UP);
    w->names[0].endpoint_count = 0;
    prober_set(w->prober, &w->intent);
    add_endpoint(w, port);
    prober_set(w->prober, &w->intent);
    assert_int_equal(finding(w, 0)->state, VERDICT_UNKNOWN);
}

static void test_names_that_ask_the_same_share_a_target(void **state)
{
    struct world *w = *state;
    struct peer *peer = peer_start(w, NULL);

    w->names[0].probe.interval_ms = LONG_MS;
    w->names[1].probe = w->names[0].probe;
    w->intent.name_count = 2;
    add_endpoint(w, peer->port);
    start(w);
    until(w, 0, VERDICT_UP);
    assert_int_equal(finding(w, 1)->state, VERDICT_UP);
    assert_int_equal(w->stats.targets, 1);
}

static void test_another_host_is_another_target(void **state)
{
    struct world *w = *state;

    probe_http(w);
    w->intent.name_count = 2;
    add_endpoint(w, peer_start(w, "HTTP/1.1 200 OK\r\n\r\n")->port);
    start(w);
    until(w, 0, VERDICT_UP);
    until(w, 1, VERDICT_UP);
    assert_int_equal(w->stats.targets, 2);
}

static void test_what_is_not_probed_has_no_finding(void **state)
{
    struct world *w = *state;

    w->names[0].probe.kind = PROBE_NONE;
    add_endpoint(w, 1);
    start(w);
    assert_null(finding(w, 0));
    prober_stats(w->prober, &w->stats);
    assert_int_equal(w->stats.targets, 0);
}

static void test_a_new_intent_keeps_the_verdicts_of_what_stays(void **state)
{
    struct world *w = *state;
    uint16_t up = peer_start(w, NULL)->port, down = refusing_port(w);

    add_endpoint(w, up);
    add_endpoint(w, down);
    start(w);
    until(w, 0, VERDICT_UP);
    until(w, 1, VERDICT_DOWN);

    /* Given another order, one endpoint less and a new one. */
    w->names[0].endpoint_count = 0;
    add_endpoint(w, peer_start(w, NULL)->port);
    add_endpoint(w, down);
    prober_set(w->prober, &w->intent);
    assert_int_equal(finding(w, 0)->state, VERDICT_UNKNOWN);
    assert_int_equal(finding(w, 1)->state, VERDICT_DOWN);
    until(w, 0, VERDICT_UP);
    assert_int_equal(w->stats.targets, 2);
}

static void test_what_is_no_longer_named_is_no_longer_probed(void **state)
{
    struct world *w = *state;
    struct peer *gone = peer_start(w, NULL);

    add_endpoint(w, gone->port);
    start(w);
    until(w, 0, VERDICT_UP);
    w->names[0].endpoint_count = 0;
    add_endpoint(w, peer_start(w, NULL)->port);
    prober_set(w->prober, &w->intent);
    until(w, 0, VERDICT_UP); /* and everybody who was on his way is there */
    unsigned before = gone->connections;
    until_probed(w, w->stats.succeeded + 5);
    assert_int_equal(gone->connections, before);
}

static void test_a_target_that_leaves_in_the_middle_of_a_probe_is_forgotten(void **state)
{
    struct world *w = *state;

    add_endpoint(w, silent_port(w));
    start(w);
    while (!w->stats.attempts)
        turn(w);
    w->names[0].endpoint_count = 0;
    prober_set(w->prober, &w->intent);
    prober_stats(w->prober, &w->stats);
    assert_int_equal(w->stats.attempts, 0);
    assert_int_equal(w->stats.targets, 0);
    assert_int_equal(w->changes, 0);
}

static void test_probes_overlap_but_no_more_than_two(void **state)
{
    struct world *w = *state;

    add_endpoint(w, silent_port(w));
    start(w);
    while (w->stats.attempts < 2)
        turn(w);
    w->names[0].probe.timeout_ms = SHORT_MS * 10;
    prober_set(w->prober, &w->intent); /* another timeout: another target */
    until(w, 0, VERDICT_DOWN);
    assert_int_equal(w->stats.attempts_max, 2);
}

static void test_sockets_are_bounded_and_everybody_has_his_turn(void **state)
{
    struct world *w = *state;

    w->attempts_max = 1;
    w->names[0].probe.timeout_ms = SHORT_MS;
    for (size_t i = 0; i < 3; i++)
        add_endpoint(w, silent_port(w));
    add_endpoint(w, peer_start(w, NULL)->port);
    start(w);
    for (size_t i = 0; i < 3; i++)
        until(w, i, VERDICT_DOWN);
    until(w, 3, VERDICT_UP);
    assert_int_equal(w->stats.attempts_max, 1);
}

static void test_a_target_that_leaves_the_queue_does_not_break_it(void **state)
{
    struct world *w = *state;

    w->attempts_max = 1;
    for (size_t i = 0; i < 3; i++)
        add_endpoint(w, silent_port(w));
    start(w);
    while (w->stats.waiting < 2)
        turn(w);
    w->names[0].endpoint_count = 0;
    add_endpoint(w, peer_start(w, NULL)->port);
    prober_set(w->prober, &w->intent);
    until(w, 0, VERDICT_UP);
    assert_int_equal(w->stats.waiting, 0);
}

static void test_our_own_lack_of_descriptors_is_no_verdict(void **state)
{
    struct world *w = *state;
    struct rlimit limit, none = {0};
    uint16_t port = peer_start(w, NULL)->port;

    add_endpoint(w, port);
    start(w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    while (w->stats.voided < 3)
        turn(w);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(finding(w, 0)->state, VERDICT_UNKNOWN);
    until(w, 0, VERDICT_UP);
}

static void test_ipv6_is_probed_too(void **state)
{
    struct world *w = *state;

    /* Up where the computer has IPv6, down where it has none: never stuck. */
    add_endpoint(w, 9);
    w->endpoints[0].address = "::1";
    start(w);
    until(w, 0, VERDICT_DOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_listener_is_up_after_one_connection),
        TEST(test_a_refusing_port_is_down),
        TEST(test_a_blackhole_is_down),
        TEST(test_http_asks_as_the_probe_says_and_takes_2xx_and_3xx),
        TEST(test_http_sends_the_host_that_was_given),
        TEST(test_another_status_is_down),
        TEST(test_only_the_expected_status_is_up),
        TEST(test_garbage_is_down),
        TEST(test_endless_garbage_is_down),
        TEST(test_an_endless_answer_is_judged_by_its_status),
        TEST(test_half_an_answer_is_down),
        TEST(test_a_server_that_accepts_and_says_nothing_is_down),
        TEST(test_what_arrived_while_the_loop_was_busy_counts),
        TEST(test_a_target_that_comes_back_says_when),
        TEST(test_who_comes_in_the_place_of_one_that_was_down_returns_too),
        TEST(test_after_a_while_it_is_a_newcomer),
        TEST(test_what_was_up_is_not_remembered),
        TEST(test_names_that_ask_the_same_share_a_target),
        TEST(test_another_host_is_another_target),
        TEST(test_what_is_not_probed_has_no_finding),
        TEST(test_a_new_intent_keeps_the_verdicts_of_what_stays),
        TEST(test_what_is_no_longer_named_is_no_longer_probed),
        TEST(test_a_target_that_leaves_in_the_middle_of_a_probe_is_forgotten),
        TEST(test_probes_overlap_but_no_more_than_two),
        TEST(test_sockets_are_bounded_and_everybody_has_his_turn),
        TEST(test_a_target_that_leaves_the_queue_does_not_break_it),
        TEST(test_our_own_lack_of_descriptors_is_no_verdict),
        TEST(test_ipv6_is_probed_too),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* a probe hangs up when it has seen enough */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
