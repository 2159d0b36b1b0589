/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/listen.h"

#include "base/scope.h"
#include "model/name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* Bursts wait here while a worker is busy; the kernel may give less (net.core.rmem_max). */
#define RECEIVE_BUFFER_SIZE (1 << 20)

/* Connections that wait to be accepted. */
#define BACKLOG 256

int listen_parse(struct listen_address *out, const char *text, struct err *err)
{
    char host[ADDRESS_SIZE];
    unsigned port;

    *out = (struct listen_address){.text = text};
    if (!name_split_host_port(text, host, sizeof(host), &port))
        return err_set(err, -EINVAL,
                       "listen on '%s': expected \"IPv4:PORT\" or \"[IPv6]:PORT\"", text);
    if (inet_pton(AF_INET, host, &out->address.v4.sin_addr) == 1) {
        out->address.v4.sin_family = AF_INET;
        out->address.v4.sin_port = htons((uint16_t)port);
        out->len = sizeof(out->address.v4);
        out->is_wildcard = out->address.v4.sin_addr.s_addr == htonl(INADDR_ANY);
        return 0;
    }
    if (inet_pton(AF_INET6, host, &out->address.v6.sin6_addr) == 1) {
        out->address.v6.sin6_family = AF_INET6;
        out->address.v6.sin6_port = htons((uint16_t)port);
        out->len = sizeof(out->address.v6);
        out->is_wildcard = IN6_IS_ADDR_UNSPECIFIED(&out->address.v6.sin6_addr);
        return 0;
    }
    return err_set(err, -EINVAL, "listen on '%s': '%s' is not an IP address", text, host);
}

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool is_ipv6(const struct listen_address *address)
{
    return address->address.any.sa_family == AF_INET6;
}

/* An IPv6 socket takes IPv6 only: who wants both says both. */
static int socket_new(const struct listen_address *address, int type)
{
    int fd = socket(address->address.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && is_ipv6(address))
        (void)set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1); /* bind says what is wrong */
    return fd;
}

static int check_free(const struct listen_address *address, int type, const char *protocol,
                      struct err *err)
{
    SCOPED(scope_close) int fd = socket_new(address, type);

    /* Connections of a nameserver that ended do not count as somebody. */
    if (fd < 0 || (type == SOCK_STREAM && !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) ||
        bind(fd, &address->address.any, address->len) < 0)
        return err_sys(err, "listen on '%s' by %s", address->text, protocol);
    return 0;
}

int listen_check_free(const struct listen_address *address, struct err *err)
{
    int r = check_free(address, SOCK_DGRAM, "UDP", err);

    return r < 0 ? r : check_free(address, SOCK_STREAM, "TCP", err);
}

/*
 * Answers are made to fit every path, so nobody needs to tell us of smaller ones, and who
 * forges such news must not make us send fragments (RFC 9715 section 3.1).
 */
static bool ignore_path_mtu(int fd, const struct listen_address *address)
{
    return is_ipv6(address)
               ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
               : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

static bool ask_for_destination(int fd, const struct listen_address *address)
{
    if (!address->is_wildcard)
        return true;
    return is_ipv6(address) ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                            : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int listen_udp(const struct listen_address *address, struct err *err)
{
    SCOPED(scope_close) int fd = socket_new(address, SOCK_DGRAM);

    if (fd < 0 || !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) ||
        !ignore_path_mtu(fd, address) || !ask_for_destination(fd, address) ||
        bind(fd, &address->address.any, address->len) < 0)
        return err_sys(err, "listen on '%s' by UDP", address->text);
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_SIZE); /* less works, too */
    return take_fd(&fd);
}

int listen_tcp(const struct listen_address *address, struct err *err)
{
    SCOPED(scope_close) int fd = socket_new(address, SOCK_STREAM);

    if (fd < 0 || !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
        !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) ||
        !set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) ||
        bind(fd, &address->address.any, address->len) < 0 || listen(fd, BACKLOG) < 0)
        return err_sys(err, "listen on '%s' by TCP", address->text);
    return take_fd(&fd);
}

static bool is_loopback(const struct listen_address *address)
{
    return is_ipv6(address) ? IN6_IS_ADDR_LOOPBACK(&address->address.v6.sin6_addr)
                            : ntohl(address->address.v4.sin_addr.s_addr) >> 24 == 127;
}

static bool is_told(const struct listen_address *address)
{
    return !address->is_wildcard &&
           !(is_ipv6(address) && IN6_IS_ADDR_LINKLOCAL(&address->address.v6.sin6_addr));
}

/* Once, also when it has several ports. Returns how many there are now. */
static size_t add_address(struct authority_address *told, size_t count,
                          const struct listen_address *address)
{
    struct authority_address *added = &told[count];

    *added = (struct authority_address){.is_ipv6 = is_ipv6(address)};
    if (added->is_ipv6)
        memcpy(added->ip, &address->address.v6.sin6_addr, 16);
    else
        memcpy(added->ip, &address->address.v4.sin_addr, 4);
    for (size_t i = 0; i < count; i++)
        if (told[i].is_ipv6 == added->is_ipv6 && memcmp(told[i].ip, added->ip, 16) == 0)
            return count;
    return count + 1;
}

size_t listen_public(const struct listen_address *addresses, size_t count,
                     struct authority_address *out)
{
    bool has_others = false;
    size_t told = 0;

    for (size_t i = 0; i < count; i++)
        has_others |= !is_loopback(&addresses[i]);
    for (size_t i = 0; i < count; i++)
        if (is_told(&addresses[i]) && !(has_others && is_loopback(&addresses[i])))
            told = add_address(out, told, &addresses[i]);
    return told;
}
