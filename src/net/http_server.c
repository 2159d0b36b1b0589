/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_server.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 64
/* Request line and headers of one request, and the piece of an answer under way. */
#define CONNECTION_MEMORY ((size_t)64 << 10)
/* How much of a body that is too large is read only to be polite. */
#define DISCARD_MAX  (16 * HTTP_SERVER_BODY_MAX)
#define STREAM_BLOCK ((size_t)32 << 10)

struct http_server {
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* the daemon's own epoll descriptor */
    uv_timer_t timer; /* when the daemon wants to run again without an event */
    http_handler *handler;
    void *ctx;
    struct http_exchange *exchanges;
    unsigned handles_open; /* the server goes with the last of them */
    bool is_running;       /* inside MHD_run */
    bool is_kicked;        /* something was resumed: run once more */
    bool is_closing;
};

/* Tells when the peer of a suspended stream leaves: the daemon does not look at those. */
struct peer_watch {
    uv_poll_t poll;
    struct http_exchange *exchange; /* NULL once that is gone */
};

/*
 * The daemon calls us, we cannot call it: an answer that comes later suspends the connection,
 * and is handed over when the daemon asks again after its resumption.
 */
struct http_exchange {
    struct http_server *server;
    struct http_exchange *prev, *next;
    struct MHD_Connection *connection;
    char *method, *path;
    struct buf body;
    size_t discarded;              /* bytes of a body that is too large */
    struct MHD_Response *response; /* made, but not queued yet */
    int status;
    bool is_handled;   /* the handler was called */
    bool is_answered;  /* reply or stream was called */
    bool is_suspended; /* no call from the daemon before it is resumed */

    /* Streams */
    bool is_stream, is_ended, is_broken;
    struct buf queue;
    size_t sent; /* of queue */
    struct peer_watch *watch;
    void (*on_close)(void *ctx);
    void *on_close_ctx;
};

static void on_timer(uv_timer_t *timer);

static void rearm(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    if (server->is_kicked)
        (void)uv_timer_start(&server->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&server->timer, on_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&server->timer);
}

