/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shop of the examples: a static program that answers HTTP, and needs nothing but a kernel.
 *
 *     shop web       answers every GET on port 8080
 *     shop orders    GET tells how many orders there are, POST adds one to /data/orders
 *     shop check     asks the one on port 8080 here; 0 when it answers: a health check
 *
 * One loop over all connections: a client that falls silent costs a slot for a while, and keeps
 * nobody waiting.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PORT        8080
#define CLIENTS_MAX 500
#define REQUEST_MAX 4096
#define IDLE_S      5 /* the longest that a client may take for its request */
#define ORDERS_FILE "/data/orders"
#define REPLY_FORMAT                                                                 \
    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: " \
    "close\r\n\r\n%s"

struct client {
    int fd;
    time_t since;
    size_t len;
    char request[REQUEST_MAX];
};

struct shop {
    bool keeps_orders;
    struct pollfd polled[1 + CLIENTS_MAX]; /* the first one listens */
    struct client clients[CLIENTS_MAX];
    size_t client_count;
};

static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

static time_t now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static struct sockaddr_in address_of(uint32_t host)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(host)};
}

/* Orders: one byte each. */

static bool order_add(void)
{
    int fd = open(ORDERS_FILE, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, "o", 1) == 1 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static long long order_count(void)
{
    struct stat file;

    return stat(ORDERS_FILE, &file) == 0 ? (long long)file.st_size : 0;
}

/* Requests and replies. */

static void reply(struct client *client, const char *status, const char *body)
{
    char text[512];
    int len = snprintf(text, sizeof(text), REPLY_FORMAT, status, strlen(body), body);

    /* A fresh connection has room for so little: it is sent at once or the client has gone. */
    (void)send(client->fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void answer(const struct shop *shop, struct client *client)
{
    bool is_get = strncmp(client->request, "GET /", 5) == 0;
    bool is_order = shop->keeps_orders && strncmp(client->request, "POST /", 6) == 0;
    char body[128];

    if (!is_get && !is_order) {
        reply(client, "405 Method Not Allowed", "GET is what is sold here\n");
        return;
    }
    if (is_order && !order_add()) {
        reply(client, "507 Insufficient Storage", "the order could not be kept\n");
        return;
    }
    if (shop->keeps_orders)
        (void)snprintf(body, sizeof(body), "%lld orders\n", order_count());
    else
        (void)snprintf(body, sizeof(body), "the shop is open\n");
    reply(client, "200 OK", body);
}

/* Takes what there is. Returns false when the connection has done its duty. */
static bool read_request(const struct shop *shop, struct client *client)
{
    size_t room = REQUEST_MAX - 1 - client->len;
    ssize_t got = recv(client->fd, client->request + client->len, room, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    client->len += (size_t)got;
    client->request[client->len] = '\0';
    if (strstr(client->request, "\r\n\r\n")) {
        answer(shop, client);
        return false;
    }
    return client->len < REQUEST_MAX - 1;
}

/* Connections. */

static void client_remove(struct shop *shop, size_t i)
{
    (void)close(shop->clients[i].fd);
    shop->client_count--;
    if (i != shop->client_count)
        shop->clients[i] = shop->clients[shop->client_count];
}

static void accept_all(struct shop *shop, int listener)
{
    int fd;

    while (shop->client_count < CLIENTS_MAX &&
           (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *client = &shop->clients[shop->client_count++];

        client->fd = fd;
        client->since = now_s();
        client->len = 0;
    }
}

/* Backwards, because a removed client's place is taken by the last one. */
static void serve_all(struct shop *shop)
{
    time_t now = now_s();

    for (size_t i = shop->client_count; i-- > 0;) {
        struct client *client = &shop->clients[i];
        bool is_ready = shop->polled[1 + i].revents != 0;

        if ((is_ready && !read_request(shop, client)) || now - client->since > IDLE_S)
            client_remove(shop, i);
    }
}

static int run(struct shop *shop, int listener)
{
    sigset_t none;

    (void)sigemptyset(&none);
    while (!is_ending) {
        bool has_room = shop->client_count < CLIENTS_MAX;
        struct timespec second = {.tv_sec = 1}; /* to look for clients that fell silent */

        shop->polled[0] = (struct pollfd){.fd = has_room ? listener : -1, .events = POLLIN};
        for (size_t i = 0; i < shop->client_count; i++)
            shop->polled[1 + i] = (struct pollfd){.fd = shop->clients[i].fd, .events = POLLIN};
        /* Signals come in here only, so that none is missed on the way. */
        if (ppoll(shop->polled, 1 + shop->client_count, shop->client_count ? &second : NULL,
                  &none) < 0)
            continue;
        serve_all(shop);
        accept_all(shop, listener);
    }
    return 0;
}

static int listen_here(void)
{
    struct sockaddr_in any = address_of(INADDR_ANY);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 128) < 0)
        return -1;
    return fd;
}

static int check(void)
{
    struct sockaddr_in here = address_of(INADDR_LOOPBACK);
    struct timeval second = {.tv_sec = 1};
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char status[16] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) == 0 &&
        connect(fd, (const struct sockaddr *)&here, sizeof(here)) == 0 &&
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1 &&
        recv(fd, status, sizeof(status) - 1, 0) > 0 && strncmp(status, "HTTP/1.1 200", 12) == 0;

    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct shop shop;
    const char *role = argc == 2 ? argv[1] : "";
    /* Process 1 of a container gets no signal that it does not ask for. */
    struct sigaction ending = {.sa_handler = on_signal};
    sigset_t endings;

    if (strcmp(role, "check") == 0)
        return check();
    shop.keeps_orders = strcmp(role, "orders") == 0;
    if (!shop.keeps_orders && strcmp(role, "web") != 0) {
        (void)fprintf(stderr, "usage: shop web|orders|check\n");
        return 2;
    }
    (void)sigemptyset(&endings);
    (void)sigaddset(&endings, SIGTERM);
    (void)sigaddset(&endings, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &endings, NULL);
    (void)sigaction(SIGTERM, &ending, NULL);
    (void)sigaction(SIGINT, &ending, NULL);
    int listener = listen_here();
    if (listener < 0) {
        (void)fprintf(stderr, "shop: cannot listen on port %d\n", PORT);
        return 1;
    }
    (void)fprintf(stderr, "shop: %s on port %d\n", role, PORT);
    return run(&shop, listener);
}
