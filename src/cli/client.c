/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"
#include "cli/command.h"
#include "net/http_client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Planning 10,000 services takes seconds; nothing that is not a stream takes minutes. */
#define CALL_TIMEOUT_MS 120000

struct client {
    char *socket;
    uv_loop_t loop;
    struct http_client *http;
    uv_signal_t interrupt;
    uv_timer_t tick;

    /* The call under way */
    struct http_call *call;
    const struct client_sink *sink; /* NULL: not a stream */
    struct buf pending;             /* the beginning of a line */
    json_t *answer;
    int outcome;
    struct err *err;
};

const char *client_socket(struct arena *arena, const char *given, struct err *err)
{
    const char *from_env = getenv("SEAWALL_SOCKET");
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (given)
        return given;
    if (from_env && *from_env)
        return from_env;
    if (geteuid() == 0)
        return "/run/seawall/seawall.sock";
    if (runtime && *runtime)
        return arena_printf(arena, "%s/seawall/seawall.sock", runtime);
    (void)err_set(err, -ENOENT,
                  "where does the server listen? XDG_RUNTIME_DIR is not set; use --socket or "
                  "SEAWALL_SOCKET");
    return NULL;
}

/* Running the loop. */

static void finish(struct client *client, int outcome)
{
    client->call = NULL;
    client->outcome = outcome;
    uv_stop(&client->loop);
}

static void on_interrupt(uv_signal_t *handle, int number)
{
    struct client *client = handle->data;

    (void)number;
    if (client->call)
        http_call_cancel(client->call);
    finish(client, CLIENT_INTERRUPTED);
}

static void on_tick(uv_timer_t *timer)
{
    const struct client *client = timer->data;

    client->sink->on_tick(client->sink->ctx);
}

int client_open(struct client **out, const struct cli *cli, struct err *err)
{
    const char *socket = client_socket(cli->arena, args_value(&cli->args, "socket"), err);
    struct sockaddr_un address;

    if (!socket)
        return err->code;
    if (strlen(socket) >= sizeof(address.sun_path))
        return err_set(err, -ENAMETOOLONG, "socket '%s': at most %zu bytes are possible",
                       socket, sizeof(address.sun_path) - 1);

    struct client *client = mem_new(struct client);
    client->socket = mem_strdup(socket);
    buf_init(&client->pending, CLIENT_LINE_MAX);
    (void)uv_loop_init(&client->loop);
    client->http = http_client_new(&client->loop);
    (void)uv_signal_init(&client->loop, &client->interrupt);
    (void)uv_timer_init(&client->loop, &client->tick);
    client->interrupt.data = client;
    client->tick.data = client;
    *out = client;
    return 0;
}

struct client *client_close(struct client *client)
{
    if (!client)
        return NULL;
    client->http = http_client_free(client->http);
    uv_close((uv_handle_t *)&client->interrupt, NULL);
    uv_close((uv_handle_t *)&client->tick, NULL);
    while (uv_loop_close(&client->loop) == UV_EBUSY)
        (void)uv_run(&client->loop, UV_RUN_DEFAULT);
    buf_fini(&client->pending);
    free(client->socket);
    free(client);
    return NULL;
}

void client_closep(struct client **client)
{
    *client = client_close(*client);
}

/* What went wrong. */

/* Why nobody answered: the socket itself knows best, and the user can do something about it. */
static int diagnose(const struct client *client, const struct err *cause, struct err *err)
{
    SCOPED(scope_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int problem = 0;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", client->socket);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        problem = errno;
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return err_set(err, -ECONNREFUSED,
                       "no server is running at '%s'. Start one with 'seawall server', or name "
                       "its socket with --socket",
                       client->socket);
    case EACCES:
    case EPERM:
        return err_set(err, -problem,
                       "you may not use '%s': only its owner and its group may. Ask to become "
                       "a member of the group, or use sudo",
                       client->socket);
    default:
        return err_set(err, cause->code, "server at '%s': %s", client->socket, cause->text);
    }
}

static int outcome_of(int status)
{
    switch (status) {
    case 400:
        return -EINVAL;
    case 404:
        return -ENOENT;
    case 409:
        return -EBUSY;
    case 422:
        return CLIENT_REFUSED;
    case 503:
        return -EAGAIN;
    default:
        return -EIO;
    }
}

/* The server's own words. Takes over `answer`. */
static int fail_reply(struct client *client, int status, json_t *answer)
{
    const char *message =
        json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    int outcome = outcome_of(status);

    if (message)
        (void)err_set(client->err, outcome < 0 ? outcome : -EPERM, "%s", message);
    else
        (void)err_set(client->err, -EIO, "server at '%s': HTTP status %d without a reason",
                      client->socket, status);
    if (outcome == CLIENT_REFUSED && message) {
        client->answer = answer;
        return outcome;
    }
    json_decref(answer);
    return outcome < 0 ? outcome : -EIO;
}

