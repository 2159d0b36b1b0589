/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/tcp.h"

#include "base/mem.h"
#include "dns/answer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Larger than any query that has an answer; who sends a longer one is cut off. */
#define QUERY_SIZE_MAX 2048

#define LENGTH_SIZE 2 /* in front of each message (RFC 1035 section 4.2.2) */

/* Who has connected meanwhile is let in before the next look at the other sockets. */
#define ACCEPTS_MAX 32

/* Idle connections go this much too late at most; looking more often costs more than it gains.
 */
#define EXPIRE_MS 250

struct client {
    uint8_t address[16]; /* IPv4: 4 bytes, IPv6: the 8 bytes of its network */
};

/* Apart from what is looked at for all connections: memory that nobody needed is not there. */
struct buffers {
    uint8_t in[LENGTH_SIZE + QUERY_SIZE_MAX];
    uint8_t out[LENGTH_SIZE + ANSWER_SIZE_MAX];
};

struct connection {
    int fd; /* -1: free */
    struct client client;
    uint64_t active_ms; /* when it came, or the latest query was answered */
    bool is_writing;    /* waits for room to write to, not for queries */
    size_t in_len, out_at, out_len;
    struct buffers *buffers; /* its own */
};

struct tcp {
    int epoll;
    int spare; /* a descriptor to give up when there are no others; -1: given up */
    uint64_t data_base;
    struct connection *connections;
    struct buffers *buffers; /* of each connection */
    size_t connection_max, open_count;
    uint64_t expired_ms; /* when tcp_expire last looked */
    struct random *random;
    struct counters *counters;
};

static int spare_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

struct tcp *tcp_new(int epoll, uint64_t data_base, size_t connections_max,
                    struct random *random, struct counters *counters)
{
    struct tcp *tcp = mem_new(struct tcp);

    tcp->epoll = epoll;
    tcp->spare = spare_open();
    tcp->data_base = data_base;
    tcp->connections = mem_array(connections_max, sizeof(*tcp->connections));
    tcp->buffers = mem_array(connections_max, sizeof(*tcp->buffers));
    tcp->connection_max = connections_max;
    tcp->random = random;
    tcp->counters = counters;
    for (size_t i = 0; i < connections_max; i++) {
        tcp->connections[i].fd = -1;
        tcp->connections[i].buffers = &tcp->buffers[i];
    }
    return tcp;
}

static void connection_close(struct tcp *tcp, struct connection *connection)
{
    (void)close(connection->fd); /* epoll forgets it */
    connection->fd = -1;
    tcp->open_count--;
    counters_add(tcp->counters, DNS_TCP_CLOSED, 1);
}

struct tcp *tcp_free(struct tcp *tcp)
{
    if (!tcp)
        return NULL;
    for (size_t i = 0; i < tcp->connection_max; i++)
        if (tcp->connections[i].fd >= 0)
            connection_close(tcp, &tcp->connections[i]);
    if (tcp->spare >= 0)
        (void)close(tcp->spare);
    free(tcp->buffers);
    free(tcp->connections);
    free(tcp);
    return NULL;
}

/* Accepting. */

union peer {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static struct client client_of(const union peer *peer)
{
    struct client client = {{0}};

