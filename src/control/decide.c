/* SPDX-License-Identifier: Apache-2.0 */
#include "control/decide.h"

#include "control/decide_internal.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

struct action *decide_add_action(struct decision *d, enum action_kind kind,
                                 const struct cell *cell, const char *reason)
{
    struct control_output *out = d->out;

    out->actions = arena_grow(d->arena, out->actions, out->action_count, &out->action_capacity,
                              sizeof(*out->actions));
    struct action *action = &out->actions[out->action_count++];
    *action = (struct action){
        .kind = kind,
        .cluster = cell->cluster->cluster->name,
        .app = d->input->app_name,
        .reason = reason,
    };
    return action;
}

static void add_replica_action(struct decision *d, enum action_kind kind,
                               const struct cell *cell, const struct observed_replica *replica,
                               const char *digest, const char *reason)
{
    assert(replica);
    struct action *action = decide_add_action(d, kind, cell, reason);

    action->service = replica->service;
    action->number = replica->number;
    action->id = replica->id;
    action->digest = digest;
}

void decide_add_hold(struct decision *d, const struct cell *cell, const char *service,
                     bool unreachable, const char *reason)
{
    struct control_output *out = d->out;

    out->holds = arena_grow(d->arena, out->holds, out->hold_count, &out->hold_capacity,
                            sizeof(*out->holds));
    out->holds[out->hold_count++] = (struct control_hold){
        .cluster = cell->cluster->cluster->name,
        .service = service,
        .reason = reason,
        .unreachable = unreachable,
    };
}

/* Networks and volumes. */

static bool is_observed(const struct observed_object *objects, size_t count, const char *name,
                        const char *app)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(objects[i].name, name) == 0 && strcmp(objects[i].app, app) == 0)
            return true;
    return false;
}

/* External ones are the user's: the orchestrator says so if they are missing. */
static bool network_is_there(const struct decision *d, const struct cell *cell,
                             const struct network *network)
{
    const struct observation *seen = cell->cluster->observation;

    return network->external ||
           is_observed(seen->networks, seen->network_count, network->name, d->input->app_name);
}

static bool volume_is_there(const struct decision *d, const struct cell *cell,
                            const struct volume *volume)
{
    const struct observation *seen = cell->cluster->observation;

    return volume->external ||
           is_observed(seen->volumes, seen->volume_count, volume->name, d->input->app_name);
}

static bool service_uses_volume(const struct service *service, const char *key)
{
    for (size_t i = 0; i < service->mount_count; i++)
        if (service->mounts[i].kind == MOUNT_VOLUME &&
            strcmp(service->mounts[i].source, key) == 0)
            return true;
    return false;
}

static bool service_uses_network(const struct service *service, const char *key)
{
    for (size_t i = 0; i < service->network_count; i++)
        if (strcmp(service->networks[i].network, key) == 0)
            return true;
    return false;
}

static bool service_has_its_objects(const struct decision *d, const struct cell *cell,
                                    const struct service *service)
{
    const struct app *app = d->input->app;

    for (size_t i = 0; i < app->network_count; i++)
        if (service_uses_network(service, app->networks[i].key) &&
            !network_is_there(d, cell, &app->networks[i]))
            return false;
    for (size_t i = 0; i < app->volume_count; i++)
        if (service_uses_volume(service, app->volumes[i].key) &&
            !volume_is_there(d, cell, &app->volumes[i]))
            return false;
    return true;
}

static const struct cell *find_user(const struct decision *d, size_t cluster, const char *key,
                                    bool (*uses)(const struct service *, const char *))
{
    for (size_t s = 0; s < d->view->service_count; s++) {
        const struct cell *cell = view_cell(d->view, s, cluster);

        if (cell->wanted && uses(&d->input->app->services[s], key))
            return cell;
    }
    return NULL;
}

static void ensure_objects(struct decision *d, size_t cluster)
{
    const struct app *app = d->input->app;

    for (size_t i = 0; i < app->network_count; i++) {
        const struct cell *cell =
            find_user(d, cluster, app->networks[i].key, service_uses_network);

        if (cell && !network_is_there(d, cell, &app->networks[i]))
            decide_add_action(d, ACTION_NETWORK_ENSURE, cell, "missing")->target =
                app->networks[i].key;
    }
    for (size_t i = 0; i < app->volume_count; i++) {
        const struct cell *cell =
            find_user(d, cluster, app->volumes[i].key, service_uses_volume);

        if (cell && !volume_is_there(d, cell, &app->volumes[i]))
            decide_add_action(d, ACTION_VOLUME_ENSURE, cell, "missing")->target =
                app->volumes[i].key;
    }
}

