/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rooms.h"

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
                          const struct revision *revision)
{
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

struct planner_room *rooms_make(struct arena *arena, const struct rooms_input *input)
{
    const struct fleet *fleet = input->fleet;
    struct planner_room *rooms = arena_array(arena, fleet->cluster_count, sizeof(*rooms));

    for (size_t i = 0; i < fleet->cluster_count; i++) {
        const struct cluster *cluster = &fleet->clusters[i];
        const struct rooms_cluster *known = &input->clusters[i];
        uint64_t cpus = cluster->cpus_nano ? cluster->cpus_nano : known->cpus_nano;
        uint64_t memory = cluster->memory_bytes ? cluster->memory_bytes : known->memory_bytes;

        rooms[i].usable =
            !cluster->drained && (known->is_ready || plan_uses(input->current, cluster->name));
        rooms[i].cpus_nano = cpus ? cpus : UINT64_MAX;
        rooms[i].memory_bytes = memory ? memory : UINT64_MAX;
        take_ports(&rooms[i], arena, known->seen, input->app);
    }
    for (size_t i = 0; i < input->other_count; i++)
        take_reserved(rooms, fleet, input->others[i]);
    return rooms;
}
