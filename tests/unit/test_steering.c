/* SPDX-License-Identifier: Apache-2.0 */
/* server/steering: control's side, against a nameserver that says what the test likes. */
#include "base/buf.h"
#include "base/mem.h"
#include "net/http_server.h"
#include "server/steering.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Far longer than anything here takes; only a failing test waits for it. */
#define LONG_MS 30000

#define TABLE(verdict)                                                           \
    "{\"names\": [{\"endpoints\": [{\"address\": \"192.0.2.1\", \"port\": 80, "  \
    "\"verdict\": \"" verdict "\"}, {\"address\": \"192.0.2.2\", \"port\": 80, " \
    "\"verdict\": \"up\"}]}]}"

struct world {
    uv_loop_t loop;
    uv_timer_t watchdog;
    bool is_late;
    char folder[64], path[96];
    struct http_client *client;
    struct feed *events;
    struct steering *steering;
    unsigned changes; /* calls of on_verdicts */

    /* The nameserver. */
    struct http_server *server;
    struct http_exchange *stream;
    const char *table;
    bool is_owned;
    pid_t pid;
    int intent_status, listen_status;
    struct buf heard; /* "PUT /v1/intent BODY\n" */
    unsigned tables;
    struct http_exchange *held; /* a PUT that waits for its answer */
    bool holds;
};

static void on_watchdog(uv_timer_t *timer)
{
    ((struct world *)timer->data)->is_late = true;
}

static void on_verdicts(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static void on_stream_closed(void *ctx)
{
    ((struct world *)ctx)->stream = NULL;
}

static void reply(struct http_exchange *exchange, int status, const char *text)
{
    http_exchange_reply(exchange, status, "application/json", text, strlen(text));
}

static void serve_put(struct world *w, struct http_exchange *exchange, int status)
{
    size_t len;
    const char *body = http_exchange_body(exchange, &len);

    assert_int_equal(buf_printf(&w->heard, "%s %s\n", http_exchange_path(exchange), body), 0);
    if (w->holds)
        w->held = exchange;
    else
        reply(exchange, status, "{}");
}

static void serve(void *ctx, struct http_exchange *exchange)
{
    struct world *w = ctx;
    const char *path = http_exchange_path(exchange);
    char text[128];

    if (strcmp(path, "/v1/table") == 0) {
        w->tables++;
        reply(exchange, 200, w->table);
    } else if (strcmp(path, "/v1/stats") == 0) {
        (void)snprintf(text, sizeof(text), "{\"pid\": %d, \"owned\": %s}", (int)w->pid,
                       w->is_owned ? "true" : "false");
        reply(exchange, 200, text);
    } else if (strcmp(path, "/v1/events") == 0) {
        assert_string_equal(http_exchange_query(exchange, "replay"), "0");
        w->stream = exchange;
        http_exchange_stream(exchange, 200, "application/x-ndjson", on_stream_closed, w);
    } else if (strcmp(path, "/v1/intent") == 0) {
        serve_put(w, exchange, w->intent_status);
    } else {
        assert_string_equal(path, "/v1/listen");
        serve_put(w, exchange, w->listen_status);
    }
}

static void server_start(struct world *w)
{
    struct err err;
    int fd = http_listen_unix(w->path, &err);

    assert_true(fd >= 0);
    assert_int_equal(http_server_open(&w->server, &w->loop, fd, serve, w, &err), 0);
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    assert_int_equal(uv_loop_init(&w->loop), 0);
    (void)uv_timer_init(&w->loop, &w->watchdog);
    w->watchdog.data = w;
    (void)uv_timer_start(&w->watchdog, on_watchdog, LONG_MS, 0);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/seawall-test-steering-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof(w->path), "%s/socket", w->folder);
    w->client = http_client_new(&w->loop);
    w->events = feed_new(100);
    buf_init(&w->heard, 1 << 16);
    w->table = TABLE("up");
    w->intent_status = w->listen_status = 200;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    w->steering = steering_free(w->steering);
    w->client = http_client_free(w->client);
    w->server = http_server_close(w->server);
    uv_close((uv_handle_t *)&w->watchdog, NULL);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    w->events = feed_free(w->events);
    buf_fini(&w->heard);
    (void)unlink(w->path);
    (void)rmdir(w->folder);
    free(w);
    return 0;
}

