/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ledger.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void ledger_init(struct ledger *ledger, const struct app *app, const struct planner_room *rooms,
                 unsigned cluster_count)
{
    *ledger = (struct ledger){
        .cluster_count = cluster_count,
        .entries = mem_array(cluster_count + 1, sizeof(*ledger->entries)),
        .rooms = rooms,
        .ports = ports_new(app, rooms, cluster_count),
    };
    for (unsigned c = 0; c < cluster_count; c++)
        ledger->entries[c] = (struct entry){
            .usable = rooms[c].usable,
            .cpus_nano = rooms[c].cpus_nano,
            .memory_bytes = rooms[c].memory_bytes,
        };
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->entries);
    ledger->ports = ports_free(ledger->ports);
    *ledger = (struct ledger){0};
}

struct demand demand_of(const struct ledger *ledger, const struct app *app, size_t service)
{
    return (struct demand){
        .service = service,
        .cpus_nano = service_cpus_nano(&app->services[service]),
        .memory_bytes = service_memory_bytes(&app->services[service]),
        .has_ports = ports_any(ledger->ports, service),
    };
}

/* How often `one` fits `room`, at most `max`. Multiplies first: dividing costs ten times more.
 */
static unsigned fits(uint64_t room, uint64_t one, unsigned max)
{
    uint64_t all;

    if (room == UINT64_MAX || (!__builtin_mul_overflow(one, max, &all) && all <= room))
        return max;
    return (unsigned)(room / one); /* less than max, or the product had fitted */
}

unsigned ledger_cap(const struct ledger *ledger, const struct demand *demand, unsigned cluster,
                    unsigned max)
{
    const struct entry *entry = &ledger->entries[cluster];

    if (!entry->usable)
        return 0;
    max = fits(entry->cpus_nano, demand->cpus_nano, max);
    max = fits(entry->memory_bytes, demand->memory_bytes, max);
    return demand->has_ports ? ports_cap(ledger->ports, demand->service, cluster, max) : max;
}

/* What `max` replicas take together, where they do not take more than there can be. */
static bool sum_of(uint64_t one, unsigned max, uint64_t *all)
{
    return !__builtin_mul_overflow(one, max, all);
}

bool ledger_caps(const struct ledger *ledger, const struct demand *demand, unsigned max,
                 unsigned *caps)
{
    uint64_t cpus = 0, memory = 0;
    bool may_fit = !demand->has_ports && sum_of(demand->cpus_nano, max, &cpus) &&
                   sum_of(demand->memory_bytes, max, &memory);
    bool is_free = true;

    for (unsigned c = 0; c < ledger->cluster_count; c++) {
        const struct entry *entry = &ledger->entries[c];

        /* Mostly all of it fits: one comparison each, and no multiplication. */
        if (may_fit && entry->usable && cpus <= entry->cpus_nano &&
            memory <= entry->memory_bytes) {
            caps[c] = max;
            continue;
        }
        caps[c] = ledger_cap(ledger, demand, c, max);
        is_free &= caps[c] == max || !entry->usable;
    }
    return is_free;
}

static double share_of(uint64_t room, uint64_t left)
{
    return room == UINT64_MAX || room == 0 ? 0.0 : (double)(room - left) / (double)room;
}

static void set_share(struct entry *entry, const struct planner_room *room)
{
    double cpus = share_of(room->cpus_nano, entry->cpus_nano);
    double memory = share_of(room->memory_bytes, entry->memory_bytes);

    entry->share = cpus > memory ? cpus : memory;
}

void ledger_take(struct ledger *ledger, const struct demand *demand, unsigned cluster,
                 unsigned replicas)
{
    struct entry *entry = &ledger->entries[cluster];
    uint64_t cpus = demand->cpus_nano * replicas;
    uint64_t memory = demand->memory_bytes * replicas;

    assert(entry->usable);
    assert(cpus <= entry->cpus_nano);
    assert(memory <= entry->memory_bytes);
    if (entry->cpus_nano != UINT64_MAX)
        entry->cpus_nano -= cpus;
    if (entry->memory_bytes != UINT64_MAX)
        entry->memory_bytes -= memory;
    entry->replicas += replicas;
    set_share(entry, &ledger->rooms[cluster]);
    if (demand->has_ports)
        ports_add(ledger->ports, demand->service, cluster, (int)replicas);
}

void ledger_give(struct ledger *ledger, const struct demand *demand, unsigned cluster,
                 unsigned replicas)
{
    struct entry *entry = &ledger->entries[cluster];

    assert(entry->replicas >= replicas);
    if (entry->cpus_nano != UINT64_MAX)
        entry->cpus_nano += demand->cpus_nano * replicas;
    if (entry->memory_bytes != UINT64_MAX)
        entry->memory_bytes += demand->memory_bytes * replicas;
    entry->replicas -= replicas;
    set_share(entry, &ledger->rooms[cluster]);
    if (demand->has_ports)
        ports_add(ledger->ports, demand->service, cluster, -(int)replicas);
}
