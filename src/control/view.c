/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include <stdlib.h>
#include <string.h>

static int compare_service(const void *name, const void *service)
{
    return strcmp(name, ((const struct service *)service)->name);
}

ptrdiff_t view_find_service(const struct app *app, const char *name)
{
    if (!app->service_count)
        return -1;
    const struct service *found = bsearch(name, app->services, app->service_count,
                                          sizeof(*app->services), compare_service);
    return found ? found - app->services : -1;
}

static void cell_add(struct arena *arena, struct cell *cell,
                     const struct observed_replica *replica, enum replica_endpoint endpoint)
{
    size_t capacity = cell->capacity;

    cell->endpoints =
        arena_grow(arena, cell->endpoints, cell->count, &capacity, sizeof(*cell->endpoints));
    cell->replicas = arena_grow(arena, cell->replicas, cell->count, &cell->capacity,
                                sizeof(struct observed_replica *));
    cell->endpoints[cell->count] = endpoint;
    cell->replicas[cell->count++] = replica;
}

static void add_cluster(struct view *view, struct arena *arena,
                        const struct control_input *input, size_t at)
{
    const struct control_cluster *cluster = &input->clusters[at];
    const struct observation *seen = cluster->observation;

    for (size_t i = 0; seen && i < seen->replica_count; i++) {
        const struct observed_replica *replica = &seen->replicas[i];

        if (strcmp(replica->app, input->app_name) != 0)
            continue;
        ptrdiff_t service = view_find_service(input->app, replica->service);
        struct cell *cell =
            service < 0 ? &view->strangers[at] : view_cell(view, (size_t)service, at);
        cell_add(arena, cell, replica,
                 cluster->endpoints ? cluster->endpoints[i] : REPLICA_ENDPOINT_NONE);
    }
    for (size_t i = 0; seen && i < seen->service_count; i++) {
        const struct observed_service *kept = &seen->services[i];
        ptrdiff_t service = strcmp(kept->app, input->app_name) == 0
                                ? view_find_service(input->app, kept->service)
                                : -1;

        if (service < 0)
            continue;
        /* Two, while it becomes another kind of object: the old one has to be told. */
        struct cell *cell = view_cell(view, (size_t)service, at);
        if (!cell->kept || strcmp(kept->digest, input->digests[service]) != 0)
            cell->kept = kept;
    }
}

/* Fills in `wanted` from the plan, whose placements are sorted by cluster as the input is. */
static void add_plan(struct view *view, const struct control_input *input)
{
    for (size_t s = 0; s < view->service_count; s++) {
        const struct plan_service *planned =
            plan_find_service(input->plan, input->app->services[s].name);

        for (size_t c = 0, p = 0; planned && c < view->cluster_count; c++) {
            const char *name = input->clusters[c].cluster->name;

            while (p < planned->placement_count &&
                   strcmp(planned->placements[p].cluster, name) < 0)
                p++;
            if (p < planned->placement_count &&
                strcmp(planned->placements[p].cluster, name) == 0)
                view_cell(view, s, c)->wanted = planned->placements[p].replicas;
        }
    }
}

struct view *view_new(struct arena *arena, const struct control_input *input)
{
    struct view *view = arena_new_in(arena, struct view);

    view->service_count = input->app->service_count;
    view->cluster_count = input->cluster_count;
    view->cells =
        arena_array(arena, view->service_count * view->cluster_count, sizeof(struct cell));
    view->strangers = arena_array(arena, view->cluster_count, sizeof(struct cell));

    for (size_t s = 0; s < view->service_count; s++)
        for (size_t c = 0; c < view->cluster_count; c++)
            view_cell(view, s, c)->cluster = &input->clusters[c];
    for (size_t c = 0; c < view->cluster_count; c++) {
        view->strangers[c].cluster = &input->clusters[c];
        add_cluster(view, arena, input, c);
    }
    add_plan(view, input);
    return view;
}

struct cell *view_cell(const struct view *view, size_t service, size_t cluster)
{
    return &view->cells[service * view->cluster_count + cluster];
}

bool replica_is_up(const struct observed_replica *replica, enum replica_endpoint endpoint)
{
    return replica->state == REPLICA_RUNNING &&
           (replica->health == HEALTH_NONE || replica->health == HEALTH_HEALTHY) &&
           endpoint != REPLICA_ENDPOINT_UNKNOWN && endpoint != REPLICA_ENDPOINT_DOWN;
}

bool replica_serves(const struct observed_replica *replica, enum replica_endpoint endpoint)
{
    return replica_is_up(replica, endpoint) && endpoint != REPLICA_ENDPOINT_LEAVING;
}

bool replica_is_right(const struct observed_replica *replica, const char *digest)
{
    return replica->state != REPLICA_DEAD && strcmp(replica->digest, digest) == 0;
}

bool replica_is_completed(const struct observed_replica *replica, enum restart_policy policy)
{
    return replica->state == REPLICA_EXITED && replica->exit_code == 0 &&
           (policy == RESTART_NO || policy == RESTART_ON_FAILURE);
}

bool replica_needs_start(const struct observed_replica *replica, enum restart_policy policy)
{
    if (replica->state == REPLICA_CREATED)
        return true;
    if (replica->state != REPLICA_EXITED || replica_is_completed(replica, policy))
        return false;
    return policy != RESTART_NO || replica->exit_code >= 128;
}

bool cell_is_used(const struct cell *cell)
{
    return cell->count || cell->kept;
}

bool cell_is_outdated(const struct cell *cell, const char *digest)
{
    return cell_count_right(cell, digest) < cell->count ||
           (cell->kept && strcmp(cell->kept->digest, digest) != 0);
}

unsigned cell_count_right(const struct cell *cell, const char *digest)
{
    unsigned count = 0;

    for (size_t i = 0; i < cell->count; i++)
        count += replica_is_right(cell->replicas[i], digest);
    return count;
}

unsigned cell_count_serving(const struct cell *cell)
{
    unsigned count = 0;

    for (size_t i = 0; i < cell->count; i++)
        count += replica_serves(cell->replicas[i], cell->endpoints[i]);
    return count;
}

unsigned cell_count_serving_right(const struct cell *cell, const char *digest)
{
    unsigned count = 0;

    for (size_t i = 0; i < cell->count; i++)
        count += replica_is_right(cell->replicas[i], digest) &&
                 replica_serves(cell->replicas[i], cell->endpoints[i]);
    return count;
}

unsigned cell_free_number(const struct cell *cell, unsigned from)
{
    for (unsigned number = from;; number++) {
        bool is_free = true;

        for (size_t i = 0; is_free && i < cell->count; i++)
            is_free = cell->replicas[i]->number != number;
        if (is_free)
            return number;
    }
}