static void start_unheard(struct world *w, bool spawn)
{
    struct steering_options options = {.program = "/nonexistent/seawall",
                                       .socket = w->path,
                                       .state_path = w->folder,
                                       .spawn = spawn};

    w->steering = steering_new(&w->loop, w->client, &options, w->events, on_verdicts, w);
}

static void start(struct world *w, bool spawn)
{
    const char *address = "192.0.2.53:53";
    struct strings listen = {.items = &address, .count = 1};

    start_unheard(w, spawn);
    steering_listen(w->steering, &listen);
}

static void turn(struct world *w)
{
    (void)uv_run(&w->loop, UV_RUN_ONCE);
    assert_false(w->is_late);
}

static enum replica_endpoint verdict(const struct world *w)
{
    return steering_verdict(w->steering, "192.0.2.1", 80);
}

static void until_verdict(struct world *w, enum replica_endpoint wanted)
{
    while (verdict(w) != wanted)
        turn(w);
}

static void until_heard(struct world *w, const char *text)
{
    while (!strstr(buf_text(&w->heard), text))
        turn(w);
}

static void say(struct world *w, const char *line)
{
    while (!w->stream)
        turn(w);
    assert_int_equal(http_exchange_write(w->stream, line, strlen(line)), 0);
}

static void test_without_a_nameserver_there_is_no_verdict(void **state)
{
    struct world *w = *state;

    start(w, false);
    turn(w);
    assert_int_equal(verdict(w), REPLICA_ENDPOINT_NONE);
    server_start(w); /* it is asked again until it is there */
    until_verdict(w, REPLICA_ENDPOINT_UP);
}

static void test_one_of_somebody_else_is_found_though_the_fleet_does_not_say_where(void **state)
{
    struct world *w = *state;

    server_start(w);
    start_unheard(w, false);
    until_verdict(w, REPLICA_ENDPOINT_UP);
}

static void test_verdicts_come_from_the_table_and_then_from_the_events(void **state)
{
    struct world *w = *state;

    server_start(w);
    start(w, false);
    until_verdict(w, REPLICA_ENDPOINT_UP);
    assert_int_equal(steering_verdict(w->steering, "192.0.2.9", 80), REPLICA_ENDPOINT_UNKNOWN);
    unsigned changes = w->changes;
    /* In two pieces, as a stream may come. */
    say(w, "{\"kind\": \"verdict\", \"address\": \"192.0.2.1\", \"port\": 80, \"verd");
    say(w, "ict\": \"down\", \"reason\": \"it fell\"}\n");
    until_verdict(w, REPLICA_ENDPOINT_DOWN);
    assert_true(w->changes > changes);
    assert_int_equal(steering_verdict(w->steering, "192.0.2.2", 80), REPLICA_ENDPOINT_UP);
}

static void test_the_table_is_read_again_once_the_stream_is_open(void **state)
{
    struct world *w = *state;

    server_start(w);
    start(w, false);
    until_verdict(w, REPLICA_ENDPOINT_UP);
    w->table = TABLE("down"); /* between the first table and the stream */
    say(w, "{\"kind\": \"open\"}\n");
    until_verdict(w, REPLICA_ENDPOINT_DOWN);
}

static void count_line(void *ctx, const json_t *line)
{
    (void)line;
    ++*(unsigned *)ctx;
}

static void test_news_become_events_of_our_own_and_rubbish_does_no_harm(void **state)
{
    struct world *w = *state;
    unsigned lines = 0;

    server_start(w);
    start(w, false);
    until_verdict(w, REPLICA_ENDPOINT_UP);
    struct feed_listener *listener = feed_listen(w->events, false, count_line, &lines);
    say(w, "rubbish\n\n[]\n{\"kind\": 7}\n{\"kind\": \"verdict\"}\n");
    say(w, "{\"kind\": \"answers\", \"cluster\": \"amber-1\", \"reason\": \"why not\"}\n");
    while (lines < 2)
        turn(w);
    listener = feed_leave(listener);
    assert_int_equal(verdict(w), REPLICA_ENDPOINT_UP);
}

static void test_the_intent_is_sent_and_sent_again_after_a_loss(void **state)
{
    struct world *w = *state;

    server_start(w);
    start(w, false);
    steering_set_intent(w->steering, "{\"generation\": 1}");
    until_heard(w, "/v1/intent {\"generation\": 1}\n");
    w->server = http_server_close(w->server);
    until_verdict(w, REPLICA_ENDPOINT_NONE);
    buf_clear(&w->heard);
    server_start(w);
    until_heard(w, "/v1/intent {\"generation\": 1}\n");
}

