/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Far longer than anything here takes; only a failing test waits for it. */
#define LONG_MS 30000

#define OK_REPLY "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"

/*
 * A peer that says whatever the test likes to whoever asks, one connection after the other,
 * on a thread of its own with plain blocking calls.
 */
struct peer {
    pthread_t thread;
    bool is_started;
    int listen_fd;
    const char *says;
    bool hangs_up;     /* after it; else it waits for the other side to do so */
    bool never_stops;  /* says it again and again */
    unsigned pause_ms; /* before it says it again */
    unsigned times;    /* 0: once for each request */
    unsigned requests, connections;
};

struct world {
    uv_loop_t loop;
    struct http_client *client;
    struct http_server *server;
    struct peer peer;
    char folder[64], path[96];
    struct http_target target;

    /* The server's handler: what it is to do, and what it saw. */
    void (*serve)(struct world *w, struct http_exchange *exchange);
    struct http_exchange *exchange;
    unsigned handled, closed;
    int write_result;
};

/* What one call told us, and what its callbacks do. */
struct heard {
    struct world *world;
    struct http_call *call;
    int status; /* 0: no reply */
    char type[64], api_version[16];
    struct buf body; /* or what a stream brought */
    struct err err;
    unsigned pieces, done;
    void (*in_data)(struct heard *heard);
    void (*in_done)(struct heard *heard);
    struct heard *other;
};

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    assert_int_equal(uv_loop_init(&w->loop), 0);
    w->client = http_client_new(&w->loop);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/seawall-test-http-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof(w->path), "%s/socket", w->folder);
    w->target = (struct http_target){.unix_socket = w->path, .origin = "http://localhost"};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    w->client = http_client_free(w->client);
    w->server = http_server_close(w->server);
    /* Nothing may stay open: neither handles nor memory (the sanitizers see to that). */
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (w->peer.is_started) {
        (void)shutdown(w->peer.listen_fd, SHUT_RDWR);
        (void)pthread_join(w->peer.thread, NULL);
        (void)close(w->peer.listen_fd);
    }
    (void)unlink(w->path);
    (void)rmdir(w->folder);
    free(w);
    return 0;
}

/* Reads one request without a body; false when the other side is gone. */
static bool peer_hear(int fd)
{
    char text[4096];
    size_t len = 0;

    while (len < sizeof(text) - 1) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n"))
            return true;
    }
    return false;
}

static void peer_serve(struct peer *peer, int fd)
{
    while (peer_hear(fd)) {
        unsigned said = 0;

        peer->requests++;
        do {
            if (said)
                (void)poll(NULL, 0, (int)peer->pause_ms);
            if (send(fd, peer->says, strlen(peer->says), MSG_NOSIGNAL) < 0)
                return;
        } while (++said < peer->times || peer->never_stops);
        if (peer->hangs_up)
            return;
    }
}

static void *peer_run(void *ctx)
{
    struct peer *peer = ctx;
    int fd;

    while ((fd = accept(peer->listen_fd, NULL, NULL)) >= 0) {
        peer->connections++;
        peer_serve(peer, fd);
        (void)close(fd);
    }
    return NULL;
}

static void peer_start(struct world *w, int listen_fd)
{
    struct err err;

    w->peer.listen_fd = listen_fd >= 0 ? listen_fd : http_listen_unix(w->path, &err);
    assert_true(w->peer.listen_fd >= 0);
    /* http_listen_unix makes it nonblocking; the peer wants it plain. */
    assert_int_equal(fcntl(w->peer.listen_fd, F_SETFL, 0), 0);
    assert_int_equal(pthread_create(&w->peer.thread, NULL, peer_run, &w->peer), 0);
    w->peer.is_started = true;
}

static void peer_says(struct world *w, const char *text)
{
    w->peer.says = text;
    peer_start(w, -1);
}

/* Our own server */

static void on_request(void *ctx, struct http_exchange *exchange)
{
    struct world *w = ctx;

    w->handled++;
    w->exchange = exchange;
    w->serve(w, exchange);
}

