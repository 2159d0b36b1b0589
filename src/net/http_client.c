/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include "base/buf.h"
#include "base/mem.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_MS 5000
/* Connections kept for reuse over all targets; a thousand clusters keep one each. */
#define CONNECTIONS_KEPT_MAX 1024
/* What an error reply of a stream may have to say. */
#define STREAM_ERROR_SIZE_MAX ((size_t)1 << 20)

/* One of curl's sockets on the loop. Owned by its uv handle: freed when that is closed. */
struct watched_socket {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

struct http_client {
    uv_loop_t *loop;
    CURLM *multi; /* NULL once freed */
    uv_timer_t curl_timer, idle_timer;
    bool is_in_timer;              /* curl_timer's callback runs */
    unsigned handles_open;         /* the client itself goes with the last of them */
    struct http_call *calls;       /* all of them */
    struct http_call *ready;       /* those with something to tell, oldest first */
    struct http_call **ready_last; /* where the next one is linked */
};

/*
 * curl's callbacks only record; once curl has returned, deliver() tells the caller. So callers
 * never run inside curl, which would forbid them most of its functions.
 */
struct http_call {
    struct http_client *client;
    struct http_call *prev, *next;
    struct http_call *ready_next;
    struct http_handlers handlers;
    void *ctx;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct buf body;      /* of a stream: what was not handed over yet */
    size_t kept_size_max; /* of a body that is kept */
    char *what;           /* "GET /info at https://192.0.2.10:2376", for errors */
    char *place;          /* "unix:/run/docker.sock" or the origin */
    unsigned timeout_ms, connect_timeout_ms, idle_timeout_ms;
    uint64_t heard_ms; /* loop time of the latest byte */
    bool is_stream, is_ready, is_in_multi;
    bool is_busy;      /* a callback runs; release when it returns */
    bool is_cancelled; /* by its own callback */
    bool is_too_large;
    bool is_done;   /* result is set */
    bool is_silent; /* idle timeout */
    CURLcode result;
    char curl_text[CURL_ERROR_SIZE];
};

static void ready_add(struct http_call *call)
{
    struct http_client *client = call->client;

    if (call->is_ready)
        return;
    call->is_ready = true;
    call->ready_next = NULL;
    *client->ready_last = call;
    client->ready_last = &call->ready_next;
}

static void ready_remove(struct http_call *call)
{
    struct http_client *client = call->client;
    struct http_call **at = &client->ready;

    if (!call->is_ready)
        return;
    while (*at != call)
        at = &(*at)->ready_next;
    *at = call->ready_next;
    if (!*at)
        client->ready_last = at;
    call->is_ready = false;
}

static void leave_multi(struct http_call *call)
{
    if (call->is_in_multi)
        (void)curl_multi_remove_handle(call->client->multi, call->easy);
    call->is_in_multi = false;
}

static void call_free(struct http_call *call)
{
    ready_remove(call);
    leave_multi(call);
    if (call->prev)
        call->prev->next = call->next;
    else
        call->client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;

    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    buf_fini(&call->body);
    free(call->what);
    free(call->place);
    free(call);
}

/* curl codes that mean that TLS failed: one side does not trust the other, or cannot. */
static bool is_tls_failure(CURLcode result)
{
    static const CURLcode codes[] = {CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM,
                                     CURLE_SSL_CIPHER,        CURLE_SSL_CACERT_BADFILE,
                                     CURLE_SSL_ISSUER_ERROR,  CURLE_PEER_FAILED_VERIFICATION,
                                     CURLE_SSL_CLIENTCERT,    CURLE_SSL_INVALIDCERTSTATUS};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i] == result)
            return true;
    return false;
}

/* In words of our own: curl's tell the milliseconds that passed, so each failure is another. */
static void describe_timeout(const struct http_call *call, struct err *err)
{
    curl_off_t sent_us = 0; /* 0: neither TCP nor TLS got so far */

    (void)curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    if (sent_us)
        (void)err_set(err, -ETIMEDOUT, "%s: no whole answer within %u ms", call->what,
                      call->timeout_ms);
    else
        (void)err_set(err, -ETIMEDOUT, "connect to %s: no answer within %u ms", call->place,
                      call->connect_timeout_ms);
}