/* Dependencies. */

static bool replica_meets(const struct observed_replica *replica,
                          enum depends_condition condition, enum restart_policy policy)
{
    switch (condition) {
    case DEPENDS_HEALTHY:
        return replica->state == REPLICA_RUNNING &&
               (replica->health == HEALTH_HEALTHY || replica->health == HEALTH_NONE);
    case DEPENDS_COMPLETED:
        return replica->state == REPLICA_EXITED && replica->exit_code == 0;
    case DEPENDS_STARTED:
    default:
        return replica->state == REPLICA_RUNNING || replica_is_completed(replica, policy);
    }
}

static bool cell_meets(const struct cell *cell, const struct dependency *dependency,
                       enum restart_policy policy)
{
    for (size_t i = 0; i < cell->count; i++)
        if (replica_meets(cell->replicas[i], dependency->condition, policy))
            return true;
    return false;
}

/* In the same cluster if the plan puts it there, else anywhere. */
static bool dependency_is_met(const struct decision *d, size_t cluster,
                              const struct dependency *dependency)
{
    const struct app *app = d->input->app;
    const struct service *other = app_find_service(app, dependency->service);

    if (!other || !other->replicas)
        return true;

    size_t index = (size_t)(other - app->services);
    const struct cell *here = view_cell(d->view, index, cluster);
    if (here->wanted)
        return cell_meets(here, dependency, other->restart);
    for (size_t c = 0; c < d->view->cluster_count; c++)
        if (cell_meets(view_cell(d->view, index, c), dependency, other->restart))
            return true;
    return false;
}

const char *decide_unmet_dependency(const struct decision *d, size_t cluster,
                                    const struct service *service)
{
    static const char *const words[] = {"started", "healthy", "completed"};

    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct dependency *dependency = &service->dependencies[i];

        if (!dependency_is_met(d, cluster, dependency))
            return arena_printf(d->arena, "waits for %s to be %s", dependency->service,
                                words[dependency->condition]);
    }
    return NULL;
}

const char *decide_unreplaced_dependency(const struct decision *d,
                                         const struct service *service)
{
    const struct app *app = d->input->app;

    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct dependency *dependency = &service->dependencies[i];
        const struct service *other = app_find_service(app, dependency->service);

        if (!dependency->restart || !other)
            continue;
        size_t index = (size_t)(other - app->services);
        for (size_t c = 0; c < d->view->cluster_count; c++) {
            const struct cell *cell = view_cell(d->view, index, c);

            if (cell->cluster->visible && cell->wanted &&
                cell_is_outdated(cell, d->input->digests[index]))
                return arena_printf(d->arena, "is replaced after %s", dependency->service);
        }
    }
    return NULL;
}

/* Starting. */

static void start_missing(struct decision *d, const struct scope *scope, size_t cluster,
                          const struct cell *cell, unsigned missing, const char *reason)
{
    if (!service_has_its_objects(d, cell, scope->service))
        return; /* ensure_objects has named the action that comes first */

    const char *waits = decide_unmet_dependency(d, cluster, scope->service);
    if (waits) {
        decide_add_hold(d, cell, scope->service->name, false, waits);
        return;
    }
    for (unsigned i = 0, number = 1; i < missing; i++, number++) {
        struct action *action = decide_add_action(d, ACTION_REPLICA_START, cell, reason);

        number = cell_free_number(cell, number);
        action->service = scope->service->name;
        action->number = number;
        action->digest = scope->digest;
    }
}

static unsigned count_not_to_start(const struct scope *scope, const struct cell *cell)
{
    unsigned count = 0;

    for (size_t i = 0; i < cell->count; i++)
        count += replica_is_right(cell->replicas[i], scope->digest) &&
                 !replica_needs_start(cell->replicas[i], scope->service->restart);
    return count;
}

/*
 * Brings up what is right but does not run, as far as the plan wants it, and restarts what is
 * called unhealthy. A copy beyond the plan that stopped may be on its way out.
 */
