/* SPDX-License-Identifier: Apache-2.0 */
#include "control/round.h"

#include "control/work.h"

#include <string.h>

const char *app_state_name(enum app_state state)
{
    static const char *const names[] = {"working", "waiting", "in-step", "stuck"};

    return names[state];
}

/* What one look at an app found. */
struct look {
    unsigned taken, pending, later, leaving; /* actions, by what became of them */
    unsigned held, unreachable;              /* holds */
    unsigned running;                        /* actions that the clusters still have */
};

enum replica_endpoint round_endpoint(const struct revision *revision,
                                     const struct departures *departures,
                                     const struct round_world *world,
                                     const struct cluster *cluster,
                                     const struct observed_replica *replica)
{
    const struct service *service = app_find_service(revision->app, replica->service);
    const struct port *steered = service ? service_steered_port(service) : NULL;
    const struct strings *addresses =
        replica->addresses.count ? &replica->addresses : &cluster->addresses;
    enum replica_endpoint best = REPLICA_ENDPOINT_NONE;

    if (!steered)
        return REPLICA_ENDPOINT_NONE;
    if (service->probe.kind == PROBE_NONE)
        return departures_has(departures, replica->id) ? REPLICA_ENDPOINT_LEAVING
                                                       : REPLICA_ENDPOINT_NONE;
    for (size_t p = 0; p < replica->port_count; p++) {
        if (replica->ports[p].target != steered->target)
            continue;
        for (size_t a = 0; a < addresses->count; a++) {
            enum replica_endpoint verdict =
                world->verdict(world->ctx, addresses->items[a], replica->ports[p].published);

            if (verdict == REPLICA_ENDPOINT_UP || best == REPLICA_ENDPOINT_NONE)
                best = verdict;
        }
    }
    if (departures_has(departures, replica->id) && best != REPLICA_ENDPOINT_DOWN)
        return REPLICA_ENDPOINT_LEAVING;
    return best;
}

static void add_endpoints(struct arena *arena, const struct round *round,
                          const struct round_world *world, struct control_cluster *cluster)
{
    const struct observation *seen = cluster->observation;

    if (!seen)
        return;
    enum replica_endpoint *endpoints =
        arena_array(arena, seen->replica_count, sizeof(*endpoints));
    for (size_t i = 0; i < seen->replica_count; i++)
        if (strcmp(seen->replicas[i].app, round->app_name) == 0)
            endpoints[i] = round_endpoint(round->revision, round->departures, world,
                                          cluster->cluster, &seen->replicas[i]);
    cluster->endpoints = endpoints;
}

/* How long clients may know a copy of the service; 0: it is not steered. */
static unsigned ttl_ms(const struct app *app, const char *name)
{
    const struct service *service = app_find_service(app, name);

    if (!service || !service_steered_port(service))
        return 0;
    return (service->ttl_s ? service->ttl_s : app->ttl_s) * 1000;
}

static const struct observation *find_observation(const struct round *round,
                                                  const char *cluster)
{
    for (size_t i = 0; i < round->cluster_count; i++)
        if (strcmp(round->clusters[i].cluster->name, cluster) == 0)
            return round->clusters[i].observation;
    return NULL;
}

static void leave(struct round_result *out, const struct round *round, const char *id,
                  unsigned ttl, uint64_t *wait_max)
{
    bool is_new;
    uint64_t wait = departures_wait(round->departures, id, ttl, round->now_ms, &is_new);

    out->has_moved = out->has_moved || is_new;
    if (wait > *wait_max)
        *wait_max = wait;
}

static bool is_taken_away(const struct action *action, const struct observed_replica *replica)
{
    return action->kind == ACTION_REPLICA_REMOVE
               ? strcmp(replica->id, action->id) == 0
               : strcmp(replica->service, action->service) == 0;
}

/* Whether copies have to stay for those who know them. An app that goes takes no leave. */
static bool must_stay(struct round_result *out, const struct round *round,
                      const struct action *action)
{
    unsigned ttl = ttl_ms(round->revision->app, action->service);
    const struct observation *seen = find_observation(round, action->cluster);
    uint64_t wait = 0;

    if (!ttl || round->removing)
        return false;
    for (size_t i = 0; seen && i < seen->replica_count; i++)
        if (strcmp(seen->replicas[i].app, round->app_name) == 0 &&
            is_taken_away(action, &seen->replicas[i]))
            leave(out, round, seen->replicas[i].id, ttl, &wait);
    if (wait && (!out->wake_ms || wait < out->wake_ms))
        out->wake_ms = wait;
    return wait > 0;
}

