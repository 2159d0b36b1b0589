/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/udp.h"

#include "base/mem.h"
#include "dns/answer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Wider batches only add latency once system calls are a small part of the work. */
#define BATCH 32

/* Batches before the other sockets get their turn. */
#define BATCHES_MAX 8

/* Larger than any question with an OPT record, a cookie and a signature, padded. */
#define QUERY_SIZE_MAX 1536

union peer {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct packet {
    union peer peer;
    /* Where the query was sent to: its answer must come from there. */
    _Alignas(struct cmsghdr) char destination[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct iovec in, out;
    uint8_t query[QUERY_SIZE_MAX];
    uint8_t answer[WIRE_UDP_SIZE_MAX];
};

struct udp {
    struct random *random;
    struct counters *counters;
    struct mmsghdr in[BATCH], out[BATCH];
    struct packet packets[BATCH];
};

struct udp *udp_new(struct random *random, struct counters *counters)
{
    struct udp *udp = mem_new(struct udp);

    udp->random = random;
    udp->counters = counters;
    for (size_t i = 0; i < BATCH; i++) {
        struct packet *packet = &udp->packets[i];

        packet->in = (struct iovec){packet->query, sizeof(packet->query)};
        packet->out = (struct iovec){packet->answer, 0};
    }
    return udp;
}

struct udp *udp_free(struct udp *udp)
{
    free(udp);
    return NULL;
}

static int receive(struct udp *udp, int fd)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct packet *packet = &udp->packets[i];

        udp->in[i].msg_hdr = (struct msghdr){
            .msg_name = &packet->peer,
            .msg_namelen = sizeof(packet->peer),
            .msg_iov = &packet->in,
            .msg_iovlen = 1,
            .msg_control = packet->destination,
            .msg_controllen = sizeof(packet->destination),
        };
    }
    return recvmmsg(fd, udp->in, BATCH, MSG_DONTWAIT, NULL);
}

/* Nobody asks from port 0; an answer to it is refused by the kernel. */
static bool may_be_answered(const struct msghdr *query)
{
    const union peer *peer = query->msg_name;

    if (query->msg_flags & MSG_TRUNC)
        return false;
    return peer->any.sa_family == AF_INET6 ? peer->v6.sin6_port != 0 : peer->v4.sin_port != 0;
}

/*
 * What said where the query was sent to says where the answer comes from. The interface is left
 * to routing, but for addresses that mean nothing without it.
 */
static void reverse(struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);

    if (!control)
        return;
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;

        memcpy(&info, CMSG_DATA(control), sizeof(info));
        info.ipi_ifindex = 0;
        memcpy(CMSG_DATA(control), &info, sizeof(info));
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;

        memcpy(&info, CMSG_DATA(control), sizeof(info));
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            info.ipi6_ifindex = 0;
        memcpy(CMSG_DATA(control), &info, sizeof(info));
    }
}

/* Returns false when there is no answer. Who limits rates will say so here. */
static bool answer(struct udp *udp, const struct authority *authority, size_t at)
{
    struct packet *packet = &udp->packets[at];
    struct answer_note note;

    if (!may_be_answered(&udp->in[at].msg_hdr))
        return false;
    packet->out.iov_len = answer_make(authority, udp->random, ANSWER_UDP, packet->query,
                                      udp->in[at].msg_len, packet->answer, &note);
    if (!packet->out.iov_len)
        return false;
    counters_add_answer(udp->counters, &note);
    return true;
}

/* Skips what the kernel does not want to send, and gives up when it has no room. */
static void send_all(struct udp *udp, int fd, unsigned count)
{
    unsigned sent = 0;

    while (sent < count) {
        int r = sendmmsg(fd, udp->out + sent, count - sent, MSG_DONTWAIT);

        if (r > 0) {
            sent += (unsigned)r;
        } else if (errno == EAGAIN) {
            counters_add(udp->counters, DNS_SEND_FAILED, count - sent);
            return;
        } else if (errno != EINTR) {
            counters_add(udp->counters, DNS_SEND_FAILED, 1);
            sent++;
        }
    }
}

/* Returns how many queries there were. */
static size_t serve_batch(struct udp *udp, int fd, const struct authority *authority)
{
    unsigned answers = 0;
    int r = receive(udp, fd);

    if (r <= 0)
        return 0;
    size_t count = (size_t)r;
    for (size_t i = 0; i < count; i++) {
        if (!answer(udp, authority, i))
            continue;
        struct msghdr *out = &udp->out[answers++].msg_hdr;
        *out = udp->in[i].msg_hdr;
        out->msg_iov = &udp->packets[i].out;
        out->msg_flags = 0;
        reverse(out);
    }
    counters_add(udp->counters, DNS_UDP_QUERIES, count);
    counters_add(udp->counters, DNS_DROPPED, count - answers);
    send_all(udp, fd, answers);
    return count;
}

void udp_serve(struct udp *udp, int fd, const struct authority *authority)
{
    for (size_t i = 0; i < BATCHES_MAX; i++)
        if (serve_batch(udp, fd, authority) < BATCH)
            return;
}