static void test_an_intent_that_fails_is_tried_again_and_one_that_is_refused_is_not(
    void **state)
{
    struct world *w = *state;

    server_start(w);
    start(w, false);
    w->intent_status = 500; /* its disk is full */
    steering_set_intent(w->steering, "first");
    until_heard(w, "/v1/intent first\n");
    w->intent_status = 409;
    until_heard(w, "/v1/intent first\n/v1/intent first\n");
    /* Refused: the next one is the next that is heard. */
    unsigned tables = w->tables;
    while (w->tables == tables)
        turn(w);
    steering_set_intent(w->steering, "second");
    until_heard(w, "/v1/intent second\n");
    assert_string_equal(buf_text(&w->heard),
                        "/v1/intent first\n/v1/intent first\n/v1/intent second\n");
}

static void test_what_changes_while_it_is_sent_is_sent_after_it(void **state)
{
    struct world *w = *state;

    server_start(w);
    start(w, false);
    until_verdict(w, REPLICA_ENDPOINT_UP);
    w->holds = true;
    steering_set_intent(w->steering, "first");
    until_heard(w, "/v1/intent first\n");
    steering_set_intent(w->steering, "second");
    steering_set_intent(w->steering, "third");
    w->holds = false;
    reply(w->held, 200, "{}");
    until_heard(w, "/v1/intent third\n");
    assert_string_equal(buf_text(&w->heard), "/v1/intent first\n/v1/intent third\n");
}

/* Somebody's process, which ends when it is told to. */
static pid_t bystander_start(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        (void)signal(SIGTERM, SIG_DFL);
        for (;;)
            (void)pause();
    }
    return pid;
}

static void test_one_of_a_server_is_told_where_to_listen_and_ends_with_it(void **state)
{
    struct world *w = *state;
    const char *addresses[] = {"192.0.2.53:53", "[2001:db8::53]:53"};
    struct strings listen = {.items = addresses, .count = 2};
    int status = 0;

    w->pid = bystander_start();
    w->is_owned = true;
    server_start(w);
    start(w, true);
    until_heard(w, "/v1/listen {\"listen\":[\"192.0.2.53:53\"]}\n");
    w->listen_status = 409; /* taken; it is tried again, and holds up no intent */
    steering_listen(w->steering, &listen);
    until_heard(w, "/v1/listen {\"listen\":[\"192.0.2.53:53\",\"[2001:db8::53]:53\"]}\n");
    steering_set_intent(w->steering, "meanwhile");
    until_heard(w, "/v1/intent meanwhile\n");
    buf_clear(&w->heard);
    w->listen_status = 200;
    until_heard(w, "/v1/listen {\"listen\":[\"192.0.2.53:53\",\"[2001:db8::53]:53\"]}\n");

    w->steering = steering_free(w->steering);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void test_one_of_somebody_else_is_sent_intents_and_nothing_else(void **state)
{
    struct world *w = *state;

    w->pid = bystander_start();
    server_start(w);
    start(w, true);
    steering_set_intent(w->steering, "first");
    until_heard(w, "/v1/intent first\n");
    unsigned tables = w->tables;
    while (w->tables == tables) /* by then stats were read, too */
        turn(w);
    w->steering = steering_free(w->steering);
    assert_null(strstr(buf_text(&w->heard), "/v1/listen"));
    assert_int_equal(kill(w->pid, SIGKILL), 0);
    int status = 0;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_int_equal(WTERMSIG(status), SIGKILL); /* nobody else had ended it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_without_a_nameserver_there_is_no_verdict),
        TEST(test_one_of_somebody_else_is_found_though_the_fleet_does_not_say_where),
        TEST(test_verdicts_come_from_the_table_and_then_from_the_events),
        TEST(test_the_table_is_read_again_once_the_stream_is_open),
        TEST(test_news_become_events_of_our_own_and_rubbish_does_no_harm),
        TEST(test_the_intent_is_sent_and_sent_again_after_a_loss),
        TEST(test_an_intent_that_fails_is_tried_again_and_one_that_is_refused_is_not),
        TEST(test_what_changes_while_it_is_sent_is_sent_after_it),
        TEST(test_one_of_a_server_is_told_where_to_listen_and_ends_with_it),
        TEST(test_one_of_somebody_else_is_sent_intents_and_nothing_else),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
