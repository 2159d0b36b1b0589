/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends queries for A by UDP, a few at a time, and counts the answers. For measurements on this
 * very machine: it refuses any target but the loopback.
 *
 *     bench_dns_load ADDRESS PORT QUERIES NAMES FORM
 *
 * NAMES different names are made of FORM, in which "#" stands for six digits:
 * "s#.example.test". The next queries are sent when all of the last ones were answered, or a
 * second later. Prints
 * {"sent": 1, "answered": 1, "noerror": 1, "nxdomain": 1}; noerror only counts what has
 * answers.
 */
#include "base/number.h"
#include "base/random.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define QUERIES_MAX 10000000
#define NAMES_MAX   1000000

/* Sockets, so that the kernel spreads them over a server's threads as it spreads clients. */
#define SOCKETS 64
#define BATCH   32

#define QUERY_SIZE_MAX 128
#define PATIENCE_MS    1000

union target {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct load {
    union target target;
    socklen_t target_len;
    uint64_t queries, names;
    const char *form;
    int fds[SOCKETS];
    struct random random;
    uint64_t sent, answered, noerror, nxdomain;
};

/* The answer of measurements that went wrong is always "do not send there". */
static bool read_target(struct load *load, const char *address, uint16_t port)
{
    load->target = (union target){0};
    if (inet_pton(AF_INET, address, &load->target.v4.sin_addr) == 1) {
        load->target.v4.sin_family = AF_INET;
        load->target.v4.sin_port = htons(port);
        load->target_len = sizeof(load->target.v4);
        return ntohl(load->target.v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, address, &load->target.v6.sin6_addr) == 1) {
        load->target.v6.sin6_family = AF_INET6;
        load->target.v6.sin6_port = htons(port);
        load->target_len = sizeof(load->target.v6);
        return IN6_IS_ADDR_LOOPBACK(&load->target.v6.sin6_addr);
    }
    return false;
}

static bool read_arguments(struct load *load, char **argv)
{
    uint64_t port;

    if (number_read(argv[2], strlen(argv[2]), 1, UINT16_MAX, &port) < 0 ||
        number_read(argv[3], strlen(argv[3]), 1, QUERIES_MAX, &load->queries) < 0 ||
        number_read(argv[4], strlen(argv[4]), 1, NAMES_MAX, &load->names) < 0 ||
        strlen(argv[5]) > QUERY_SIZE_MAX / 2) {
        (void)fprintf(stderr, "bench_dns_load: a number that is none, or too large\n");
        return false;
    }
    load->form = argv[5];
    if (!read_target(load, argv[1], (uint16_t)port)) {
        (void)fprintf(stderr, "bench_dns_load: %s is not an address of the loopback\n",
                      argv[1]);
        return false;
    }
    return true;
}

static bool open_sockets(struct load *load)
{
    for (size_t i = 0; i < SOCKETS; i++) {
        int size = 1 << 20;

        load->fds[i] = socket(load->target.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (load->fds[i] < 0 || connect(load->fds[i], &load->target.any, load->target_len) < 0)
            return false;
        (void)setsockopt(load->fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    return true;
}

/* A query for A with EDNS and 1232 bytes of room. Returns its length. */
static size_t make_query(struct load *load, uint8_t out[QUERY_SIZE_MAX])
{
    static const uint8_t header[12] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    static const uint8_t tail[16] = {0, 0, 1, 0, 1, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
    uint64_t number = random_u64(&load->random);
    char name[QUERY_SIZE_MAX];
    int before = (int)strcspn(load->form, "#");
    size_t len = sizeof(header);

    if (load->form[before])
        (void)snprintf(name, sizeof(name), "%.*s%06llu%s", before, load->form,
                       (unsigned long long)(number % load->names), load->form + before + 1);
    else
        (void)snprintf(name, sizeof(name), "%s", load->form);
    memcpy(out, header, sizeof(header));
    out[0] = (uint8_t)(number >> 56);
    out[1] = (uint8_t)(number >> 48);
    for (const char *label = name; *label;) {
        size_t size = strcspn(label, ".");

        out[len++] = (uint8_t)size;
        memcpy(out + len, label, size);
        len += size;
        label += size + (label[size] == '.');
    }
    memcpy(out + len, tail, sizeof(tail));
    return len + sizeof(tail);
}

struct batch {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint8_t data[BATCH][QUERY_SIZE_MAX]; /* of an answer, the header is all that matters */
};

static void batch_init(struct batch *batch)
{
    memset(batch->messages, 0, sizeof(batch->messages));
    for (size_t i = 0; i < BATCH; i++) {
        batch->parts[i] = (struct iovec){batch->data[i], sizeof(batch->data[i])};
        batch->messages[i].msg_hdr.msg_iov = &batch->parts[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
    }
}

/* Returns how many were sent. */
static size_t send_batch(struct load *load, int fd)
{
    struct batch batch;

    batch_init(&batch);
    for (size_t i = 0; i < BATCH; i++)
        batch.parts[i].iov_len = make_query(load, batch.data[i]);
    int r = sendmmsg(fd, batch.messages, BATCH, 0);
    if (r < 0)
        return 0;
    load->sent += (uint64_t)r;
    return (size_t)r;
}

/* Takes what is there. Returns how many answers that were. */
static size_t receive_batch(struct load *load, int fd)
{
    struct batch batch;

    batch_init(&batch);
    int r = recvmmsg(fd, batch.messages, BATCH, MSG_DONTWAIT, NULL);
    if (r < 0)
        return 0;
    for (int i = 0; i < r; i++) {
        load->noerror += (batch.data[i][3] & 0xf) == 0 && batch.data[i][7] > 0;
        load->nxdomain += (batch.data[i][3] & 0xf) == 3;
    }
    load->answered += (uint64_t)r;
    return (size_t)r;
}

static void run(struct load *load)
{
    for (size_t next = 0; load->sent < load->queries; next++) {
        struct pollfd wait = {.fd = load->fds[next % SOCKETS], .events = POLLIN};
        size_t owed = send_batch(load, wait.fd);

        if (!owed)
            return; /* the count of what was sent says so */
        while (owed && poll(&wait, 1, PATIENCE_MS) > 0) {
            size_t taken = receive_batch(load, wait.fd);
            owed -= taken < owed ? taken : owed;
        }
    }
}

int main(int argc, char **argv)
{
    struct load load = {0};

    if (argc != 6) {
        (void)fprintf(stderr, "usage: bench_dns_load ADDRESS PORT QUERIES NAMES FORM\n");
        return 2;
    }
    if (!read_arguments(&load, argv))
        return 2;
    random_init(&load.random, 1);
    if (!open_sockets(&load)) {
        (void)fprintf(stderr, "bench_dns_load: no sockets (errno %d)\n", errno);
        return 1;
    }
    run(&load);
    for (size_t i = 0; i < SOCKETS; i++)
        scope_close(&load.fds[i]);
    (void)printf(
        "{\"sent\": %llu, \"answered\": %llu, \"noerror\": %llu, \"nxdomain\": %llu}\n",
        (unsigned long long)load.sent, (unsigned long long)load.answered,
        (unsigned long long)load.noerror, (unsigned long long)load.nxdomain);
    return 0;
}