static void describe_failure(const struct http_call *call, struct err *err)
{
    const char *text = call->curl_text[0] ? call->curl_text : curl_easy_strerror(call->result);
    long saved = 0;

    if (call->is_silent) {
        (void)err_set(err, -ETIMEDOUT, "%s: nothing heard for %u ms", call->what,
                      call->idle_timeout_ms);
    } else if (call->is_too_large) {
        (void)err_set(err, -EMSGSIZE, "%s: the reply is larger than %zu bytes", call->what,
                      call->kept_size_max);
    } else if (call->result == CURLE_COULDNT_CONNECT &&
               curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &saved) == CURLE_OK && saved) {
        errno = (int)saved;
        (void)err_sys(err, "connect to %s", call->place);
    } else if (call->result == CURLE_COULDNT_CONNECT) {
        (void)err_set(err, -ECONNREFUSED, "connect to %s: %s", call->place, text);
    } else if (call->result == CURLE_COULDNT_RESOLVE_HOST) {
        (void)err_set(err, -EHOSTUNREACH, "connect to %s: %s", call->place, text);
    } else if (call->result == CURLE_OPERATION_TIMEDOUT) {
        describe_timeout(call, err);
    } else {
        (void)err_set(err, is_tls_failure(call->result) ? -EACCES : -EIO, "%s: %s", call->what,
                      text);
    }
}

static const char *header_text(CURL *easy, const char *name)
{
    struct curl_header *header;

    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return "";
    return header->value;
}

static void deliver_result(struct http_call *call)
{
    struct err err = {0};
    long status = 0;

    if (call->is_silent || call->is_too_large || call->result != CURLE_OK) {
        describe_failure(call, &err);
        call->handlers.on_done(call->ctx, NULL, &err);
        return;
    }
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    struct http_reply reply = {
        .status = (int)status,
        .content_type = header_text(call->easy, "Content-Type"),
        .api_version = header_text(call->easy, "Api-Version"),
        .body = buf_text(&call->body),
        .body_len = call->body.len,
    };
    call->handlers.on_done(call->ctx, &reply, &err);
}

static bool is_error_status(const struct http_call *call)
{
    long status = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 400;
}

static void deliver(struct http_call *call)
{
    call->is_busy = true;
    if (call->is_stream && call->body.len && !is_error_status(call)) {
        call->handlers.on_data(call->ctx, buf_text(&call->body), call->body.len);
        buf_clear(&call->body);
    }
    if (call->is_done && !call->is_cancelled) {
        deliver_result(call);
        call->is_cancelled = true;
    }
    call->is_busy = false;
    if (call->is_cancelled)
        call_free(call);
}

/* After each visit to curl: collects what ended, then tells. The client may go on the way. */
static void settle(struct http_client *client)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left))) {
        struct http_call *call = NULL;
        CURLcode result = message->data.result;

        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        call->is_done = true;
        call->result = result;
        leave_multi(call);
        ready_add(call);
    }
    while (client->ready) {
        struct http_call *call = client->ready;

        ready_remove(call);
        deliver(call);
    }
}

static void on_curl_timer(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    int running;

    client->is_in_timer = true;
    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    client->is_in_timer = false;
    settle(client);
}