static void mend(struct decision *d, const struct scope *scope, size_t cluster,
                 const struct cell *cell)
{
    unsigned running = count_not_to_start(scope, cell);

    for (size_t i = 0; i < cell->count; i++) {
        const struct observed_replica *replica = cell->replicas[i];

        if (!replica_is_right(replica, scope->digest))
            continue;
        if (replica->state == REPLICA_RUNNING && replica->health == HEALTH_UNHEALTHY)
            add_replica_action(d, ACTION_REPLICA_RESTART, cell, replica, scope->digest,
                               "unhealthy");
        if (!replica_needs_start(replica, scope->service->restart) || running >= cell->wanted)
            continue;
        running++;
        const char *waits = decide_unmet_dependency(d, cluster, scope->service);
        if (waits)
            decide_add_hold(d, cell, scope->service->name, false, waits);
        else
            add_replica_action(d, ACTION_REPLICA_START, cell, replica, scope->digest,
                               "does not run");
    }
}

/* Removing and replacing. */

/* The copy to take away first: one that does not serve, else the one with the highest number.
 */
static const struct observed_replica *pick_victim(const struct cell *cell, const char *digest,
                                                  bool only_outdated,
                                                  const struct observed_replica *const *gone,
                                                  size_t gone_count)
{
    const struct observed_replica *victim = NULL;
    bool victim_serves = true;

    for (size_t i = 0; i < cell->count; i++) {
        const struct observed_replica *replica = cell->replicas[i];
        bool serves = replica_serves(replica, cell->endpoints[i]);
        bool is_gone = false;

        for (size_t g = 0; g < gone_count; g++)
            is_gone = is_gone || gone[g] == replica;
        if (is_gone || (only_outdated && replica_is_right(replica, digest)))
            continue;
        if (!victim || (victim_serves && !serves) ||
            (victim_serves == serves && replica->number > victim->number)) {
            victim = replica;
            victim_serves = serves;
        }
    }
    return victim;
}

/*
 * More copies than the plan wants. A copy that leaves is still up: it goes only if what let it
 * leave still holds.
 *
 *  the copy is up    all that the plan has serves   enough serve without it   ->
 *  no                *                              *                          remove
 *  yes               yes                            yes                        remove
 *  yes               *                              no                         hold
 *  yes               no                             *                          hold
 */
static void remove_excess(struct decision *d, const struct scope *scope,
                          const struct cell *cell, unsigned excess, bool only_outdated)
{
    const struct observed_replica **gone =
        arena_array(d->arena, excess, sizeof(struct observed_replica *));
    bool may_remove_up = scope->plan_serves && scope->serving_planned >= scope->planned->needed;

    if (only_outdated &&
        cell_count_serving_right(cell, scope->digest) < cell_count_right(cell, scope->digest))
        may_remove_up = false;
    for (unsigned n = 0; n < excess; n++) {
        const struct observed_replica *victim =
            pick_victim(cell, scope->digest, only_outdated, gone, n);
        bool is_up = false;

        if (!victim)
            return;
        for (size_t i = 0; i < cell->count; i++)
            if (cell->replicas[i] == victim)
                is_up = replica_is_up(victim, cell->endpoints[i]);
        if (is_up && !may_remove_up) {
            decide_add_hold(d, cell, scope->service->name, false,
                            "an old copy stays until its replacement serves");
            return;
        }
        gone[n] = victim;
        add_replica_action(d, ACTION_REPLICA_REMOVE, cell, victim, NULL,
                           replica_is_right(victim, scope->digest) ? "not in the plan"
                                                                   : "replaced");
    }
}

static bool has_room_for_one_more(const struct scope *scope, const struct cell *cell)
{
    return !service_is_pinned(scope->service) &&
           service_replicas_per_host_max(scope->service) > cell->count;
}

/*
 * Takes the old copy away, for the new one has no room beside it. What is taken away in this
 * round no longer counts for the clusters that come after.
 */
static void replace_in_place(struct decision *d, struct scope *scope, const struct cell *cell)
{
    const struct observed_replica *victim = pick_victim(cell, scope->digest, true, NULL, 0);
    unsigned without = scope->serving;

    assert(victim); /* an outdated copy is why we are here */
    for (size_t i = 0; i < cell->count; i++)
        without -= cell->replicas[i] == victim && replica_serves(victim, cell->endpoints[i]);
    if (scope->planned->survives && without < scope->planned->needed) {
        decide_add_hold(d, cell, scope->service->name, false,
                        "too few serve elsewhere to replace one here");
        return;
    }
    scope->serving = without;
    add_replica_action(d, ACTION_REPLICA_REMOVE, cell, victim, NULL, "changed");
}

