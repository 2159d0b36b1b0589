/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include "base/number.h"
#include "model/app.h"
#include "model/dns_name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* 1 to `len_max` bytes of `allowed`, the first of them not one of `not_first`. */
static bool is_made_of(const char *text, const char *allowed, const char *not_first,
                       size_t len_max)
{
    size_t len = strlen(text);

    return len && len <= len_max && strspn(text, allowed) == len && !strchr(not_first, *text);
}

bool name_is_app(const char *name)
{
    return is_made_of(name, LOWER DIGITS "_-", "_-", APP_NAME_MAX);
}

bool name_is_key(const char *name)
{
    return is_made_of(name, LOWER UPPER DIGITS "._-", "", DNS_NAME_TEXT_MAX);
}

bool name_is_cluster(const char *name)
{
    return is_made_of(name, LOWER DIGITS "-", "-", DNS_LABEL_MAX);
}

bool name_is_object(const char *name)
{
    return is_made_of(name, LOWER UPPER DIGITS "._-", "._-", DNS_NAME_TEXT_MAX);
}

const char *name_hostname(struct arena *arena, const char *text)
{
    size_t len = strlen(text);

    if (len && text[len - 1] == '.')
        len--;
    if (!len || len > DNS_NAME_TEXT_MAX)
        return NULL;

    char *name = arena_strndup(arena, text, len);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (strchr(name, '_') || !dns_name_is_valid(name))
        return NULL;

    const char *dot = strrchr(name, '.');
    const char *last = dot ? dot + 1 : name;
    return last[strspn(last, DIGITS)] ? name : NULL;
}

bool name_address(const char *text, char out[ADDRESS_SIZE])
{
    struct in6_addr in6;
    struct in_addr in4;

    if (inet_pton(AF_INET, text, &in4) == 1)
        return inet_ntop(AF_INET, &in4, out, ADDRESS_SIZE) != NULL;
    if (inet_pton(AF_INET6, text, &in6) == 1)
        return inet_ntop(AF_INET6, &in6, out, ADDRESS_SIZE) != NULL;
    return false;
}

bool name_split_host_port(const char *text, char *host, size_t size, unsigned *port)
{
    const char *colon = strrchr(text, ':');
    bool bracketed = *text == '[';
    uint64_t number = 0;

    if (!colon || number_read(colon + 1, strlen(colon + 1), 1, UINT16_MAX, &number) < 0)
        return false;

    const char *start = text + bracketed;
    const char *end = colon - bracketed;
    if (end <= start || (size_t)(end - start) >= size || (bracketed && *end != ']'))
        return false;
    /* An IPv6 address without brackets would lose its last group to the port. */
    if (!bracketed && memchr(start, ':', (size_t)(end - start)))
        return false;
    (void)snprintf(host, size, "%.*s", (int)(end - start), start);
    *port = (unsigned)number;
    return true;
}

/* [a-zA-Z0-9.-] only: what a resolver may be asked for. */
static bool is_host(const char *host, bool bracketed)
{
    char address[ADDRESS_SIZE];

    if (bracketed)
        return strchr(host, ':') && name_address(host, address);
    return is_made_of(host, LOWER UPPER DIGITS ".-_", ".-", DNS_NAME_TEXT_MAX);
}

/* Absolute paths with colons between them, and a context that need not be there. */
static bool is_kubeconfig(const char *text)
{
    const char *context = strchr(text, '#');

    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    for (size_t at = 0, end;; at = end + 1) {
        end = at + strcspn(text + at, ":#");
        if (text[at] != '/' || end - at < 2 || end - at > 4095)
            return false;
        if (text[end] != ':')
            return !context || context[1];
    }
}

bool name_is_endpoint(const char *text)
{
    static const char kubeconfig_scheme[] = "kubeconfig://";
    static const char unix_scheme[] = "unix://";
    static const char tcp_scheme[] = "tcp://";
    char host[DNS_NAME_TEXT_MAX + 1];
    unsigned port = 0;

    /* sun_path has 108 bytes (unix(7)), one of them for the NUL. */
    if (strncmp(text, unix_scheme, strlen(unix_scheme)) == 0) {
        const char *path = text + strlen(unix_scheme);

        return *path == '/' && strlen(path) > 1 && strlen(path) < 108;
    }
    if (strncmp(text, kubeconfig_scheme, strlen(kubeconfig_scheme)) == 0)
        return is_kubeconfig(text + strlen(kubeconfig_scheme));
    if (strncmp(text, tcp_scheme, strlen(tcp_scheme)) != 0)
        return strcmp(text, "in-cluster://") == 0;
    text += strlen(tcp_scheme);
    return name_split_host_port(text, host, sizeof(host), &port) && is_host(host, *text == '[');
}

bool name_is_listen_address(const char *text)
{
    char address[ADDRESS_SIZE];
    char host[ADDRESS_SIZE];
    unsigned port = 0;

    return name_split_host_port(text, host, sizeof(host), &port) &&
           name_address(host, address) && (strchr(host, ':') != NULL) == (*text == '[');
}