static void on_stream_closed(void *ctx)
{
    struct world *w = ctx;

    w->closed++;
    w->exchange = NULL;
}

static void server_start(struct world *w,
                         void (*serve)(struct world *w, struct http_exchange *exchange))
{
    struct err err;
    int fd = http_listen_unix(w->path, &err);

    assert_true(fd >= 0);
    w->serve = serve;
    assert_int_equal(http_server_open(&w->server, &w->loop, fd, on_request, w, &err), 0);
}

/* Our own client */

static void on_data(void *ctx, const char *data, size_t len)
{
    struct heard *heard = ctx;

    heard->pieces++;
    assert_int_equal(buf_add(&heard->body, data, len), 0);
    if (heard->in_data)
        heard->in_data(heard);
}

static void on_done(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct heard *heard = ctx;

    heard->done++;
    if (reply) {
        heard->status = reply->status;
        (void)snprintf(heard->type, sizeof(heard->type), "%s", reply->content_type);
        (void)snprintf(heard->api_version, sizeof(heard->api_version), "%s",
                       reply->api_version);
        assert_int_equal(strlen(reply->body), reply->body_len);
        assert_int_equal(buf_add(&heard->body, reply->body, reply->body_len), 0);
    } else {
        heard->err = *err;
    }
    if (heard->in_done)
        heard->in_done(heard);
    heard->call = NULL;
}

static void call(struct world *w, struct heard *heard, const struct http_request *request)
{
    static const struct http_handlers handlers = {.on_data = on_data, .on_done = on_done};
    struct err err;

    heard->world = w;
    if (!heard->body.size_max)
        buf_init(&heard->body, (size_t)64 << 20);
    heard->call = http_call_start(w->client, &w->target, request, &handlers, heard, &err);
    assert_non_null(heard->call);
    assert_int_equal(heard->done, 0);
}

static struct http_request get(const char *path)
{
    return (struct http_request){.method = "GET", .path = path, .timeout_ms = LONG_MS};
}

static struct http_request stream(const char *path)
{
    return (struct http_request){.method = "GET", .path = path, .stream = true};
}

static void run_until(struct world *w, const unsigned *what, unsigned count)
{
    int alive = 1;

    while (*what < count) {
        assert_int_not_equal(alive, 0);
        alive = uv_run(&w->loop, UV_RUN_ONCE);
    }
}

/* Makes the call and waits for its end. */
static void ask(struct world *w, struct heard *heard, struct http_request request)
{
    call(w, heard, &request);
    run_until(w, &heard->done, 1);
    assert_int_equal(heard->done, 1);
}

static void expect_failure(const struct heard *heard, int code, const char *text)
{
    assert_int_equal(heard->status, 0);
    if (heard->err.code != code || !strstr(heard->err.text, text))
        fail_msg("expected %d '%s', got %d '%s'", code, text, heard->err.code, heard->err.text);
}

/* What is promised */

static void serve_echo(struct world *w, struct http_exchange *exchange)
{
    size_t len;
    const char *body = http_exchange_body(exchange, &len);
    const char *colour = http_exchange_query(exchange, "colour");
    const char *force = http_exchange_query(exchange, "force");
    struct buf out;

    (void)w;
    buf_init(&out, 65536);
    assert_null(http_exchange_query(exchange, "none"));
    assert_int_equal(buf_printf(&out, "%s %s colour=%s force='%s' %zu:%s",
                                http_exchange_method(exchange), http_exchange_path(exchange),
                                colour ? colour : "?", force ? force : "?", len, body),
                     0);
    http_exchange_reply(exchange, 201, "text/plain", buf_text(&out), out.len);
    buf_fini(&out);
}