static int fail_garbage(struct client *client)
{
    return err_set(client->err, -EBADMSG,
                   "server at '%s': the answer is not what a seawall server sends",
                   client->socket);
}

/* Answers. */

static void on_done(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct client *client = ctx;

    if (!reply) {
        finish(client, diagnose(client, err, client->err));
        return;
    }
    json_t *answer = json_loadb(reply->body, reply->body_len, 0, NULL);

    if (reply->status >= 400) {
        finish(client, fail_reply(client, reply->status, answer));
    } else if (reply->status != 200) {
        json_decref(answer);
        finish(client, fail_garbage(client));
    } else if (client->sink) {
        json_decref(answer);
        finish(client, client->pending.len ? fail_garbage(client) : CLIENT_OK);
    } else if (json_is_object(answer)) {
        client->answer = answer;
        finish(client, CLIENT_OK);
    } else {
        json_decref(answer);
        finish(client, fail_garbage(client));
    }
}

/* Leaves a stream before its end. */
static void leave(struct client *client, int outcome)
{
    http_call_cancel(client->call);
    finish(client, outcome);
}

static void on_line(struct client *client, const char *text, size_t len)
{
    json_t *line = json_loadb(text, len, 0, NULL);

    if (!json_is_object(line))
        leave(client, fail_garbage(client));
    else if (client->sink->on_line(client->sink->ctx, line) != 0)
        leave(client, CLIENT_OK);
    json_decref(line);
}

static void on_data(void *ctx, const char *data, size_t len)
{
    struct client *client = ctx;

    while (len && client->call) {
        const char *newline = memchr(data, '\n', len);
        size_t piece = newline ? (size_t)(newline - data) + 1 : len;

        if (buf_add(&client->pending, data, piece) < 0) {
            leave(client, fail_garbage(client));
            return;
        }
        if (newline) {
            on_line(client, client->pending.data, client->pending.len - 1);
            buf_clear(&client->pending);
        }
        data += piece;
        len -= piece;
    }
}

static int run(struct client *client, const struct http_request *request, json_t **out)
{
    const struct http_target target = {.unix_socket = client->socket,
                                       .origin = "http://localhost"};
    const struct http_handlers handlers = {.on_data = on_data, .on_done = on_done};
    const struct client_sink *sink = client->sink;

    client->answer = NULL;
    buf_clear(&client->pending);
    client->call =
        http_call_start(client->http, &target, request, &handlers, client, client->err);
    if (!client->call)
        return client->err->code;

    (void)uv_signal_start(&client->interrupt, on_interrupt, SIGINT);
    if (sink && sink->on_tick)
        (void)uv_timer_start(&client->tick, on_tick, sink->tick_ms, sink->tick_ms);
    while (client->call)
        (void)uv_run(&client->loop, UV_RUN_DEFAULT);
    (void)uv_timer_stop(&client->tick);
    (void)uv_signal_stop(&client->interrupt);
    *out = client->answer;
    return client->outcome;
}

static int send_request(struct client *client, const char *method, const char *path,
                        const json_t *body, json_t **out, struct err *err)
{
    SCOPED(scope_free) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_request request = {
        .method = method,
        .path = path,
        .body = text,
        .body_len = text ? strlen(text) : 0,
        .stream = client->sink != NULL,
        .timeout_ms = client->sink ? 0 : CALL_TIMEOUT_MS,
    };

    if (text)
        request.headers[request.header_count++] =
            (struct http_header){"Content-Type", "application/json"};
    client->err = err;
    return run(client, &request, out);
}

int client_call(struct client *client, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err)
{
    client->sink = NULL;
    return send_request(client, method, path, body, out, err);
}

int client_stream(struct client *client, const char *method, const char *path,
                  const json_t *body, const struct client_sink *sink, json_t **out,
                  struct err *err)
{
    client->sink = sink;
    return send_request(client, method, path, body, out, err);
}

int client_exit(int outcome)
{
    switch (outcome) {
    case CLIENT_OK:
        return CLI_DONE;
    case CLIENT_REFUSED:
        return CLI_REFUSED;
    case CLIENT_INTERRUPTED:
        return CLI_INTERRUPTED;
    default:
        return outcome;
    }
}

const char *client_escape(struct arena *arena, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    char *escaped = arena_alloc(arena, 3 * strlen(text) + 1);
    char *at = escaped;

    for (; *text; text++) {
        if (strchr(plain, *text))
            *at++ = *text;
        else
            at += snprintf(at, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return escaped;
}