static int curl_on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct http_client *client = ctx;

    (void)multi;
    /* libuv runs timers until none is due: one that is due again at once would run for ever
     * while a peer sends without end, and nobody else would get a turn. */
    if (timeout_ms == 0 && client->is_in_timer)
        timeout_ms = 1;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&client->curl_timer);
    else
        (void)uv_timer_start(&client->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_handle_closed(struct http_client *client)
{
    assert(client->handles_open > 0);

    if (--client->handles_open == 0) {
        curl_global_cleanup();
        free(client);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct watched_socket *socket = handle->data;
    struct http_client *client = socket->client;

    free(socket);
    on_handle_closed(client);
}

static void on_socket_event(uv_poll_t *poll, int status, int events)
{
    struct watched_socket *socket = poll->data;
    struct http_client *client = socket->client;
    int flags = 0;
    int running;

    /* Reading says what is wrong; CURL_CSELECT_ERR would say that something is. */
    if (status < 0)
        flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(client->multi, socket->fd, flags, &running);
    settle(client);
}

static int curl_on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct http_client *client = ctx;
    struct watched_socket *socket = socket_ctx;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (!socket)
            return 0;
        /* curl closes the descriptor next; it must leave epoll before that. */
        (void)uv_poll_stop(&socket->poll);
        uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
        (void)curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (!socket) {
        socket = mem_new(struct watched_socket);
        socket->client = client;
        socket->fd = fd;
        if (uv_poll_init_socket(client->loop, &socket->poll, fd) < 0) {
            free(socket);
            return -1;
        }
        socket->poll.data = socket;
        client->handles_open++;
        (void)curl_multi_assign(client->multi, fd, socket);
    }
    int events =
        (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&socket->poll, events, on_socket_event) < 0 ? -1 : 0;
}

static size_t curl_on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    size_t len = size * count;
    bool is_kept = !call->is_stream || is_error_status(call);

    call->heard_ms = uv_now(call->client->loop);
    if (is_kept && call->body.len + len > call->kept_size_max)
        call->is_too_large = true;
    else if (buf_add(&call->body, data, len) < 0)
        call->is_too_large = true;
    if (call->is_too_large)
        return CURL_WRITEFUNC_ERROR;
    if (!is_kept)
        ready_add(call);
    return len;
}

/*
 * A stream may be silent for hours. If its peer's machine or network is gone, the kernel
 * finds out within about 6 s instead of never. A false alarm costs a new connection, so a path
 * that loses a few packets in a row is given the time, and no more.
 */
static int curl_on_sockopt(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    int on = 1, idle_s = 2, interval_s = 1, probes = 4, unacked_ms = 6000;

    (void)ctx;
    (void)purpose;
    /* All of them fail on unix sockets, which need none of them. */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
    return CURL_SOCKOPT_OK;
}

/* One timer for all streams: sweeps them when the first may be overdue. */
static void on_idle_timer(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    uint64_t now = uv_now(client->loop);
    uint64_t wait_ms = UINT64_MAX;

    for (struct http_call *call = client->calls; call; call = call->next) {
        uint64_t silent_ms = now - call->heard_ms;

        if (!call->idle_timeout_ms || call->is_done)
            continue;
        if (silent_ms >= call->idle_timeout_ms) {
            call->is_silent = call->is_done = true;
            leave_multi(call);
            ready_add(call);
        } else if (call->idle_timeout_ms - silent_ms < wait_ms) {
            wait_ms = call->idle_timeout_ms - silent_ms;
        }
    }
    if (wait_ms != UINT64_MAX)
        (void)uv_timer_start(timer, on_idle_timer, wait_ms, 0);
    settle(client);
}

static void idle_watch(struct http_call *call)
{
    uv_timer_t *timer = &call->client->idle_timer;

    if (!call->idle_timeout_ms)
        return;
    if (!uv_is_active((uv_handle_t *)timer) ||
        uv_timer_get_due_in(timer) > call->idle_timeout_ms)
        (void)uv_timer_start(timer, on_idle_timer, call->idle_timeout_ms, 0);
}

static void timer_init(struct http_client *client, uv_timer_t *timer)
{
    (void)uv_timer_init(client->loop, timer);
    timer->data = client;
    client->handles_open++;
}

struct http_client *http_client_new(uv_loop_t *loop)
{
    struct http_client *client = mem_new(struct http_client);

    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    client->loop = loop;
    client->ready_last = &client->ready;
    timer_init(client, &client->curl_timer);
    timer_init(client, &client->idle_timer);