static void test_request_and_reply_arrive_whole(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = get("/v1/apps/shop?colour=sea%20green&force");

    server_start(w, serve_echo);
    request.method = "PUT";
    request.body = "{}";
    request.body_len = 2;
    ask(w, &heard, request);

    assert_int_equal(heard.status, 201);
    assert_string_equal(heard.type, "text/plain");
    assert_string_equal(heard.api_version, "");
    assert_string_equal(buf_text(&heard.body),
                        "PUT /v1/apps/shop colour=sea green force='' 2:{}");
    buf_fini(&heard.body);
}

static void test_all_methods_pass(void **state)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    struct world *w = *state;

    server_start(w, serve_echo);
    for (size_t i = 0; i < 5; i++) {
        struct heard heard = {0};
        struct http_request request = get("/x");

        request.method = methods[i];
        ask(w, &heard, request);
        assert_int_equal(heard.status, 201);
        assert_memory_equal(buf_text(&heard.body), methods[i], strlen(methods[i]));
        buf_fini(&heard.body);
    }
}

static void serve_later(struct world *w, struct http_exchange *exchange)
{
    (void)w;
    (void)exchange;
}

static void test_the_handler_may_answer_later(void **state)
{
    struct world *w = *state;
    struct heard first = {0}, second = {0};
    struct http_request request = get("/later");

    server_start(w, serve_later);
    call(w, &first, &request);
    run_until(w, &w->handled, 1);
    struct http_exchange *kept = w->exchange;
    call(w, &second, &request);
    run_until(w, &w->handled, 2);

    http_exchange_reply(w->exchange, 200, "text/plain", "second", 6);
    run_until(w, &second.done, 1);
    assert_int_equal(first.done, 0);
    http_exchange_reply(kept, 200, "text/plain", "first", 5);
    run_until(w, &first.done, 1);

    assert_string_equal(buf_text(&first.body), "first");
    assert_string_equal(buf_text(&second.body), "second");
    buf_fini(&first.body);
    buf_fini(&second.body);
}

static void serve_nothing(struct world *w, struct http_exchange *exchange)
{
    (void)w;
    http_exchange_reply(exchange, 204, "text/plain", "", 0);
}

static void test_a_request_that_is_too_large_never_reaches_the_handler(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = get("/big");

    server_start(w, serve_nothing);
    request.method = "POST";
    request.body_len = HTTP_SERVER_BODY_MAX + 1;
    char *body = mem_alloc(request.body_len);
    request.body = body;
    ask(w, &heard, request);

    assert_int_equal(heard.status, 413);
    assert_non_null(strstr(buf_text(&heard.body), "larger than 64 MiB"));
    assert_int_equal(w->handled, 0);
    free(body);
    buf_fini(&heard.body);
}

static void serve_stream(struct world *w, struct http_exchange *exchange)
{
    http_exchange_stream(exchange, 200, "application/x-ndjson", on_stream_closed, w);
}

static void test_a_stream_arrives_piece_by_piece(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = stream("/events");

    server_start(w, serve_stream);
    call(w, &heard, &request);
    run_until(w, &w->handled, 1);

    assert_int_equal(http_exchange_write(w->exchange, "one\n", 4), 0);
    run_until(w, &heard.pieces, 1);
    assert_string_equal(buf_text(&heard.body), "one\n");

    assert_int_equal(http_exchange_write(w->exchange, "two\n", 4), 0);
    http_exchange_end(w->exchange);
    run_until(w, &heard.done, 1);
    run_until(w, &w->closed, 1);
    assert_string_equal(buf_text(&heard.body), "one\ntwo\n");
    assert_int_equal(heard.status, 200);
    buf_fini(&heard.body);
}

static void serve_much(struct world *w, struct http_exchange *exchange)
{
    char line[1024];

    http_exchange_stream(exchange, 200, "text/plain", on_stream_closed, w);
    for (unsigned i = 0; i < 10000; i++) {
        memset(line, 'a' + (int)(i % 26), sizeof(line));
        assert_int_equal(http_exchange_write(exchange, line, sizeof(line)), 0);
    }
    http_exchange_end(exchange);
}