/*
 * Replaces one outdated copy, in the order that costs the least:
 *
 *  a copy of the old kind that is not up             taken away at once, in any domain
 *  what it is replaced with is not replaced yet      hold
 *  another domain is being replaced                  hold
 *  a new copy here does not serve yet                hold
 *  there is room for one more                        start the new one first
 *  enough serve without it, or nothing else can be   take the old one away first
 *  neither                                           hold
 */
static void replace_one(struct decision *d, struct scope *scope, size_t cluster,
                        const struct cell *cell)
{
    const char *name = scope->service->name;
    const char *domain = cluster_domain(cell->cluster->cluster, scope->level);
    unsigned right = cell_count_right(cell, scope->digest);

    for (size_t i = 0; i < cell->count; i++) {
        const struct observed_replica *replica = cell->replicas[i];

        if (replica_is_right(replica, scope->digest) ||
            replica_is_up(replica, cell->endpoints[i]))
            continue;
        add_replica_action(d, ACTION_REPLICA_REMOVE, cell, replica, NULL, "changed");
        return;
    }
    const char *later = decide_unreplaced_dependency(d, scope->service);
    if (later) {
        decide_add_hold(d, cell, name, false, later);
        return;
    }
    if (!scope->replacing || strcmp(scope->replacing, domain) != 0) {
        decide_add_hold(d, cell, name, false,
                        scope->replacing
                            ? arena_printf(d->arena, "is replaced after %s", scope->replacing)
                            : "is replaced when all other domains serve");
        return;
    }
    if (cell_count_serving_right(cell, scope->digest) < right) {
        decide_add_hold(d, cell, name, false, "the new copy does not serve yet");
        return;
    }
    if (has_room_for_one_more(scope, cell)) {
        start_missing(d, scope, cluster, cell, 1, "changed");
        return;
    }
    replace_in_place(d, scope, cell);
}

static void decide_cell(struct decision *d, struct scope *scope, size_t cluster)
{
    const struct cell *cell = view_cell(d->view, scope->index, cluster);
    unsigned right = cell_count_right(cell, scope->digest);
    unsigned outdated = (unsigned)cell->count - right;

    if (cell->cluster->keeps_services) {
        decide_keep(d, scope, cluster);
        return;
    }
    mend(d, scope, cluster, cell);
    if (cell->count < cell->wanted)
        start_missing(d, scope, cluster, cell, cell->wanted - (unsigned)cell->count, "missing");
    else if (cell->count > cell->wanted)
        remove_excess(d, scope, cell, (unsigned)cell->count - cell->wanted, outdated > 0);
    else if (outdated)
        replace_one(d, scope, cluster, cell);
}

/*
 * The domain whose serving copies may be replaced now: the first that has outdated ones,
 * provided that all others that can be seen serve as the plan wants.
 */
static const char *domain_to_replace(const struct decision *d, const struct scope *scope)
{
    const char *candidate = NULL;

    for (size_t c = 0; c < d->view->cluster_count; c++) {
        const struct cell *cell = view_cell(d->view, scope->index, c);
        const char *domain = cluster_domain(cell->cluster->cluster, scope->level);

        if (cell->cluster->visible && cell->wanted && cell_is_outdated(cell, scope->digest) &&
            (!candidate || strcmp(domain, candidate) < 0))
            candidate = domain;
    }
    /* A domain that is half way through comes before one that has not begun. */
    for (size_t c = 0; candidate && c < d->view->cluster_count; c++) {
        const struct cell *cell = view_cell(d->view, scope->index, c);

        if (cell->cluster->visible && cell_count_serving(cell) < cell->wanted &&
            strcmp(cluster_domain(cell->cluster->cluster, scope->level), candidate) != 0)
            return NULL;
    }
    return candidate;
}

static struct scope scope_of(const struct decision *d, size_t index)
{
    const struct service *service = &d->input->app->services[index];
    struct scope scope = {
        .index = index,
        .service = service,
        .digest = d->input->digests[index],
        .planned = plan_find_service(d->input->plan, service->name),
        .plan_serves = true,
        .level = DOMAIN_CLUSTER,
    };

