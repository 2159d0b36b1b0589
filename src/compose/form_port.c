/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"
#include "compose/forms.h"
#include "model/name.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX 65535

struct range {
    unsigned first, last;
};

/* "[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]", taken apart. */
struct port_text {
    const char *host_ip, *published, *target, *protocol; /* "" where there is none */
};

static bool read_range(const char *text, struct range *out)
{
    const char *dash = strchr(text, '-');
    size_t len = dash ? (size_t)(dash - text) : strlen(text);
    uint64_t first, last;

    if (number_read(text, len, 0, UINT16_MAX, &first) < 0)
        return false;
    last = first;
    if (dash && number_read(dash + 1, strlen(dash + 1), 0, UINT16_MAX, &last) < 0)
        return false;
    *out = (struct range){(unsigned)first, (unsigned)last};
    return first <= last;
}

static struct port_text take_apart(struct arena *arena, const char *text)
{
    struct port_text out = {"", "", "", "tcp"};
    char *copy = arena_strdup(arena, text);
    char *slash = strchr(copy, '/');

    if (slash) {
        *slash = '\0';
        out.protocol = slash + 1;
        for (char *c = slash + 1; *c; c++)
            *c = (char)tolower((unsigned char)*c);
    }
    char *colon = strrchr(copy, ':');
    out.target = colon ? colon + 1 : copy;
    if (!colon)
        return out;
    *colon = '\0';
    colon = strrchr(copy, ':');
    /* The brackets of an IPv6 address may be all that is in front. */
    if (colon && strchr(colon, ']'))
        return out;
    out.published = colon ? colon + 1 : copy;
    if (!colon)
        return out;
    *colon = '\0';
    out.host_ip = copy;
    size_t len = strlen(copy);
    if (len > 2 && copy[0] == '[' && copy[len - 1] == ']') {
        copy[len - 1] = '\0';
        out.host_ip = copy + 1;
    }
    return out;
}

static bool is_protocol(const char *text)
{
    return strcmp(text, "tcp") == 0 || strcmp(text, "udp") == 0 || strcmp(text, "sctp") == 0;
}

static struct node *one_port(struct shaping *s, const struct port_text *text, unsigned target,
                             const char *published, struct place place)
{
    struct node *map = node_new(s->arena, NODE_MAP, place);

    node_put_text(s->arena, map, "mode", "ingress");
    node_put_text(s->arena, map, "protocol", text->protocol);
    node_put(s->arena, map, "target", node_integer(s->arena, target, place));
    if (*published)
        node_put_text(s->arena, map, "published", published);
    if (*text->host_ip)
        node_put_text(s->arena, map, "host_ip", text->host_ip);
    return map;
}

/* The order of Compose, which is that of the targets as text: "10" comes before "9". */
static int compare_target(const void *left, const void *right)
{
    const struct node_item *a = left;
    const struct node_item *b = right;

    return strcmp(node_find(a->value, "target")->text, node_find(b->value, "target")->text);
}

static void add_range(struct shaping *s, struct node *list, const struct port_text *text,
                      struct range target, struct range published, struct place place)
{
    size_t first = list->count;

    for (unsigned port = target.first; port <= target.last; port++) {
        const char *host = "";

        if (*text->published && target.first == target.last &&
            published.first != published.last)
            host = text->published;
        else if (*text->published)
            host = arena_printf(s->arena, "%u", published.first + (port - target.first));
        node_append(s->arena, list, one_port(s, text, port, host, place));
    }
    qsort(list->items + first, list->count - first, sizeof(*list->items), compare_target);
}

/* Adds what the text stands for to `list`. False after a complaint. */
static bool add_text(struct shaping *s, struct node *list, const struct node *item,
                     const char *name)
{
    const char *written = node_as_text(s->arena, item);
    struct port_text text = take_apart(s->arena, written ? written : "");
    struct range target = {0, 0}, published = {0, 0};
    char address[ADDRESS_SIZE];
    const char *wrong = NULL;

    if (!*text.target)
        wrong = "[[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL], whose target is missing";
    else if (*text.host_ip && !name_address(text.host_ip, address))
        wrong = "an IPv4 or IPv6 address in front of the ports";
    else if (!read_range(text.target, &target))
        wrong = "a port from 0 to 65535, or a range such as 8000-8010, as target";
    else if (*text.published && !read_range(text.published, &published))
        wrong = "a port from 0 to 65535, or a range such as 8000-8010, as published";
    else if (*text.published && target.first != target.last &&
             target.last - target.first != published.last - published.first)
        wrong = "two ranges of the same length";
    else if (!is_protocol(text.protocol))
        wrong = "tcp, udp or sctp as protocol";
    if (wrong) {
        (void)shape_complain(s, item, name, wrong);
        return false;
    }
    add_range(s, list, &text, target, published, item->place);
    return true;
}

/* What the long form leaves out. */
static void put_defaults(struct shaping *s, struct node *map)
{
    if (!node_find(map, "mode"))
        node_put_text(s->arena, map, "mode", "ingress");
    if (!node_find(map, "protocol"))
        node_put_text(s->arena, map, "protocol", "tcp");
}

struct node *form_ports(struct shaping *s, struct node *node, const char *name)
{
    struct node *list = node_new(s->arena, NODE_LIST, node->place);
    bool ok = true;

    if (node->kind != NODE_LIST)
        return node;
    for (size_t i = 0; i < node->count && list->count <= PORTS_MAX; i++) {
        struct node *item = node->items[i].value;

        if (item->kind == NODE_MAP) {
            put_defaults(s, item);
            node_append(s->arena, list, item);
        } else if (item->kind == NODE_LIST || item->kind == NODE_NULL) {
            (void)shape_complain(s, item, name, "a port");
            ok = false;
        } else if (!add_text(s, list, item, name)) {
            ok = false;
        }
    }
    if (list->count > PORTS_MAX) {
        (void)problems_add(s->problems, node->place, "%s: expected at most %d ports", name,
                           PORTS_MAX);
        return NULL;
    }
    return ok ? list : NULL;
}

static const char *text_of(struct shaping *s, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);
    const char *text = node ? node_as_text(s->arena, node) : NULL;

    return text ? text : "";
}

const char *form_port_identity(struct shaping *s, const struct node *item)
{
    return arena_printf(s->arena, "%s:%s:%s/%s", text_of(s, item, "host_ip"),
                        text_of(s, item, "published"), text_of(s, item, "target"),
                        text_of(s, item, "protocol"));
}