    if (peer->any.sa_family == AF_INET6)
        memcpy(client.address, &peer->v6.sin6_addr, 8);
    else
        memcpy(client.address + 8, &peer->v4.sin_addr, 4);
    return client;
}

static bool is_of(const struct connection *connection, const struct client *client)
{
    return !client || memcmp(&connection->client, client, sizeof(*client)) == 0;
}

/* Closes the connection (of this client, unless it is NULL) that was idle for longest. */
static void evict(struct tcp *tcp, const struct client *client)
{
    struct connection *oldest = NULL;

    for (size_t i = 0; i < tcp->connection_max; i++) {
        struct connection *connection = &tcp->connections[i];

        if (connection->fd >= 0 && is_of(connection, client) &&
            (!oldest || connection->active_ms < oldest->active_ms))
            oldest = connection;
    }
    if (!oldest)
        return;
    connection_close(tcp, oldest);
    counters_add(tcp->counters, DNS_TCP_EVICTED, 1);
}

static void make_room(struct tcp *tcp, const struct client *client)
{
    size_t share = tcp->connection_max / TCP_CLIENT_SHARE;
    size_t count = 0;

    for (size_t i = 0; i < tcp->connection_max; i++)
        count += tcp->connections[i].fd >= 0 && is_of(&tcp->connections[i], client);
    if (count && count >= share)
        evict(tcp, client);
    if (tcp->open_count == tcp->connection_max)
        evict(tcp, NULL);
}

static bool watch(struct tcp *tcp, int operation, struct connection *connection)
{
    struct epoll_event event = {
        .events = connection->is_writing ? EPOLLOUT : EPOLLIN,
        .data.u64 = tcp->data_base + (uint64_t)(connection - tcp->connections),
    };

    return epoll_ctl(tcp->epoll, operation, connection->fd, &event) == 0;
}

static void connection_add(struct tcp *tcp, int fd, const union peer *peer, uint64_t now_ms)
{
    struct client client = client_of(peer);
    struct connection *connection = tcp->connections;

    make_room(tcp, &client);
    while (connection->fd >= 0)
        connection++;
    connection->fd = fd;
    connection->client = client;
    connection->active_ms = now_ms;
    connection->is_writing = false;
    connection->in_len = connection->out_at = connection->out_len = 0;
    tcp->open_count++;
    counters_add(tcp->counters, DNS_TCP_ACCEPTED, 1);
    if (!watch(tcp, EPOLL_CTL_ADD, connection))
        connection_close(tcp, connection);
}

/*
 * Out of descriptors: gives up the spare one to see who is there, who then takes the place of
 * the one that was idle for longest. Just to leave him waiting would make the listener ready
 * for ever.
 */
static void accept_with_spare(struct tcp *tcp, int listener, uint64_t now_ms)
{
    union peer peer;
    socklen_t len = sizeof(peer);

    if (tcp->spare >= 0)
        (void)close(tcp->spare);
    int fd = accept4(listener, &peer.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && tcp->open_count) {
        evict(tcp, NULL);
        connection_add(tcp, fd, &peer, now_ms);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    tcp->spare = spare_open();
}

void tcp_accept(struct tcp *tcp, int listener, uint64_t now_ms)
{
    for (size_t i = 0; i < ACCEPTS_MAX; i++) {
        union peer peer;
        socklen_t len = sizeof(peer);
        int fd = accept4(listener, &peer.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            connection_add(tcp, fd, &peer, now_ms);
        } else if (errno == EMFILE || errno == ENFILE) {
            accept_with_spare(tcp, listener, now_ms);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* Serving. */

/* Returns false when the connection is to be closed. */
static bool flush(struct connection *connection)
{
    while (connection->out_at < connection->out_len) {
        ssize_t r = send(connection->fd, connection->buffers->out + connection->out_at,
                         connection->out_len - connection->out_at, MSG_NOSIGNAL);

        if (r < 0)
            return errno == EAGAIN || errno == EINTR;
        connection->out_at += (size_t)r;
    }
    connection->out_at = connection->out_len = 0;
    return true;
}

static size_t message_len(const struct connection *connection)
{
    return (size_t)connection->buffers->in[0] << 8 | connection->buffers->in[1];
}

/* Answers the first message that came in, which is whole. False: it is none, close. */
static bool answer(struct tcp *tcp, struct connection *connection,
                   const struct authority *authority)
{
    size_t query_len = message_len(connection);
    struct answer_note note;
    size_t len =
        answer_make(authority, tcp->random, ANSWER_TCP, connection->buffers->in + LENGTH_SIZE,
                    query_len, connection->buffers->out + LENGTH_SIZE, &note);

    counters_add(tcp->counters, DNS_TCP_QUERIES, 1);
    if (!len) {
        counters_add(tcp->counters, DNS_DROPPED, 1);
        return false;
    }
    counters_add_answer(tcp->counters, &note);
    connection->buffers->out[0] = (uint8_t)(len >> 8);
    connection->buffers->out[1] = (uint8_t)len;
    connection->out_len = LENGTH_SIZE + len;
    connection->in_len -= LENGTH_SIZE + query_len;
    memmove(connection->buffers->in, connection->buffers->in + LENGTH_SIZE + query_len,
            connection->in_len);
    return true;
}

static bool has_message(const struct connection *connection)
{
    return connection->in_len >= LENGTH_SIZE &&
           connection->in_len >= LENGTH_SIZE + message_len(connection);
}

/* Answers whole messages until there is none, or its answer does not go out. */
static bool answer_all(struct tcp *tcp, struct connection *connection,
                       const struct authority *authority, uint64_t now_ms)
{
    while (!connection->out_len && has_message(connection)) {
        if (!answer(tcp, connection, authority) || !flush(connection))
            return false;
        connection->active_ms = now_ms;
    }
    return connection->in_len < LENGTH_SIZE || message_len(connection) <= QUERY_SIZE_MAX;
}

/* Reads once: who sends much gets its turn again, after the others. */
static bool receive(struct connection *connection)
{
    ssize_t r = recv(connection->fd, connection->buffers->in + connection->in_len,
                     sizeof(connection->buffers->in) - connection->in_len, 0);

    if (r < 0)
        return errno == EAGAIN || errno == EINTR;
    connection->in_len += (size_t)r;
    return r > 0;
}

static bool serve(struct tcp *tcp, struct connection *connection,
                  const struct authority *authority, uint64_t now_ms)
{
    if (!(connection->is_writing ? flush(connection) : receive(connection)))
        return false;
    if (!answer_all(tcp, connection, authority, now_ms))
        return false;
    if (connection->is_writing == (connection->out_len > 0))
        return true;
    connection->is_writing = connection->out_len > 0;
    return watch(tcp, EPOLL_CTL_MOD, connection);
}

void tcp_serve(struct tcp *tcp, uint64_t number, const struct authority *authority,
               uint64_t now_ms)
{
    struct connection *connection = &tcp->connections[number];

    assert(number < tcp->connection_max);

    /* Closed, perhaps reopened, earlier in this round: then there is nothing to read, no harm.
     */
    if (connection->fd >= 0 && !serve(tcp, connection, authority, now_ms))
        connection_close(tcp, connection);
}

void tcp_expire(struct tcp *tcp, uint64_t now_ms)
{
    if (!tcp->open_count || now_ms - tcp->expired_ms < EXPIRE_MS)
        return;
    tcp->expired_ms = now_ms;
    for (size_t i = 0; i < tcp->connection_max; i++) {
        struct connection *connection = &tcp->connections[i];

        if (connection->fd < 0 || now_ms - connection->active_ms < TCP_IDLE_MS)
            continue;
        connection_close(tcp, connection);
        counters_add(tcp->counters, DNS_TCP_TIMED_OUT, 1);
    }
}

int tcp_timeout_ms(const struct tcp *tcp)
{
    return tcp->open_count ? EXPIRE_MS : -1;
}