    client->multi = curl_multi_init();
    assert(client->multi); /* fails for want of memory only, see mem.h */
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, curl_on_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, curl_on_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT_MAX);
    return client;
}

struct http_client *http_client_free(struct http_client *client)
{
    if (!client)
        return NULL;
    for (struct http_call *call = client->calls, *next; call; call = next) {
        next = call->next;
        http_call_cancel(call);
    }
    (void)curl_multi_cleanup(client->multi);
    client->multi = NULL;
    uv_close((uv_handle_t *)&client->curl_timer, on_timer_closed);
    uv_close((uv_handle_t *)&client->idle_timer, on_timer_closed);
    return NULL;
}

static bool is_plain(const char *text, char lowest)
{
    for (; *text; text++)
        if (*text < lowest || *text == 0x7f)
            return false;
    return true;
}

static int check(const struct http_target *target, const struct http_request *request,
                 struct err *err)
{
    if (strncmp(target->origin, "http://", 7) != 0 &&
        strncmp(target->origin, "https://", 8) != 0)
        return err_set(err, -EINVAL, "'%.100s' is not an http:// or https:// address",
                       target->origin);
    if (!is_plain(target->origin, '!') || !is_plain(request->path, '!') ||
        request->path[0] != '/')
        return err_set(err, -EINVAL, "'%.100s' is not an escaped path", request->path);
    if ((target->authorization && !is_plain(target->authorization, ' ')) ||
        (target->tls_name && !is_plain(target->tls_name, '!')) ||
        (target->proxy && !is_plain(target->proxy, '!')))
        return err_set(err, -EINVAL,
                       "%s: token, tls-server-name or proxy have characters that "
                       "none has",
                       target->origin);
    for (size_t i = 0; i < request->header_count; i++)
        if (!is_plain(request->headers[i].name, '!') ||
            !is_plain(request->headers[i].value, ' '))
            return err_set(err, -EINVAL, "header %.40s has characters that no header has",
                           request->headers[i].name);
    return 0;
}

/* PEM as text; curl copies it. */
static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {.data = (void *)(uintptr_t)pem, .flags = CURL_BLOB_COPY};

    if (!pem)
        return;
    blob.len = strlen(pem);
    (void)curl_easy_setopt(easy, option, &blob);
}

static void set_target(struct http_call *call, const struct http_target *target)
{
    CURL *easy = call->easy;
    unsigned connect_timeout_ms =
        target->connect_timeout_ms ? target->connect_timeout_ms : CONNECT_TIMEOUT_MS;

    (void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, target->unix_socket);
    call->connect_timeout_ms = connect_timeout_ms;
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, curl_on_sockopt);
    if (target->tls_ca) {
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, target->tls_ca);
        /* Debian's libcurl would trust all of /etc/ssl/certs besides. */
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    (void)curl_easy_setopt(easy, CURLOPT_SSLCERT, target->tls_cert);
    (void)curl_easy_setopt(easy, CURLOPT_SSLKEY, target->tls_key);
    set_blob(easy, CURLOPT_CAINFO_BLOB, target->tls_ca_pem);
    if (target->tls_ca_pem)
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    set_blob(easy, CURLOPT_SSLCERT_BLOB, target->tls_cert_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, target->tls_key_pem);
    if (target->tls_is_unchecked) {
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, target->proxy ? "" : "*");
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, target->proxy);
    (void)curl_easy_setopt(
        easy, CURLOPT_HTTP_VERSION,
        (long)(target->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, target->http2 ? 1L : 0L);
    /* OpenSSL would ask the terminal for the password of an encrypted key, and wait. */
    (void)curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
}

/* libcurl(3): "Name: value", "Name;" for an empty value, "Name:" to leave it out. */
static void add_header(struct http_call *call, const char *name, const char *separator,
                       const char *value)
{
    char *line = mem_printf("%s%s%s", name, separator, value);

    call->headers = curl_slist_append(call->headers, line);
    free(line);
}