static void run(struct http_server *server)
{
    server->is_kicked = false;
    server->is_running = true;
    (void)MHD_run(server->daemon);
    server->is_running = false;
    rearm(server);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_epoll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/* Lets the daemon ask again for what was not there when it was suspended. */
static void resume(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    if (!exchange->is_suspended)
        return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
    server->is_kicked = true;
    if (!server->is_running && !server->is_closing)
        rearm(server);
}

static void suspend(struct http_exchange *exchange)
{
    exchange->is_suspended = true;
    MHD_suspend_connection(exchange->connection);
}

static void on_peer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void peer_watch_stop(struct http_exchange *exchange)
{
    if (!exchange->watch)
        return;
    exchange->watch->exchange = NULL;
    uv_close((uv_handle_t *)&exchange->watch->poll, on_peer_closed);
    exchange->watch = NULL;
}

static void on_peer_event(uv_poll_t *poll, int status, int events)
{
    struct peer_watch *watch = poll->data;

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    watch->exchange->is_broken = true;
    resume(watch->exchange);
}

static void peer_watch_start(struct http_exchange *exchange)
{
    struct peer_watch *watch = mem_new(struct peer_watch);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (uv_poll_init_socket(exchange->server->loop, &watch->poll, info->connect_fd) < 0) {
        free(watch);
        return;
    }
    watch->poll.data = watch;
    watch->exchange = exchange;
    exchange->watch = watch;
    (void)uv_poll_start(&watch->poll, UV_DISCONNECT, on_peer_event);
}

static struct http_exchange *exchange_new(struct http_server *server,
                                          struct MHD_Connection *connection, const char *method,
                                          const char *path)
{
    struct http_exchange *exchange = mem_new(struct http_exchange);

    exchange->server = server;
    exchange->connection = connection;
    exchange->method = mem_strdup(method);
    exchange->path = mem_strdup(path);
    buf_init(&exchange->body, HTTP_SERVER_BODY_MAX);
    buf_init(&exchange->queue, HTTP_SERVER_QUEUE_MAX);
    exchange->next = server->exchanges;
    if (exchange->next)
        exchange->next->prev = exchange;
    server->exchanges = exchange;
    return exchange;
}

static void exchange_free(struct http_exchange *exchange)
{
    if (exchange->prev)
        exchange->prev->next = exchange->next;
    else
        exchange->server->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->prev = exchange->prev;

    peer_watch_stop(exchange);
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    buf_fini(&exchange->body);
    buf_fini(&exchange->queue);
    free(exchange->method);
    free(exchange->path);
    free(exchange);
}

static enum MHD_Result refuse_too_large(struct MHD_Connection *connection)
{
    static char text[] = "{\"error\": {\"code\": \"invalid\", \"message\": "
                         "\"the request is larger than 64 MiB\"}}\n";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result r = MHD_queue_response(connection, MHD_HTTP_CONTENT_TOO_LARGE, response);

    MHD_destroy_response(response);
    return r;
}

/*
 * A body that is too large is read to its end, and forgotten: a peer that is still sending
 * would not see the answer. One that never ends is hung up on.
 */
static enum MHD_Result add_body(struct http_exchange *exchange, const char *data, size_t len)
{
    if (exchange->discarded || buf_add(&exchange->body, data, len) < 0) {
        exchange->discarded += exchange->body.len + len;
        buf_fini(&exchange->body);
    }
    return exchange->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result hand_over(struct http_exchange *exchange)
{
    if (!exchange->response) {
        suspend(exchange);
        return MHD_YES;
    }
    enum MHD_Result r = MHD_queue_response(exchange->connection, (unsigned)exchange->status,
                                           exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return r;
}

/* The daemon's access handler: once for the headers, for each piece of body, at the end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct http_server *server = ctx;
    struct http_exchange *exchange = *state;

    (void)version;
    if (!exchange) {
        *state = exchange_new(server, connection, method, url);
        return MHD_YES;
    }
    if (*len) {
        enum MHD_Result r = add_body(exchange, data, *len);
        *len = 0;
        return r;
    }
    if (server->is_closing)
        return MHD_NO;
    if (exchange->discarded)
        return refuse_too_large(connection);
    if (!exchange->is_handled) {
        exchange->is_handled = true;
        server->handler(server->ctx, exchange);
    }
    return hand_over(exchange);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct http_exchange *exchange = *state;

    (void)ctx;
    (void)connection;
    (void)why;
    *state = NULL;
    if (!exchange)
        return;

    void (*on_close)(void *) = exchange->on_close;
    void *on_close_ctx = exchange->on_close_ctx;
    exchange_free(exchange);
    if (on_close)
        on_close(on_close_ctx);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_SERVER_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_SERVER_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
}

int http_server_open(struct http_server **out, uv_loop_t *loop, int listen_fd,
                     http_handler *handler, void *ctx, struct err *err)
{
    struct http_server *server = mem_new(struct http_server);

    server->loop = loop;
    server->handler = handler;
    server->ctx = ctx;
    server->daemon = start_daemon(server, listen_fd);
    if (!server->daemon) {
        (void)close(listen_fd);
        free(server);
        return err_set(err, -EIO, "start HTTP server: libmicrohttpd refuses");
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = uv_poll_init(loop, &server->poll, info->epoll_fd);
    if (r < 0) {
        MHD_stop_daemon(server->daemon);
        free(server);
        return err_set(err, r, "start HTTP server: %s", uv_strerror(r));
    }
    server->poll.data = server;
    (void)uv_poll_start(&server->poll, UV_READABLE, on_epoll);
    (void)uv_timer_init(loop, &server->timer);
    server->timer.data = server;
    server->handles_open = 2;
    *out = server;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;

    if (--server->handles_open == 0)
        free(server);
}

struct http_server *http_server_close(struct http_server *server)
{
    if (!server)
        return NULL;

    assert(!server->is_running);

    server->is_closing = true;
    uv_close((uv_handle_t *)&server->poll, on_handle_closed);
    uv_close((uv_handle_t *)&server->timer, on_handle_closed);
    for (struct http_exchange *exchange = server->exchanges; exchange;
         exchange = exchange->next) {
        exchange->is_broken = true;
        resume(exchange);
    }
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    return NULL;
}

const char *http_exchange_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

const char *http_exchange_query(struct http_exchange *exchange, const char *key)
{
    const char *value;

    if (MHD_lookup_connection_value_n(exchange->connection, MHD_GET_ARGUMENT_KIND, key,
                                      strlen(key), &value, NULL) != MHD_YES)
        return NULL;
    return value ? value : "";
}

struct query_walk {
    void (*fn)(void *ctx, const char *key, const char *value);
    void *ctx;
};

static enum MHD_Result on_query(void *ctx, enum MHD_ValueKind kind, const char *key,
                                const char *value)
{
    const struct query_walk *walk = ctx;

    (void)kind;
    walk->fn(walk->ctx, key ? key : "", value ? value : "");
    return MHD_YES;
}

void http_exchange_queries(struct http_exchange *exchange,
                           void (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
    struct query_walk walk = {.fn = fn, .ctx = ctx};

    (void)MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, on_query,
                                    &walk);
}

const char *http_exchange_body(const struct http_exchange *exchange, size_t *len)
{
    *len = exchange->body.len;
    return buf_text(&exchange->body);
}

static void answer(struct http_exchange *exchange, int status, const char *content_type,
                   struct MHD_Response *response)
{
    assert(!exchange->is_answered);
    assert(response); /* fails for want of memory only, see mem.h */

    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    exchange->is_answered = true;
    exchange->status = status;
    exchange->response = response;
    resume(exchange);
}

void http_exchange_reply(struct http_exchange *exchange, int status, const char *content_type,
                         const void *data, size_t len)
{
    char *copy = mem_alloc(len + 1);

    if (len)
        memcpy(copy, data, len);
    answer(exchange, status, content_type,
           MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE));
}

/* Drops what was sent once it is the larger part, so that each byte moves about once. */
static void queue_compact(struct http_exchange *exchange)
{
    if (exchange->sent * 2 < exchange->queue.len)
        return;
    buf_consume(&exchange->queue, exchange->sent);
    exchange->sent = 0;
}

static ssize_t on_read(void *ctx, uint64_t at, char *out, size_t size)
{
    struct http_exchange *exchange = ctx;
    size_t len = exchange->queue.len - exchange->sent;

    (void)at;
    if (exchange->is_broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!len && exchange->is_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!len) {
        suspend(exchange);
        return 0;
    }
    if (len > size)
        len = size;
    memcpy(out, exchange->queue.data + exchange->sent, len);
    exchange->sent += len;
    queue_compact(exchange);
    return (ssize_t)len;
}

void http_exchange_stream(struct http_exchange *exchange, int status, const char *content_type,
                          void (*on_close)(void *ctx), void *ctx)
{
    exchange->is_stream = true;
    exchange->on_close = on_close;
    exchange->on_close_ctx = ctx;
    peer_watch_start(exchange);
    answer(exchange, status, content_type,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_read, exchange,
                                             NULL));
}