    for (size_t c = 0; c < d->view->cluster_count; c++) {
        const struct cell *cell = view_cell(d->view, index, c);
        unsigned serving = cell_count_serving(cell);

        if (!cell->cluster->visible)
            continue;
        scope.serving += serving;
        scope.serving_planned += serving < cell->wanted ? serving : cell->wanted;
        scope.plan_serves = scope.plan_serves && serving >= cell->wanted;
    }
    for (unsigned level = 0; scope.planned && level < DOMAIN_LEVELS; level++)
        if (scope.planned->survive.count[level])
            scope.level = (enum domain_level)level;
    scope.replacing = domain_to_replace(d, &scope);
    return scope;
}

/* Clusters that cannot be seen. */

/*
 * Whether the cluster may run something of the app. While the app is taken down the plan counts
 * too: what was started there since the last look is not in the observation.
 */
static bool cluster_concerns_app(const struct decision *d, size_t cluster)
{
    if (d->view->strangers[cluster].count ||
        (d->input->removing && !d->input->clusters[cluster].observation))
        return true;
    for (size_t s = 0; s < d->view->service_count; s++) {
        const struct cell *cell = view_cell(d->view, s, cluster);

        if (cell_is_used(cell) || cell->wanted)
            return true;
    }
    return false;
}

/* Services that the file no longer has. */
static void remove_strangers(struct decision *d, size_t cluster)
{
    const struct cell *cell = &d->view->strangers[cluster];

    for (size_t i = 0; i < cell->count; i++)
        add_replica_action(d, ACTION_REPLICA_REMOVE, cell, cell->replicas[i], NULL,
                           "the service is no longer in the file");
}

/* Taking the app down. */

bool decide_has_dependent(const struct decision *d, size_t cluster, const char *service)
{
    const struct app *app = d->input->app;

    for (size_t s = 0; s < app->service_count; s++) {
        if (!cell_is_used(view_cell(d->view, s, cluster)))
            continue;
        for (size_t i = 0; i < app->services[s].dependency_count; i++)
            if (strcmp(app->services[s].dependencies[i].service, service) == 0)
                return true;
    }
    return false;
}

static void remove_objects(struct decision *d, size_t cluster)
{
    const struct cell *cell = &d->view->strangers[cluster];
    const struct observation *seen = cell->cluster->observation;

    for (size_t i = 0; i < seen->network_count; i++)
        if (strcmp(seen->networks[i].app, d->input->app_name) == 0)
            decide_add_action(d, ACTION_NETWORK_REMOVE, cell, "down")->target =
                seen->networks[i].name;
    for (size_t i = 0; d->input->remove_volumes && i < seen->volume_count; i++)
        if (strcmp(seen->volumes[i].app, d->input->app_name) == 0)
            decide_add_action(d, ACTION_VOLUME_REMOVE, cell, "down")->target =
                seen->volumes[i].name;
}

/* Dependents first, then what they depend on, then networks, as they come free. */
static void take_down(struct decision *d, size_t cluster)
{
    size_t left = d->view->strangers[cluster].count;

    remove_strangers(d, cluster);
    for (size_t s = 0; s < d->view->service_count; s++) {
        const struct cell *cell = view_cell(d->view, s, cluster);

        left += cell->count;
        if (cell->count && decide_has_dependent(d, cluster, d->input->app->services[s].name)) {
            decide_add_hold(d, cell, d->input->app->services[s].name, false,
                            "is removed after what depends on it");
            continue;
        }
        for (size_t i = 0; i < cell->count; i++)
            add_replica_action(d, ACTION_REPLICA_REMOVE, cell, cell->replicas[i], NULL, "down");
    }
    if (!left)
        remove_objects(d, cluster);
}

void control_decide(struct control_output *out, struct arena *arena,
                    const struct control_input *input)
{
    struct decision d = {
        .out = out,
        .arena = arena,
        .input = input,
        .view = view_new(arena, input),
    };

    *out = (struct control_output){0};
    for (size_t c = 0; c < input->cluster_count; c++) {
        if (!input->clusters[c].visible) {
            if (cluster_concerns_app(&d, c))
                decide_add_hold(&d, &d.view->strangers[c], NULL, true, "cannot be reached");
            continue;
        }
        if (input->clusters[c].keeps_services) {
            decide_keep_app(&d, c);
        } else if (input->removing) {
            take_down(&d, c);
        } else {
            remove_strangers(&d, c);
            ensure_objects(&d, c);
        }
    }
    for (size_t s = 0; !input->removing && s < d.view->service_count; s++) {
        struct scope scope = scope_of(&d, s);

        for (size_t c = 0; scope.planned && c < input->cluster_count; c++)
            if (input->clusters[c].visible)
                decide_cell(&d, &scope, c);
    }
}
