/* SPDX-License-Identifier: Apache-2.0 */
#include "server/show.h"

#include "base/clock.h"
#include "control/view.h"
#include "model/fleet_json.h"
#include "model/plan_json.h"
#include "seawall_version.h"

#include <string.h>
#include <unistd.h>

static json_t *time_json(int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    return json_string(clock_text(wall_ms, text));
}

json_t *show_version(const struct server_parts *parts)
{
    return json_pack("{s:s, s:i, s:o}", "version", SEAWALL_VERSION, "pid", (int)getpid(),
                     "started", time_json(parts->started_ms));
}

/* The fleet. */

static json_t *strings_json(const struct strings *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strings->count; i++)
        (void)json_array_append_new(array, json_string(strings->items[i]));
    return array;
}

static json_t *cluster_json(const struct server_parts *parts, const struct cluster *cluster)
{
    const struct link *link = reconciler_find_link(parts->reconciler, cluster->name);
    const struct driver_info *info = link_info(link);
    const struct observation *seen = link_observation(link);
    uint64_t cpus = cluster->cpus_nano ? cluster->cpus_nano : info->cpus_nano;
    uint64_t memory = cluster->memory_bytes ? cluster->memory_bytes : info->memory_bytes;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:I, s:b, s:{s:f, s:I}}",
                  "name", cluster->name, "driver", cluster->driver, "endpoint",
                  cluster->endpoint, "provider", cluster->provider, "region", cluster->region,
                  "addresses", strings_json(&cluster->addresses), "state",
                  link_state_name(link), "since", time_json(link_since_ms(link)), "error",
                  link_error(link), "engine", info->engine ? info->engine : "", "replicas",
                  (json_int_t)(seen ? seen->replica_count : 0), "drained", cluster->drained,
                  "capacity", "cpus", (double)cpus / 1e9, "memory", (json_int_t)memory);

    if (json && info->api_minor)
        (void)json_object_set_new(json, "api", json_sprintf("1.%u", info->api_minor));
    return json;
}

json_t *show_fleet(const struct server_parts *parts)
{
    const struct fleet *fleet = parts->records->fleet;
    json_t *clusters = json_array();
    json_t *dns = json_pack("{s:o, s:s, s:o}", "listen", strings_json(&fleet->dns.listen),
                            "zone", fleet->dns.zone ? fleet->dns.zone : "", "nameservers",
                            strings_json(&fleet->dns.nameservers));

    for (size_t i = 0; i < fleet->cluster_count; i++)
        (void)json_array_append_new(clusters, cluster_json(parts, &fleet->clusters[i]));
    return json_pack("{s:o, s:o}", "clusters", clusters, "dns", dns);
}

/* Apps. */

static const char *state_of(const struct app_record *record)
{
    return record->removing ? "removing" : app_state_name(record->state);
}

static unsigned count_running(const struct server_parts *parts, const struct app_record *record,
                              struct arena *arena)
{
    size_t count;
    struct control_cluster *clusters = reconciler_clusters(parts->reconciler, arena, &count);
    unsigned running = 0;

    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; clusters[c].visible && i < clusters[c].observation->replica_count;
             i++) {
            const struct observed_replica *replica = &clusters[c].observation->replicas[i];

            running +=
                replica->state == REPLICA_RUNNING && strcmp(replica->app, record->name) == 0;
        }
    return running;
}

json_t *show_apps(const struct server_parts *parts)
{
    struct arena *arena = arena_new();
    size_t count;
    struct app_record **records = records_sorted(parts->records, arena, &count);
    json_t *apps = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct plan *plan = records[i]->revision->plan;
        unsigned placed = 0;

        for (size_t s = 0; s < plan->service_count; s++)
            placed += plan->services[s].placed;
        (void)json_array_append_new(
            apps, json_pack("{s:s, s:i, s:i, s:i, s:s, s:I}", "name", records[i]->name,
                            "services", (int)plan->service_count, "replicas", (int)placed,
                            "running", (int)count_running(parts, records[i], arena), "state",
                            state_of(records[i]), "revision",
                            (json_int_t)records[i]->revision->number));
    }
    (void)arena_free(arena);
    return json_pack("{s:o}", "apps", apps);
}

static const char *endpoint_name(const struct server_parts *parts,
                                 const struct app_record *record, const struct cluster *cluster,
                                 const struct observed_replica *replica)
{
    static const char *const names[] = {"", "unknown", "up", "down", "leaving"};

    return names[reconciler_verdict(parts->reconciler, record, cluster, replica)];
}

static json_t *ports_json(const struct observed_replica *replica)
{
    json_t *ports = json_array();

    for (size_t i = 0; i < replica->port_count; i++)
        (void)json_array_append_new(
            ports, json_pack("{s:i, s:i, s:s}", "published", (int)replica->ports[i].published,
                             "target", (int)replica->ports[i].target, "protocol",
                             replica->ports[i].protocol == PORT_UDP ? "udp" : "tcp"));
    return ports;
}

static bool is_current(const struct app_record *record, const struct observed_replica *replica)
{
    const struct app *app = record->revision->app;
    const struct service *service = app_find_service(app, replica->service);

    return service &&
           replica_is_right(replica, record->revision->digests[service - app->services]);
}

static json_t *replica_json(const struct server_parts *parts, const struct app_record *record,
                            const struct control_cluster *cluster,
                            const struct observed_replica *replica)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:b}",
                     "cluster", cluster->cluster->name, "provider", cluster->cluster->provider,
                     "service", replica->service, "name", replica->name, "id", replica->id,
                     "number", (int)replica->number, "image", replica->image, "state",
                     replica_state_name(replica->state), "health",
                     replica_health_name(replica->health), "status", replica->status, "ports",
                     ports_json(replica), "endpoint",
                     endpoint_name(parts, record, cluster->cluster, replica), "current",
                     is_current(record, replica), "reachable", cluster->visible);
}

json_t *show_app(const struct server_parts *parts, const struct app_record *record)
{
    struct arena *arena = arena_new();
    json_t *replicas = json_array();
    size_t count;
    struct control_cluster *clusters = reconciler_clusters(parts->reconciler, arena, &count);

    for (size_t c = 0; c < count; c++) {
        const struct observation *seen = clusters[c].observation;

        for (size_t i = 0; seen && i < seen->replica_count; i++)
            if (strcmp(seen->replicas[i].app, record->name) == 0)
                (void)json_array_append_new(
                    replicas, replica_json(parts, record, &clusters[c], &seen->replicas[i]));
    }
    (void)arena_free(arena);
    return json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:O}", "name", record->name, "revision",
                     (json_int_t)record->revision->number, "state", state_of(record), "trouble",
                     record->trouble, "plan", plan_to_json(record->revision->plan), "replicas",
                     replicas, "waiting", record->waiting);
}