int http_exchange_write(struct http_exchange *exchange, const void *data, size_t len)
{
    assert(exchange->is_stream);
    assert(!exchange->is_ended);

    if (exchange->is_broken)
        return -EPIPE;
    int r = buf_add(&exchange->queue, data, len);
    if (r < 0)
        exchange->is_broken = true;
    resume(exchange);
    return r;
}

void http_exchange_end(struct http_exchange *exchange)
{
    assert(exchange->is_stream);

    exchange->is_ended = true;
    resume(exchange);
}

static bool somebody_answers(const struct sockaddr_un *address)
{
    SCOPED(scope_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* EAGAIN: its backlog is full, so somebody is there. */
    return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                       errno == EAGAIN);
}

/* Removes what a server that died left behind; anything but a socket is left alone. */
static int remove_stale(const char *path, const struct sockaddr_un *address, struct err *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, -EEXIST, "listen on '%s': it exists and is not a socket", path);
    if (somebody_answers(address))
        return err_set(err, -EADDRINUSE, "listen on '%s': another server is listening there",
                       path);
    (void)unlink(path); /* bind says what is wrong */
    return 0;
}

int http_listen_unix(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, -ENAMETOOLONG, "listen on '%s': longer than %zu bytes", path,
                       sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (remove_stale(path, &address, err) < 0)
        return err->code;

    SCOPED(scope_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(err, "listen on '%s'", path);
    /* Linux gives the file the socket's mode, less the umask: nobody gets in before chmod. */
    (void)fchmod(fd, 0660);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0)
        return err_sys(err, "listen on '%s'", path);
    return take_fd(&fd);
}
