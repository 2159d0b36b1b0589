/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/worker.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dns/server.h"
#include "dns/tcp.h"
#include "dns/udp.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Answering takes a few kilobytes; the default of 8 MiB would count for limits of memory. */
#define STACK_SIZE ((size_t)256 << 10)

#define EVENTS_MAX 64

/* What an event is about: its data is one of these, plus the number of a socket. */
enum {
    EVENT_STOP = 0,
    EVENT_UDP = 0x100,
    EVENT_LISTENER = 0x200,
    EVENT_CONNECTION = 0x10000,
};

struct worker {
    struct worker_options options;
    int epoll;
    int udp_fds[DNS_LISTEN_MAX], listener_fds[DNS_LISTEN_MAX];
    struct random random;
    struct counters counters;
    struct udp *udp;
    struct tcp *tcp;
    pthread_t thread;
    bool has_thread;
};

static bool watch(struct worker *worker, int fd, uint64_t data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int bind_all(struct worker *worker, struct err *err)
{
    for (size_t i = 0; i < worker->options.address_count; i++) {
        const struct listen_address *address = &worker->options.addresses[i];

        worker->udp_fds[i] = listen_udp(address, err);
        if (worker->udp_fds[i] < 0)
            return worker->udp_fds[i];
        worker->listener_fds[i] = listen_tcp(address, err);
        if (worker->listener_fds[i] < 0)
            return worker->listener_fds[i];
        if (!watch(worker, worker->udp_fds[i], EVENT_UDP + i) ||
            !watch(worker, worker->listener_fds[i], EVENT_LISTENER + i))
            return err_sys(err, "listen on '%s'", address->text);
    }
    return 0;
}

int worker_new(struct worker **out, const struct worker_options *options, struct err *err)
{
    struct worker *worker = mem_new(struct worker);

    worker->options = *options;
    for (size_t i = 0; i < DNS_LISTEN_MAX; i++)
        worker->udp_fds[i] = worker->listener_fds[i] = -1;
    random_init(&worker->random, random_seed());
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->udp = udp_new(&worker->random, &worker->counters);
    worker->tcp = tcp_new(worker->epoll, EVENT_CONNECTION, options->connections_max,
                          &worker->random, &worker->counters);
    int r = 0;
    if (worker->epoll < 0 || !watch(worker, options->stop, EVENT_STOP))
        r = err_sys(err, "wait for queries");
    else
        r = bind_all(worker, err);
    if (r < 0)
        worker = worker_free(worker);
    else
        *out = worker;
    return r;
}

/* Returns false when it is time to stop. */
static bool handle(struct worker *worker, uint64_t event, const struct authority *authority,
                   uint64_t now_ms)
{
    if (event >= EVENT_CONNECTION)
        tcp_serve(worker->tcp, event - EVENT_CONNECTION, authority, now_ms);
    else if (event >= EVENT_LISTENER)
        tcp_accept(worker->tcp, worker->listener_fds[event - EVENT_LISTENER], now_ms);
    else if (event >= EVENT_UDP)
        udp_serve(worker->udp, worker->udp_fds[event - EVENT_UDP], authority);
    return event != EVENT_STOP;
}

static void *run(void *ctx)
{
    struct worker *worker = ctx;
    struct worker_options *options = &worker->options;
    bool goes_on = true;

    while (goes_on) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(worker->epoll, events, EVENTS_MAX, tcp_timeout_ms(worker->tcp));
        uint64_t now_ms = clock_monotonic_ms();
        const struct authority *authority = handover_enter(options->handover, options->reader);

        for (int i = 0; i < count && goes_on; i++)
            goes_on = handle(worker, events[i].data.u64, authority, now_ms);
        handover_leave(options->handover, options->reader);
        tcp_expire(worker->tcp, now_ms);
    }
    return NULL;
}

/* Signals are the owner's business: its loop waits for them. */
static int thread_start(struct worker *worker, const pthread_attr_t *attr)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&worker->thread, attr, run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

int worker_start(struct worker *worker, struct err *err)
{
    pthread_attr_t attr;

    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    int r = thread_start(worker, &attr);
    (void)pthread_attr_destroy(&attr);
    if (r) {
        errno = r;
        return err_sys(err, "start a nameserver's thread");
    }
    worker->has_thread = true;
    return 0;
}

struct worker *worker_free(struct worker *worker)
{
    if (!worker)
        return NULL;
    if (worker->has_thread)
        (void)pthread_join(worker->thread, NULL);
    worker->tcp = tcp_free(worker->tcp);
    worker->udp = udp_free(worker->udp);
    for (size_t i = 0; i < DNS_LISTEN_MAX; i++) {
        if (worker->udp_fds[i] >= 0)
            (void)close(worker->udp_fds[i]);
        if (worker->listener_fds[i] >= 0)
            (void)close(worker->listener_fds[i]);
    }
    if (worker->epoll >= 0)
        (void)close(worker->epoll);
    free(worker);
    return NULL;
}

const struct counters *worker_counters(const struct worker *worker)
{
    return &worker->counters;
}