static void submit(struct round_result *out, struct arena *arena, const struct round *round,
                   const struct round_world *world, const struct action *action,
                   struct look *look)
{
    bool is_removal =
        action->kind == ACTION_REPLICA_REMOVE || action->kind == ACTION_SERVICE_REMOVE;

    if (is_removal && must_stay(out, round, action)) {
        look->leaving++;
        return;
    }
    switch (world->submit(world->ctx, action)) {
    case WORK_TAKEN:
        look->taken++;
        break;
    case WORK_LATER:
        look->later++;
        out->error = arena_strdup(arena, world->error(world->ctx, action->cluster));
        break;
    default:
        look->pending++;
        break;
    }
}

struct keeping {
    const struct round *round;
    const struct round_world *world;
};

/* Nobody asked for it in this round, but an earlier one may have, and that is under way. */
static bool is_under_way(const struct keeping *keeping, const char *cluster,
                         const struct observed_replica *replica)
{
    struct action action = {
        .kind = ACTION_REPLICA_REMOVE,
        .cluster = cluster,
        .app = replica->app,
        .service = replica->service,
        .number = replica->number,
    };

    if (keeping->world->has(keeping->world->ctx, &action))
        return true;
    action.kind = ACTION_SERVICE_REMOVE;
    action.number = 0;
    return keeping->world->has(keeping->world->ctx, &action);
}

/* A copy in a cluster that cannot be seen may still be on its way out. */
static bool is_kept(void *ctx, const char *id)
{
    const struct keeping *keeping = ctx;
    const struct round *round = keeping->round;

    for (size_t c = 0; c < round->cluster_count; c++) {
        const struct control_cluster *cluster = &round->clusters[c];
        const struct observation *seen = cluster->observation;

        for (size_t i = 0; seen && i < seen->replica_count; i++)
            if (strcmp(seen->replicas[i].id, id) == 0)
                return !cluster->visible ||
                       is_under_way(keeping, cluster->cluster->name, &seen->replicas[i]);
    }
    return false;
}

/*
 *  actions under way   later   held or leaving   unreachable   state
 *  yes                 *       *                 *             working
 *  no                  yes     *                 *             stuck
 *  no                  no      yes               *             working
 *  no                  no      no                yes           waiting
 *  no                  no      no                no            in-step
 */
static enum app_state state_of(const struct look *look)
{
    if (look->taken || look->pending || look->running)
        return APP_WORKING;
    if (look->later)
        return APP_STUCK;
    if (look->held || look->leaving)
        return APP_WORKING;
    return look->unreachable ? APP_WAITING : APP_IN_STEP;
}

void round_run(struct round_result *out, struct arena *arena, const struct round *round,
               const struct round_world *world)
{
    struct look look = {0};

    *out = (struct round_result){0};
    for (size_t i = 0; i < round->cluster_count; i++)
        add_endpoints(arena, round, world, &round->clusters[i]);
    control_decide(&out->output, arena,
                   &(struct control_input){.app_name = round->app_name,
                                           .app = round->revision->app,
                                           .plan = round->revision->plan,
                                           .digests = round->revision->digests,
                                           .removing = round->removing,
                                           .remove_volumes = round->remove_volumes,
                                           .clusters = round->clusters,
                                           .cluster_count = round->cluster_count});
    for (size_t i = 0; i < out->output.hold_count; i++) {
        look.unreachable += out->output.holds[i].unreachable;
        look.held += !out->output.holds[i].unreachable;
    }
    departures_begin(round->departures);
    for (size_t i = 0; i < out->output.action_count; i++)
        submit(out, arena, round, world, &out->output.actions[i], &look);
    /* Not before it is gone: whoever stops is not answered while it does. Who stays after all
     * counts again, so there is more to decide. */
    struct keeping keeping = {.round = round, .world = world};
    if (departures_end(round->departures, is_kept, &keeping)) {
        out->has_moved = true;
        out->wake_ms = 1;
    }
    for (size_t i = 0; i < round->cluster_count; i++)
        look.running += world->count_pending(world->ctx, round->clusters[i].cluster->name);
    out->state = state_of(&look);
}
