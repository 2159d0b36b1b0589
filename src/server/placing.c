/* SPDX-License-Identifier: Apache-2.0 */
#include "server/placing.h"

#include "model/app_json.h"

#include <string.h>

/* Whether the plan has anything in the cluster. */
static bool plan_uses(const struct plan *plan, const char *cluster)
{
    for (size_t s = 0; plan && s < plan->service_count; s++)
        if (plan_replicas(plan, plan->services[s].name, cluster))
            return true;
    return false;
}

static uint64_t minus(uint64_t room, uint64_t taken)
{
    if (room == UINT64_MAX)
        return room;
    return room > taken ? room - taken : 0;
}

/* Takes what another app's plan reserves in the clusters. */
static void take_reserved(struct planner_room *rooms, const struct fleet *fleet,
                          const struct app_record *record)
{
    const struct revision *revision = record->revision;

    for (size_t s = 0; s < revision->plan->service_count; s++) {
        const struct plan_service *planned = &revision->plan->services[s];
        const struct service *service = app_find_service(revision->app, planned->name);

        for (size_t p = 0; service && p < planned->placement_count; p++) {
            const struct placement *placement = &planned->placements[p];
            const struct cluster *cluster = fleet_find_cluster(fleet, placement->cluster);

            if (!cluster)
                continue;
            struct planner_room *room = &rooms[cluster - fleet->clusters];
            room->cpus_nano =
                minus(room->cpus_nano, service_cpus_nano(service) * placement->replicas);
            room->memory_bytes =
                minus(room->memory_bytes, service_memory_bytes(service) * placement->replicas);
        }
    }
}

/* The host ports that other apps hold in the cluster. */
static void take_ports(struct planner_room *room, struct arena *arena,
                       const struct observation *seen, const char *app)
{
    struct planner_port *ports = NULL;
    size_t capacity = 0;

    for (size_t i = 0; seen && i < seen->replica_count; i++) {
        const struct observed_replica *replica = &seen->replicas[i];

        for (size_t p = 0; p < replica->port_count && strcmp(replica->app, app) != 0; p++) {
            if (!replica->ports[p].published)
                continue;
            ports = arena_grow(arena, ports, room->port_count, &capacity, sizeof(*ports));
            ports[room->port_count++] = (struct planner_port){
                .port = replica->ports[p].published, .protocol = replica->ports[p].protocol};
        }
    }
    room->ports = ports;
}

static struct planner_room *make_rooms(struct arena *arena, const struct server_parts *parts,
                                       const struct app *app, const struct plan *current)
{
    const struct fleet *fleet = parts->records->fleet;
    struct planner_room *rooms = arena_array(arena, fleet->cluster_count, sizeof(*rooms));
    size_t count;
    struct app_record **records = records_sorted(parts->records, arena, &count);

    for (size_t i = 0; i < fleet->cluster_count; i++) {
        const struct cluster *cluster = &fleet->clusters[i];
        const struct link *link = reconciler_find_link(parts->reconciler, cluster->name);
        uint64_t cpus = cluster->cpus_nano ? cluster->cpus_nano : link_info(link)->cpus_nano;
        uint64_t memory =
            cluster->memory_bytes ? cluster->memory_bytes : link_info(link)->memory_bytes;

        rooms[i].usable =
            !cluster->drained && (link_is_ready(link) || plan_uses(current, cluster->name));
        rooms[i].cpus_nano = cpus ? cpus : UINT64_MAX;
        rooms[i].memory_bytes = memory ? memory : UINT64_MAX;
        rooms[i].shares_ports = link_keeps_services(link);
        if (!rooms[i].shares_ports)
            take_ports(&rooms[i], arena, link_observation(link), app->name);
    }
    for (size_t i = 0; i < count; i++)
        if (!records[i]->removing && strcmp(records[i]->name, app->name) != 0)
            take_reserved(rooms, fleet, records[i]);
    return rooms;
}

int placing_plan(struct plan **out, const struct server_parts *parts, const struct app *app,
                 const struct plan *current, struct err *err)
{
    struct arena *arena = arena_new();
    struct planner_input input = {
        .app = app,
        .fleet = parts->records->fleet,
        .rooms = make_rooms(arena, parts, app, current),
        .current = current,
    };
    int r = planner_make(out, &input, err);

    (void)arena_free(arena);
    return r;
}

struct diff *placing_diff(const struct plan *plan, const struct app *app,
                          const struct app_record *record)
{
    struct strings redefined = {0};

    if (!record || record->removing)
        return diff_make(plan, NULL, NULL);

    const struct revision *before = record->revision;
    struct arena *arena = arena_new();
    redefined.items = arena_array(arena, app->service_count, sizeof(*redefined.items));
    for (size_t i = 0; i < app->service_count; i++) {
        const struct service *old = app_find_service(before->app, app->services[i].name);
        char digest[SERVICE_DIGEST_SIZE];

        service_digest(app, &app->services[i], digest);
        if (old && strcmp(digest, before->digests[old - before->app->services]) != 0)
            redefined.items[redefined.count++] = app->services[i].name;
    }
    struct diff *diff = diff_make(plan, before->plan, &redefined);
    (void)arena_free(arena);
    return diff;
}
