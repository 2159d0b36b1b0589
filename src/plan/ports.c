/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ports.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING UINT32_MAX

/* One published range of one service. */
struct claim {
    const char *host_ip; /* NULL: all addresses */
    uint32_t service, group;
    uint32_t range; /* the same for equal address, protocol and ports */
    enum port_protocol protocol;
    uint16_t first, last;
};

/* Replicas with one range in one cluster; the holders of a group in a cluster are a list. */
struct holder {
    uint32_t claim; /* any one with the range */
    uint32_t replicas, next;
};

/* A range as it takes part in one question. */
struct want {
    const struct claim *claim;
    uint32_t held; /* replicas that are there */
    uint32_t own;  /* ports that each further replica takes */
};

/* A place in the hash table: the list of one group in one cluster. */
struct slot {
    uint64_t key; /* group * cluster_count + cluster, plus 1; 0: free */
    uint32_t head;
};

/* Ports that others hold in a cluster, sorted. */
struct held {
    uint16_t *ports[2]; /* indexed by enum port_protocol */
    size_t count[2];
    bool is_shared; /* the copies of a service share its ports */
};

struct ports {
    unsigned cluster_count;
    struct claim *claims; /* by service */
    size_t claim_count;
    uint32_t *claim_first; /* [service]: its first claim; one more at the end */
    uint32_t *group_size;  /* [group]: claims whose ranges touch each other */
    struct want *wants;    /* scratch of ports_cap */
    size_t want_count, want_capacity;
    struct held *held; /* [cluster] */
    struct holder *holders;
    size_t holder_count, holder_capacity;
    uint32_t holder_unused; /* list of holders to use again */
    struct slot *slots;
    size_t slot_count, slot_size; /* the size is 0 or a power of two */
};