static void test_a_large_stream_arrives_complete_and_in_order(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    server_start(w, serve_much);
    ask(w, &heard, stream("/much"));

    assert_int_equal(heard.body.len, 10240000);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(heard.body.data[i * 1024 + i % 1024], 'a' + i % 26);
    buf_fini(&heard.body);
}

static void test_an_idle_stream_sets_no_timer(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = stream("/events");

    server_start(w, serve_stream);
    call(w, &heard, &request);
    run_until(w, &w->handled, 1);
    assert_int_equal(http_exchange_write(w->exchange, "x", 1), 0);
    run_until(w, &heard.pieces, 1);
    /* curl's timers of the connection run out, once. */
    for (unsigned i = 0; i < 5 && uv_backend_timeout(&w->loop) >= 0; i++)
        (void)uv_run(&w->loop, UV_RUN_ONCE);

    assert_int_equal(uv_backend_timeout(&w->loop), -1);
    buf_fini(&heard.body);
}

static void test_a_peer_that_leaves_ends_its_silent_stream(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = stream("/events");

    server_start(w, serve_stream);
    call(w, &heard, &request);
    run_until(w, &w->handled, 1);
    http_call_cancel(heard.call);
    run_until(w, &w->closed, 1);

    assert_int_equal(heard.done, 0);
    buf_fini(&heard.body);
}

static int connect_plain(const struct world *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", w->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void test_a_peer_that_reads_too_slowly_is_cut_off(void **state)
{
    static char block[1 << 20];
    struct world *w = *state;

    server_start(w, serve_stream);
    int fd = connect_plain(w);
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, 0), 27);
    run_until(w, &w->handled, 1);

    size_t written = 0;
    while (http_exchange_write(w->exchange, block, sizeof(block)) == 0) {
        written += sizeof(block);
        assert_true(written <= HTTP_SERVER_QUEUE_MAX);
    }
    assert_int_equal(http_exchange_write(w->exchange, block, 1), -EPIPE);
    run_until(w, &w->closed, 1);
    (void)close(fd);
}

static void test_closing_the_server_ends_streams_and_drops_what_waits(void **state)
{
    struct world *w = *state;
    struct heard events = {0}, later = {0};
    struct http_request request = stream("/events"), other = get("/later");

    server_start(w, serve_stream);
    call(w, &events, &request);
    run_until(w, &w->handled, 1);
    w->serve = serve_later;
    call(w, &later, &other);
    run_until(w, &w->handled, 2);

    w->server = http_server_close(w->server);
    assert_int_equal(w->closed, 1);
    run_until(w, &events.done, 1);
    run_until(w, &later.done, 1);
    expect_failure(&events, -EIO, "GET /events at unix:");
    expect_failure(&later, -EIO, "GET /later at unix:");
    buf_fini(&events.body);
    buf_fini(&later.body);
}

