/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/server.h"

#include "base/mem.h"
#include "dns/authority.h"
#include "dns/handover.h"
#include "dns/listen.h"
#include "dns/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* TCP connections of all workers: half of the descriptors that a process usually has. */
#define CONNECTIONS_MAX 512
#define CONNECTIONS_MIN 16 /* of each worker */

struct dns_server {
    struct listen_address addresses[DNS_LISTEN_MAX];
    char *texts[DNS_LISTEN_MAX]; /* of the addresses */
    size_t address_count;
    struct authority_address public_addresses[DNS_LISTEN_MAX];
    size_t public_count;
    struct handover handover;
    struct worker *workers[DNS_WORKERS_MAX];
    size_t worker_count;
    int stop;
};

static unsigned count_cores(void)
{
    cpu_set_t cores;

    /* On a machine with more cores than the set has room for it fails: all workers, then. */
    if (sched_getaffinity(0, sizeof(cores), &cores) < 0)
        return DNS_WORKERS_MAX;
    return (unsigned)CPU_COUNT(&cores);
}

static size_t choose_worker_count(unsigned wanted)
{
    unsigned count = wanted ? wanted : count_cores();

    return count < DNS_WORKERS_MAX ? count : DNS_WORKERS_MAX;
}

static void release_authority(void *value)
{
    (void)authority_free(value);
}

static int read_addresses(struct dns_server *server, const struct strings *listen,
                          struct err *err)
{
    if (listen->count < 1 || listen->count > DNS_LISTEN_MAX)
        return err_set(err, -EINVAL, "listen on %zu addresses: expected 1 to %d", listen->count,
                       DNS_LISTEN_MAX);
    for (size_t i = 0; i < listen->count; i++) {
        server->texts[i] = mem_strdup(listen->items[i]);
        int r = listen_parse(&server->addresses[i], server->texts[i], err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < listen->count; i++) {
        int r = listen_check_free(&server->addresses[i], err);
        if (r < 0)
            return r;
    }
    server->address_count = listen->count;
    server->public_count =
        listen_public(server->addresses, listen->count, server->public_addresses);
    return 0;
}

static int start_workers(struct dns_server *server, struct err *err)
{
    size_t connections_max = CONNECTIONS_MAX / server->worker_count;
    struct worker_options options = {
        .addresses = server->addresses,
        .address_count = server->address_count,
        .handover = &server->handover,
        .connections_max =
            connections_max > CONNECTIONS_MIN ? connections_max : CONNECTIONS_MIN,
        .stop = server->stop,
    };
    int r = 0;

    /* All are bound before the first one answers: either everything works or nothing starts. */
    for (size_t i = 0; i < server->worker_count && r == 0; i++) {
        options.reader = i;
        r = worker_new(&server->workers[i], &options, err);
    }
    for (size_t i = 0; i < server->worker_count && r == 0; i++)
        r = worker_start(server->workers[i], err);
    return r;
}

int dns_server_open(struct dns_server **out, const struct dns_server_options *options,
                    struct err *err)
{
    struct dns_server *server = mem_new(struct dns_server);

    server->worker_count = choose_worker_count(options->workers);
    handover_init(&server->handover, server->worker_count, release_authority);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = server->stop < 0 ? err_sys(err, "make an eventfd") : 0;
    if (r == 0)
        r = read_addresses(server, &options->listen, err);
    if (r == 0)
        r = start_workers(server, err);
    if (r < 0)
        server = dns_server_close(server);
    else
        *out = server;
    return r;
}

struct dns_server *dns_server_close(struct dns_server *server)
{
    if (!server)
        return NULL;
    if (server->stop >= 0)
        (void)eventfd_write(server->stop, 1); /* the first write always has room */
    for (size_t i = 0; i < server->worker_count; i++)
        server->workers[i] = worker_free(server->workers[i]);
    handover_fini(&server->handover);
    if (server->stop >= 0)
        (void)close(server->stop);
    for (size_t i = 0; i < DNS_LISTEN_MAX; i++)
        free(server->texts[i]);
    free(server);
    return NULL;
}

void dns_server_closep(struct dns_server **server)
{
    *server = dns_server_close(*server);
}

void dns_server_publish(struct dns_server *server, struct table *table)
{
    handover_put(&server->handover,
                 authority_new(table, server->public_addresses, server->public_count));
}

const struct table *dns_server_table(const struct dns_server *server)
{
    const struct authority *authority = handover_latest(&server->handover);

    return authority ? authority_table(authority) : NULL;
}

void dns_server_reclaim(struct dns_server *server)
{
    handover_reclaim(&server->handover);
}

void dns_server_counters(const struct dns_server *server, struct dns_counters *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < server->worker_count; i++)
        for (size_t j = 0; j < DNS_COUNTERS; j++)
            out->of[j] +=
                counters_get(worker_counters(server->workers[i]), (enum dns_counter)j);
}