static int compare_port(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void held_init(struct held *held, const struct planner_room *room)
{
    for (unsigned protocol = PORT_TCP; protocol <= PORT_UDP; protocol++)
        held->ports[protocol] =
            room->port_count ? mem_array(room->port_count, sizeof(uint16_t)) : NULL;
    held->is_shared = room->shares_ports;
    for (size_t i = 0; i < room->port_count; i++) {
        unsigned protocol = room->ports[i].protocol;

        held->ports[protocol][held->count[protocol]++] = room->ports[i].port;
    }
    for (unsigned protocol = PORT_TCP; protocol <= PORT_UDP; protocol++) {
        uint16_t *ports = held->ports[protocol];
        size_t unique = 0;

        if (held->count[protocol])
            qsort(ports, held->count[protocol], sizeof(*ports), compare_port);
        for (size_t i = 0; i < held->count[protocol]; i++)
            if (!i || ports[i] != ports[i - 1])
                ports[unique++] = ports[i];
        held->count[protocol] = unique;
    }
}

/* How many held ports are below `port`, which may be 65536. */
static size_t held_below(const struct held *held, enum port_protocol protocol, unsigned port)
{
    size_t low = 0;
    size_t high = held->count[protocol];

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (held->ports[protocol][middle] < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static unsigned free_between(const struct ports *ports, unsigned cluster,
                             enum port_protocol protocol, unsigned first, unsigned last)
{
    const struct held *held = &ports->held[cluster];
    size_t taken = held_below(held, protocol, last + 1) - held_below(held, protocol, first);

    return last - first + 1 - (unsigned)taken;
}

static int compare_ip(const char *a, const char *b)
{
    if (!a || !b)
        return !b - !a;
    return strcmp(a, b);
}

static int compare_claim(const void *a, const void *b)
{
    const struct claim *x = *(const struct claim *const *)a;
    const struct claim *y = *(const struct claim *const *)b;

    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->last != y->last)
        return x->last < y->last ? -1 : 1;
    return compare_ip(x->host_ip, y->host_ip);
}

/* Claims whose ranges touch, directly or through others, make a group. */
static void make_groups(struct ports *ports)
{
    struct claim **sorted = mem_array(ports->claim_count + 1, sizeof(struct claim *));
    uint32_t group = 0;
    uint32_t range = 0;
    unsigned reach = 0; /* the last port of the group so far */

    ports->group_size = mem_array(ports->claim_count + 1, sizeof(*ports->group_size));
    for (size_t i = 0; i < ports->claim_count; i++)
        sorted[i] = &ports->claims[i];
    qsort(sorted, ports->claim_count, sizeof(struct claim *), compare_claim);
    for (size_t i = 0; i < ports->claim_count; i++) {
        struct claim *claim = sorted[i];

        if (i && (claim->protocol != sorted[i - 1]->protocol || claim->first > reach)) {
            group++;
            reach = 0;
        }
        if (i && compare_claim(&sorted[i - 1], &sorted[i]) != 0)
            range++;
        claim->group = group;
        claim->range = range;
        ports->group_size[group]++;
        if (claim->last > reach)
            reach = claim->last;
    }
    free(sorted);
}

static void collect_claims(struct ports *ports, const struct app *app)
{
    size_t capacity = 0;

    ports->claim_first = mem_array(app->service_count + 1, sizeof(*ports->claim_first));
    for (size_t s = 0; s < app->service_count; s++) {
        ports->claim_first[s] = (uint32_t)ports->claim_count;
        for (size_t i = 0; i < app->services[s].port_count; i++) {
            const struct port *port = &app->services[s].ports[i];

            if (!port->published_first)
                continue;
            ports->claims =
                mem_grow(ports->claims, ports->claim_count, &capacity, sizeof(*ports->claims));
            ports->claims[ports->claim_count++] = (struct claim){
                .host_ip = port->host_ip,
                .service = (uint32_t)s,
                .protocol = port->protocol,
                .first = port->published_first,
                .last = port->published_last,
            };
        }
    }
    ports->claim_first[app->service_count] = (uint32_t)ports->claim_count;
}

struct ports *ports_new(const struct app *app, const struct planner_room *rooms,
                        unsigned cluster_count)
{
    struct ports *ports = mem_new(struct ports);

    ports->cluster_count = cluster_count;
    ports->holder_unused = NOTHING;
    collect_claims(ports, app);
    if (ports->claim_count)
        make_groups(ports);
    ports->held = mem_array(cluster_count + 1, sizeof(*ports->held));
    for (unsigned c = 0; c < cluster_count; c++)
        held_init(&ports->held[c], &rooms[c]);
    return ports;
}

struct ports *ports_free(struct ports *ports)
{
    if (!ports)
        return NULL;
    for (unsigned c = 0; c < ports->cluster_count; c++) {
        free(ports->held[c].ports[PORT_TCP]);
        free(ports->held[c].ports[PORT_UDP]);
    }
    free(ports->held);
    free(ports->claims);
    free(ports->claim_first);
    free(ports->group_size);
    free(ports->wants);
    free(ports->holders);
    free(ports->slots);
    free(ports);
    return NULL;
}

bool ports_any(const struct ports *ports, size_t service)
{
    return ports->claim_first[service] < ports->claim_first[service + 1];
}

/* The slot of the key, or the free slot where it belongs. */
static size_t slot_locate(const struct ports *ports, uint64_t key)
{
    size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (ports->slot_size - 1);

    while (ports->slots[i].key && ports->slots[i].key != key)
        i = (i + 1) & (ports->slot_size - 1);
    return i;
}

static uint64_t slot_key(const struct ports *ports, uint32_t group, unsigned cluster)
{
    return (uint64_t)group * ports->cluster_count + cluster + 1;
}

/* The first holder of the group in the cluster. */
static uint32_t list_find(const struct ports *ports, uint32_t group, unsigned cluster)
{
    if (!ports->slot_size)
        return NOTHING;

    const struct slot *slot =
        &ports->slots[slot_locate(ports, slot_key(ports, group, cluster))];
    return slot->key ? slot->head : NOTHING;
}

/* The head of the list, made when it is not there. Valid until the next call. */
static uint32_t *list_get(struct ports *ports, uint32_t group, unsigned cluster)
{
    if (ports->slot_count * 4 >= ports->slot_size * 3) {
        struct slot *old = ports->slots;
        size_t old_size = ports->slot_size;

        ports->slot_size = old_size ? old_size * 2 : 64;
        ports->slots = mem_array(ports->slot_size, sizeof(*ports->slots));
        for (size_t i = 0; i < old_size; i++)
            if (old[i].key)
                ports->slots[slot_locate(ports, old[i].key)] = old[i];
        free(old);
    }

    uint64_t key = slot_key(ports, group, cluster);
    struct slot *slot = &ports->slots[slot_locate(ports, key)];
    if (!slot->key) {
        *slot = (struct slot){key, NOTHING};
        ports->slot_count++;
    }
    return &slot->head;
}

/* Counts a claim into the question. Wants stay sorted by their first port, highest first. */
static void want_add(struct ports *ports, const struct claim *claim, uint32_t held,
                     uint32_t own)
{
    size_t i = 0;

    while (i < ports->want_count && ports->wants[i].claim->range != claim->range)
        i++;
    if (i == ports->want_count) {
        ports->wants = mem_grow(ports->wants, ports->want_count, &ports->want_capacity,
                                sizeof(*ports->wants));
        ports->want_count++;
        for (; i && ports->wants[i - 1].claim->first < claim->first; i--)
            ports->wants[i] = ports->wants[i - 1];
        ports->wants[i] = (struct want){.claim = claim};
    }
    ports->wants[i].held += held;
    ports->wants[i].own += own;
}

static void collect_wants(struct ports *ports, size_t service, uint32_t group, unsigned cluster)
{
    ports->want_count = 0;
    for (uint32_t i = ports->claim_first[service]; i < ports->claim_first[service + 1]; i++)
        if (ports->claims[i].group == group)
            want_add(ports, &ports->claims[i], 0, 1);
    for (uint32_t h = list_find(ports, group, cluster); h != NOTHING;
         h = ports->holders[h].next)
        want_add(ports, &ports->claims[ports->holders[h].claim], ports->holders[h].replicas, 0);
}

/* Whether the claim takes ports of this address; NULL: only claims on all addresses count. */
static bool is_at(const struct claim *claim, const char *ip)
{
    return !claim->host_ip || (ip && strcmp(claim->host_ip, ip) == 0);
}

/* Hall's condition for all windows of one address that end with `last`. */
static bool windows_hold(const struct ports *ports, unsigned cluster, const char *ip,
                         unsigned last, unsigned replicas)
{
    uint64_t wanted = 0;

    for (size_t i = 0; i < ports->want_count; i++) {
        const struct want *want = &ports->wants[i];

        if (!is_at(want->claim, ip) || want->claim->last > last)
            continue;
        wanted += want->held + (uint64_t)want->own * replicas;
        if (wanted >
            free_between(ports, cluster, want->claim->protocol, want->claim->first, last))
            return false;
    }
    return true;
}

/* A window begins and ends where a range does; an address matters if a range is on it. */
static bool wants_hold(const struct ports *ports, unsigned cluster, unsigned replicas)
{
    for (size_t i = 0; i < ports->want_count; i++) {
        const char *ip = ports->wants[i].claim->host_ip;

        if (i && compare_ip(ip, ports->wants[i - 1].claim->host_ip) == 0)
            continue;
        for (size_t j = 0; j < ports->want_count; j++)
            if (is_at(ports->wants[j].claim, ip) &&
                !windows_hold(ports, cluster, ip, ports->wants[j].claim->last, replicas))
                return false;
    }
    return true;
}

static unsigned cap_in_group(struct ports *ports, size_t service, uint32_t group,
                             unsigned cluster, unsigned max)
{
    unsigned low = 0;
    unsigned high = max;

    collect_wants(ports, service, group, cluster);
    while (low < high) {
        unsigned middle = low + (high - low + 1) / 2;

        if (wants_hold(ports, cluster, middle))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

unsigned ports_cap(struct ports *ports, size_t service, unsigned cluster, unsigned max)
{
    uint32_t begin = ports->claim_first[service];
    uint32_t end = ports->claim_first[service + 1];

    if (ports->held[cluster].is_shared)
        return max;
    for (uint32_t i = begin; i < end && max; i++) {
        const struct claim *claim = &ports->claims[i];
        unsigned room =
            free_between(ports, cluster, claim->protocol, claim->first, claim->last);

        if (room < max)
            max = room;
    }
    for (uint32_t i = begin; i < end && max; i++) {
        const struct claim *claim = &ports->claims[i];

        if (ports->group_size[claim->group] > 1)
            max = cap_in_group(ports, service, claim->group, cluster, max);
    }
    return max;
}

static void holder_add(struct ports *ports, uint32_t *head, uint32_t claim, uint32_t replicas)
{
    uint32_t h = ports->holder_unused;

    if (h == NOTHING) {
        ports->holders = mem_grow(ports->holders, ports->holder_count, &ports->holder_capacity,
                                  sizeof(*ports->holders));
        h = (uint32_t)ports->holder_count++;
    } else {
        ports->holder_unused = ports->holders[h].next;
    }
    ports->holders[h] = (struct holder){claim, replicas, *head};
    *head = h;
}

static void claim_add(struct ports *ports, uint32_t claim, unsigned cluster, int replicas)
{
    uint32_t range = ports->claims[claim].range;
    uint32_t *link = list_get(ports, ports->claims[claim].group, cluster);

    while (*link != NOTHING && ports->claims[ports->holders[*link].claim].range != range)
        link = &ports->holders[*link].next;
    if (*link == NOTHING) {
        assert(replicas >= 0);
        holder_add(ports, list_get(ports, ports->claims[claim].group, cluster), claim,
                   (uint32_t)replicas);
        return;
    }

    uint32_t h = *link;
    struct holder *holder = &ports->holders[h];
    assert(replicas >= 0 || holder->replicas >= (uint32_t)-replicas);
    holder->replicas += (uint32_t)replicas;
    if (holder->replicas)
        return;
    *link = holder->next;
    holder->next = ports->holder_unused;
    ports->holder_unused = h;
}

void ports_add(struct ports *ports, size_t service, unsigned cluster, int replicas)
{
    for (uint32_t i = ports->claim_first[service];
         replicas && i < ports->claim_first[service + 1]; i++)
        if (ports->group_size[ports->claims[i].group] > 1)
            claim_add(ports, i, cluster, replicas);
}