static void set_headers(struct http_call *call, const struct http_request *request,
                        const char *authorization)
{
    bool has_type = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        has_type |= strcasecmp(header->name, "Content-Type") == 0;
        add_header(call, header->name, header->value[0] ? ": " : ";", header->value);
    }
    /* Without these curl would announce a form, and wait for a 100 before larger bodies. */
    if (!has_type)
        add_header(call, "Content-Type", ":", "");
    add_header(call, "Expect", ":", "");
    if (authorization)
        add_header(call, "Authorization", ": ", authorization);
    (void)curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_method(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->easy;
    bool is_post = strcmp(request->method, "POST") == 0;

    if (strcmp(request->method, "HEAD") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request->body || is_post) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)request->body_len);
        (void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                               request->body ? request->body : "");
    }
    if (!is_post && strcmp(request->method, "HEAD") != 0)
        (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/*
 * The name that the certificate must have takes the host's place, and curl is told to connect
 * to the host all the same.
 */
static char *named_url(struct http_call *call, const struct http_target *target,
                       const char *path)
{
    const char *host = strstr(target->origin, "://") + 3;
    size_t len = strcspn(host, "/");
    size_t host_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    char *to = mem_printf("::%.*s%s", (int)len, host, host_len < len ? "" : ":443");

    call->connect_to = curl_slist_append(NULL, to);
    free(to);
    (void)curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
    return mem_printf("%.*s%s%s%s", (int)(host - target->origin), target->origin,
                      target->tls_name, host + host_len, path);
}

static void set_request(struct http_call *call, const struct http_target *target,
                        const struct http_request *request)
{
    CURL *easy = call->easy;
    char *url = target->tls_name ? named_url(call, target, request->path)
                                 : mem_printf("%s%s", target->origin, request->path);

    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* A name server that does not answer must not hold up the loop when a call ends early. */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)request->speed_max);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_text);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, curl_on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    set_method(call, request);
    set_headers(call, request, target->authorization);
    set_target(call, target);
}

static size_t kept_size_max(const struct http_request *request)
{
    size_t size_max = request->body_size_max ? request->body_size_max : HTTP_BODY_SIZE_MAX;

    if (request->stream && size_max > STREAM_ERROR_SIZE_MAX)
        size_max = STREAM_ERROR_SIZE_MAX;
    return size_max;
}

struct http_call *http_call_start(struct http_client *client, const struct http_target *target,
                                  const struct http_request *request,
                                  const struct http_handlers *handlers, void *ctx,
                                  struct err *err)
{
    assert(!request->stream || handlers->on_data);

    if (check(target, request, err) < 0)
        return NULL;

    struct http_call *call = mem_new(struct http_call);
    call->client = client;
    call->handlers = *handlers;
    call->ctx = ctx;
    call->is_stream = request->stream;
    call->timeout_ms = request->timeout_ms;
    call->idle_timeout_ms = request->idle_timeout_ms;
    call->kept_size_max = kept_size_max(request);
    call->heard_ms = uv_now(client->loop);
    buf_init(&call->body, HTTP_BODY_SIZE_MAX);
    call->place = target->unix_socket ? mem_printf("unix:%s", target->unix_socket)
                                      : mem_strdup(target->origin);
    call->what = mem_printf("%s %.*s at %s", request->method, (int)strcspn(request->path, "?"),
                            request->path, call->place);
    call->easy = curl_easy_init();
    assert(call->easy); /* fails for want of memory only, see mem.h */
    set_request(call, target, request);

    call->next = client->calls;
    if (call->next)
        call->next->prev = call;
    client->calls = call;

    call->is_in_multi = curl_multi_add_handle(client->multi, call->easy) == CURLM_OK;
    assert(call->is_in_multi);
    idle_watch(call);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    leave_multi(call);
    if (call->is_busy)
        call->is_cancelled = true;
    else
        call_free(call);
}
