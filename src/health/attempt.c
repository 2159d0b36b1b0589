/* SPDX-License-Identifier: Apache-2.0 */
#include "health/attempt.h"

#include "base/mem.h"
#include "base/scope.h"
#include "health/status_line.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Most answers to a probe come in one piece of this size: read as a whole, the connection ends
 * without a reset, which the other side might log.
 */
#define READ_SIZE 4096

enum step { CONNECTING, SENDING, READING };

struct attempt {
    const struct attempt_target *target;
    int fd; /* -1: there is none */
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles_open; /* the attempt goes with the last of them */
    enum step step;
    size_t sent;
    struct status_line line;

    enum attempt_result result;
    char why[FINDING_WHY_SIZE];
    attempt_on_done *on_done;
    void *ctx;
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct attempt *attempt = handle->data;

    if (--attempt->handles_open == 0)
        free(attempt);
}

static void release(struct attempt *attempt)
{
    uv_close((uv_handle_t *)&attempt->timer, on_handle_closed);
    if (attempt->fd < 0)
        return;
    uv_close((uv_handle_t *)&attempt->poll, on_handle_closed);
    (void)close(attempt->fd);
}

struct attempt *attempt_cancel(struct attempt *attempt)
{
    if (attempt)
        release(attempt);
    return NULL;
}

static void report(struct attempt *attempt)
{
    release(attempt);
    attempt->on_done(attempt->ctx, attempt->result, attempt->why);
}

static void PRINTF(3, 4)
    conclude(struct attempt *attempt, enum attempt_result result, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(attempt->why, sizeof(attempt->why), fmt, args);
    va_end(args);
    attempt->result = result;
}

/* The steps. Each returns true when the attempt is concluded, false when it has to wait. */

static bool is_ours_to_blame(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL || error == EAGAIN;
}

static bool conclude_error(struct attempt *attempt, const char *what, int error)
{
    conclude(attempt, is_ours_to_blame(error) ? ATTEMPT_VOID : ATTEMPT_FAILED, "%s%s", what,
             uv_strerror(-error));
    return true;
}

static bool finish_connect(struct attempt *attempt)
{
    struct pollfd ready = {.fd = attempt->fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);

    if (poll(&ready, 1, 0) <= 0)
        return false;
    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error)
        return conclude_error(attempt, "", error);
    if (!attempt->target->request) {
        conclude(attempt, ATTEMPT_OK, "connected");
        return true;
    }
    attempt->step = SENDING;
    return false;
}

static bool finish_send(struct attempt *attempt)
{
    const struct attempt_target *target = attempt->target;
    ssize_t n = send(attempt->fd, target->request + attempt->sent,
                     target->request_len - attempt->sent, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN ? false : conclude_error(attempt, "send: ", errno);
    attempt->sent += (size_t)n;
    if (attempt->sent == target->request_len)
        attempt->step = READING;
    return false;
}

static void judge(struct attempt *attempt, unsigned status)
{
    unsigned expected = attempt->target->status;

    if (expected && status != expected)
        conclude(attempt, ATTEMPT_FAILED, "HTTP %u, expected %u", status, expected);
    else if (!expected && (status < 200 || status > 399))
        conclude(attempt, ATTEMPT_FAILED, "HTTP %u", status);
    else
        conclude(attempt, ATTEMPT_OK, "HTTP %u", status);
}

static bool finish_read(struct attempt *attempt)
{
    char data[READ_SIZE];
    unsigned status;
    ssize_t n = recv(attempt->fd, data, sizeof(data), 0);

    if (n < 0)
        return errno == EAGAIN ? false : conclude_error(attempt, "receive: ", errno);
    if (n == 0) {
        conclude(attempt, ATTEMPT_FAILED, "closed without an answer");
        return true;
    }
    int r = status_line_add(&attempt->line, data, (size_t)n, &status);
    if (r == STATUS_LINE_MORE)
        return false;
    if (r < 0)
        conclude(attempt, ATTEMPT_FAILED, "the answer is not HTTP");
    else
        judge(attempt, status);
    return true;
}

/* Goes as far as it can without waiting. */
static bool advance(struct attempt *attempt)
{
    if (attempt->step == CONNECTING && finish_connect(attempt))
        return true;
    if (attempt->step == SENDING && finish_send(attempt))
        return true;
    return attempt->step == READING && finish_read(attempt);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct attempt *attempt = poll->data;

    (void)status; /* the socket says it better */
    (void)events;
    if (advance(attempt)) {
        report(attempt);
        return;
    }
    (void)uv_poll_start(poll, attempt->step == READING ? UV_READABLE : UV_WRITABLE, on_ready);
}

/*
 * A loop that was kept busy, or a computer that slept, runs its timers before it looks at its
 * sockets: what has arrived meanwhile counts.
 */
static void on_timeout(uv_timer_t *timer)
{
    struct attempt *attempt = timer->data;

    if (!advance(attempt))
        conclude(attempt, ATTEMPT_FAILED,
                 attempt->step == CONNECTING ? "no connection within %u ms"
                                             : "no answer within %u ms",
                 attempt->target->timeout_ms);
    report(attempt);
}

static void on_concluded(uv_timer_t *timer)
{
    report(timer->data);
}

/* Returns true when the attempt is concluded already. */
static bool connect_start(struct attempt *attempt, uv_loop_t *loop)
{
    const struct attempt_target *target = attempt->target;
    SCOPED(scope_close)
    int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return conclude_error(attempt, "socket: ", errno);
    if (connect(fd, (const struct sockaddr *)&target->address, target->address_len) < 0 &&
        errno != EINPROGRESS)
        return conclude_error(attempt, "", errno);
    int r = uv_poll_init(loop, &attempt->poll, fd);
    if (r < 0)
        return conclude_error(attempt, "watch: ", ENOMEM);
    attempt->poll.data = attempt;
    attempt->handles_open++;
    attempt->fd = take_fd(&fd);
    (void)uv_poll_start(&attempt->poll, UV_WRITABLE, on_ready);
    return false;
}

struct attempt *attempt_start(uv_loop_t *loop, const struct attempt_target *target,
                              attempt_on_done *on_done, void *ctx)
{
    struct attempt *attempt = mem_new(struct attempt);

    attempt->target = target;
    attempt->fd = -1;
    attempt->on_done = on_done;
    attempt->ctx = ctx;
    (void)uv_timer_init(loop, &attempt->timer);
    attempt->timer.data = attempt;
    attempt->handles_open = 1;
    uv_update_time(loop); /* a tick that took long must not shorten the time to answer */
    if (connect_start(attempt, loop))
        (void)uv_timer_start(&attempt->timer, on_concluded, 0, 0);
    else
        (void)uv_timer_start(&attempt->timer, on_timeout, target->timeout_ms, 0);
    return attempt;
}