static void test_the_answer_of_a_stream_that_is_refused_is_kept_whole(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    peer_says(w, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nno \r\n9\r\nsuch nest\r\n0\r\n\r\n");
    ask(w, &heard, stream("/logs"));

    assert_int_equal(heard.status, 404);
    assert_int_equal(heard.pieces, 0);
    assert_string_equal(buf_text(&heard.body), "no such nest");
    buf_fini(&heard.body);
}

static void test_the_version_header_is_handed_over(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    peer_says(w, OK_REPLY);
    ask(w, &heard, get("/_ping"));

    assert_int_equal(heard.status, 200);
    assert_string_equal(heard.api_version, "1.41");
    assert_string_equal(heard.type, "");
    buf_fini(&heard.body);
}

static void test_connections_are_used_again(void **state)
{
    struct world *w = *state;

    peer_says(w, OK_REPLY);
    for (unsigned i = 0; i < 3; i++) {
        struct heard heard = {0};

        ask(w, &heard, get("/_ping"));
        assert_int_equal(heard.status, 200);
        buf_fini(&heard.body);
    }
    assert_int_equal(w->peer.requests, 3);
    assert_int_equal(w->peer.connections, 1);
}

static void test_redirects_are_not_followed(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    peer_says(w, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    ask(w, &heard, get("/"));

    assert_int_equal(heard.status, 302);
    assert_int_equal(w->peer.requests, 1);
    buf_fini(&heard.body);
}

/* A TCP socket that listens on 127.0.0.1, and its address as an origin. */
static int listen_tcp(char *origin, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(origin, size, "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static void test_a_proxy_of_the_environment_is_not_asked(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    char origin[64];

    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    w->peer.says = OK_REPLY;
    peer_start(w, listen_tcp(origin, sizeof(origin)));
    w->target = (struct http_target){.origin = origin};
    ask(w, &heard, get("/"));
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);

    assert_int_equal(heard.status, 200);
    buf_fini(&heard.body);
}

static void test_a_refused_connection_names_the_place(void **state)
{
    struct world *w = *state;
    struct heard absent = {0}, refused = {0};
    char origin[64];

    ask(w, &absent, get("/"));
    expect_failure(&absent, -ENOENT, w->path);

    (void)close(listen_tcp(origin, sizeof(origin)));
    w->target = (struct http_target){.origin = origin};
    ask(w, &refused, get("/"));
    expect_failure(&refused, -ECONNREFUSED, origin);
}

static void test_half_an_answer_is_an_error(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    w->peer.hangs_up = true;
    peer_says(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
    ask(w, &heard, get("/info"));
    expect_failure(&heard, -EIO, "GET /info at unix:");
}

static void test_half_a_stream_is_an_error_after_its_data(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    w->peer.hangs_up = true;
    peer_says(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n9\r\nx");
    ask(w, &heard, stream("/events"));
    expect_failure(&heard, -EIO, "GET /events at unix:");
    assert_string_equal(buf_text(&heard.body), "halfx");
    buf_fini(&heard.body);
}

static void test_garbage_is_an_error(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    w->peer.hangs_up = true;
    peer_says(w, "\x16\x03\x01 this is no HTTP at all\r\n\r\n");
    ask(w, &heard, get("/"));
    expect_failure(&heard, -EIO, "GET / at unix:");
}

static void test_endless_headers_are_an_error(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    w->peer.never_stops = true;
    peer_says(w, "HTTP/1.1 200 OK\r\n");
    ask(w, &heard, get("/"));
    expect_failure(&heard, -EIO, "GET / at unix:");
}

static void test_endless_data_is_cut_off_at_the_limit(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = get("/info");

    w->peer.never_stops = true;
    peer_says(w, "HTTP/1.1 200 OK\r\n\r\nmore and more and more and more");
    request.body_size_max = 100000;
    ask(w, &heard, request);
    expect_failure(&heard, -EMSGSIZE, "larger than 100000 bytes");
}

static void test_an_endless_error_reply_of_a_stream_is_cut_off(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};

    w->peer.never_stops = true;
    peer_says(w, "HTTP/1.1 500 Oops\r\n\r\nmore and more and more and more");
    ask(w, &heard, stream("/events"));
    expect_failure(&heard, -EMSGSIZE, "larger than");
    assert_int_equal(heard.pieces, 0);
}

static void test_a_peer_that_hangs_is_given_up(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = get("/info");

    peer_says(w, "");
    request.timeout_ms = 50;
    ask(w, &heard, request);
    expect_failure(&heard, -ETIMEDOUT, "GET /info at unix:");
}

static void test_a_silent_stream_is_given_up(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = stream("/events");

    peer_says(w, "HTTP/1.1 200 OK\r\n\r\nonce");
    request.idle_timeout_ms = 50;
    ask(w, &heard, request);
    expect_failure(&heard, -ETIMEDOUT, "nothing heard for 50 ms");
    assert_string_equal(buf_text(&heard.body), "once");
    buf_fini(&heard.body);
}

static void test_a_stream_that_talks_is_not_given_up(void **state)
{
    struct world *w = *state;
    struct heard heard = {0};
    struct http_request request = stream("/events");

    /* Eight pieces, 200 ms apart, are longer than the silence of 1 s that is allowed. */
    w->peer.times = 8;
    w->peer.pause_ms = 200;
    w->peer.hangs_up = true;
    peer_says(w, "HTTP/1.0 200 OK\r\n\r\n");
    request.idle_timeout_ms = 1000;
    ask(w, &heard, request);
    assert_int_equal(heard.status, 200);
    buf_fini(&heard.body);
}

static void cancel_other(struct heard *heard)
{
    http_call_cancel(heard->other->call);
    heard->other->call = NULL;
}

static void cancel_self(struct heard *heard)
{
    http_call_cancel(heard->call);
}

static void start_another(struct heard *heard)
{
    struct http_request request = get("/_ping");

    call(heard->world, heard->other, &request);
}

static void free_client(struct heard *heard)
{
    heard->world->client = http_client_free(heard->world->client);
}

static void test_a_call_may_cancel_itself_from_its_data(void **state)
{
    struct world *w = *state;
    struct heard heard = {.in_data = cancel_self}, next = {0};
    struct http_request request = stream("/events");

    w->peer.hangs_up = true;
    peer_says(w, "HTTP/1.1 200 OK\r\n\r\nx");
    call(w, &heard, &request);
    run_until(w, &heard.pieces, 1);
    ask(w, &next, get("/"));

    assert_int_equal(heard.pieces, 1);
    assert_int_equal(heard.done, 0);
    buf_fini(&heard.body);
    buf_fini(&next.body);
}

static void test_cancel_in_the_end_of_a_call_does_no_harm(void **state)
{
    struct world *w = *state;
    struct heard heard = {.in_done = cancel_self};

    peer_says(w, OK_REPLY);
    ask(w, &heard, get("/"));
    assert_int_equal(heard.status, 200);
    buf_fini(&heard.body);
}

static void test_a_call_may_cancel_another(void **state)
{
    struct world *w = *state;
    struct heard first = {0}, second = {0};
    struct http_request request = get("/later");

    server_start(w, serve_later);
    first.other = &second;
    first.in_done = cancel_other;
    call(w, &first, &request);
    run_until(w, &w->handled, 1);
    struct http_exchange *of_first = w->exchange;
    call(w, &second, &request);
    run_until(w, &w->handled, 2);

    /* Both answers are under way when the first arrives. */
    http_exchange_reply(of_first, 200, "text/plain", "", 0);
    http_exchange_reply(w->exchange, 200, "text/plain", "", 0);
    run_until(w, &first.done, 1);
    for (unsigned i = 0; i < 20; i++)
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(first.done + second.done, 1);
    buf_fini(&first.body);
    buf_fini(&second.body);
}

static void test_a_call_may_start_another_when_it_ends(void **state)
{
    struct world *w = *state;
    struct heard second = {0}, first = {.other = &second, .in_done = start_another};

    peer_says(w, OK_REPLY);
    ask(w, &first, get("/"));
    run_until(w, &second.done, 1);
    assert_int_equal(second.status, 200);
    buf_fini(&first.body);
    buf_fini(&second.body);
}

static void test_the_client_may_be_freed_from_a_callback(void **state)
{
    struct world *w = *state;
    struct heard other = {0}, done = {.in_done = free_client};
    struct http_request request = stream("/later"), echo = get("/echo");

    server_start(w, serve_later);
    call(w, &other, &request);
    run_until(w, &w->handled, 1);
    w->serve = serve_echo;
    call(w, &done, &echo);
    run_until(w, &done.done, 1);

    assert_null(w->client);
    assert_int_equal(other.done, 0);
    buf_fini(&done.body);
}

static void test_the_client_may_be_freed_from_stream_data(void **state)
{
    struct world *w = *state;
    struct heard heard = {.in_data = free_client};
    struct http_request request = stream("/events");

    peer_says(w, "HTTP/1.1 200 OK\r\n\r\nx");
    call(w, &heard, &request);
    run_until(w, &heard.pieces, 1);
    assert_null(w->client);
    buf_fini(&heard.body);
}

static void test_what_cannot_be_sent_is_refused(void **state)
{
    static const struct http_handlers handlers = {.on_done = on_done};
    struct world *w = *state;
    struct http_request paths[] = {get("/a b"), get("/a\r\nX-Evil: 1"), get("no-slash"),
                                   get("/x")};
    struct err err;

    paths[3].headers[0] = (struct http_header){"X-Registry-Auth", "a\r\nX-Evil: 1"};
    paths[3].header_count = 1;
    for (size_t i = 0; i < 4; i++) {
        assert_null(http_call_start(w->client, &w->target, &paths[i], &handlers, NULL, &err));
        assert_int_equal(err.code, -EINVAL);
    }
    struct http_request fine = get("/x");
    w->target.origin = "ftp://127.0.0.1";
    assert_null(http_call_start(w->client, &w->target, &fine, &handlers, NULL, &err));
    assert_non_null(strstr(err.text, "ftp://127.0.0.1"));
}

static void test_a_unix_socket_is_for_owner_and_group_and_for_one_server(void **state)
{
    struct world *w = *state;
    struct stat st;
    struct err err;
    int fd = http_listen_unix(w->path, &err);

    assert_true(fd >= 0);
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);

    assert_int_equal(http_listen_unix(w->path, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, w->path));

    /* A server that died leaves its file behind. */
    (void)close(fd);
    fd = http_listen_unix(w->path, &err);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void test_what_is_not_a_socket_is_never_removed(void **state)
{
    struct world *w = *state;
    struct err err;
    FILE *file = fopen(w->path, "we");

    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(http_listen_unix(w->path, &err), -EEXIST);
    assert_int_equal(access(w->path, F_OK), 0);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(test_request_and_reply_arrive_whole),
        PROMISE(test_all_methods_pass),
        PROMISE(test_the_handler_may_answer_later),
        PROMISE(test_a_request_that_is_too_large_never_reaches_the_handler),
        PROMISE(test_a_stream_arrives_piece_by_piece),
        PROMISE(test_a_large_stream_arrives_complete_and_in_order),
        PROMISE(test_an_idle_stream_sets_no_timer),
        PROMISE(test_a_peer_that_leaves_ends_its_silent_stream),
        PROMISE(test_a_peer_that_reads_too_slowly_is_cut_off),
        PROMISE(test_closing_the_server_ends_streams_and_drops_what_waits),
        PROMISE(test_the_answer_of_a_stream_that_is_refused_is_kept_whole),
        PROMISE(test_the_version_header_is_handed_over),
        PROMISE(test_connections_are_used_again),
        PROMISE(test_redirects_are_not_followed),
        PROMISE(test_a_proxy_of_the_environment_is_not_asked),
        PROMISE(test_a_refused_connection_names_the_place),
        PROMISE(test_half_an_answer_is_an_error),
        PROMISE(test_half_a_stream_is_an_error_after_its_data),
        PROMISE(test_garbage_is_an_error),
        PROMISE(test_endless_headers_are_an_error),
        PROMISE(test_endless_data_is_cut_off_at_the_limit),
        PROMISE(test_an_endless_error_reply_of_a_stream_is_cut_off),
        PROMISE(test_a_peer_that_hangs_is_given_up),
        PROMISE(test_a_silent_stream_is_given_up),
        PROMISE(test_a_stream_that_talks_is_not_given_up),
        PROMISE(test_a_call_may_cancel_itself_from_its_data),
        PROMISE(test_cancel_in_the_end_of_a_call_does_no_harm),
        PROMISE(test_a_call_may_cancel_another),
        PROMISE(test_a_call_may_start_another_when_it_ends),
        PROMISE(test_the_client_may_be_freed_from_a_callback),
        PROMISE(test_the_client_may_be_freed_from_stream_data),
        PROMISE(test_what_cannot_be_sent_is_refused),
        PROMISE(test_a_unix_socket_is_for_owner_and_group_and_for_one_server),
        PROMISE(test_what_is_not_a_socket_is_never_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
