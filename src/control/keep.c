/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clusters whose orchestrator keeps services by itself (a Deployment of Kubernetes): it is told
 * once how many copies of what, and starts, mends, replaces and counts them on its own. What is
 * left to decide is when it is told.
 */
#include "control/decide_internal.h"

#include <string.h>

static bool has_object(const struct observed_object *objects, size_t count, const char *app)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(objects[i].app, app) == 0)
            return true;
    return false;
}

static void add_service_action(struct decision *d, enum action_kind kind,
                               const struct cell *cell, const char *service, unsigned number,
                               const char *digest, const char *reason)
{
    struct action *action = decide_add_action(d, kind, cell, reason);

    action->service = service;
    action->number = number;
    action->digest = digest;
    action->id = cell->kept ? cell->kept->id : NULL;
}

static void apply(struct decision *d, const struct scope *scope, size_t cluster,
                  const struct cell *cell, const char *reason)
{
    const char *name = scope->service->name;
    const char *waits = decide_unmet_dependency(d, cluster, scope->service);
    const char *later = decide_unreplaced_dependency(d, scope->service);
    const struct observation *seen = cell->cluster->observation;

    if (!has_object(seen->spaces, seen->space_count, d->input->app_name))
        return; /* decide_keep_app has named the action that comes first */
    if (waits && !cell->kept)
        decide_add_hold(d, cell, name, false, waits);
    else if (later && cell->kept)
        decide_add_hold(d, cell, name, false, later);
    else
        add_service_action(d, ACTION_SERVICE_APPLY, cell, name, cell->wanted, scope->digest,
                           reason);
}

/*
 * Fewer copies than it was told, or none:
 *
 *  copies serve here   all that the plan has serves, and enough of it   ->
 *  no                  *                                                 do it
 *  yes                 yes                                               do it
 *  yes                 no                                                hold
 */
static bool may_shrink(const struct scope *scope, const struct cell *cell)
{
    return !cell_count_serving(cell) ||
           (scope->plan_serves && scope->serving_planned >= scope->planned->needed);
}

/*
 *  kept   wanted   its digest            its number   ->
 *  no     no       -                     -            nothing
 *  no     yes      -                     -            apply
 *  yes    no       *                     *            remove, or hold
 *  yes    yes      outdated, our turn    *            apply: the cluster replaces copy by copy
 *  yes    yes      outdated, not yet     *            hold
 *  yes    yes      right                 less         apply
 *  yes    yes      right                 more         apply, or hold
 *  yes    yes      right                 right        nothing; hold until it is settled
 */
void decide_keep(struct decision *d, const struct scope *scope, size_t cluster)
{
    const struct cell *cell = view_cell(d->view, scope->index, cluster);
    const struct observed_service *kept = cell->kept;
    const char *name = scope->service->name;
    const char *domain = cluster_domain(cell->cluster->cluster, scope->level);

    if (!kept) {
        if (cell->wanted)
            apply(d, scope, cluster, cell, "missing");
    } else if (cell->wanted < kept->replicas && !may_shrink(scope, cell)) {
        decide_add_hold(d, cell, name, false, "old copies stay until their replacements serve");
    } else if (!cell->wanted) {
        add_service_action(d, ACTION_SERVICE_REMOVE, cell, name, 0, NULL, "not in the plan");
    } else if (strcmp(kept->digest, scope->digest) != 0) {
        if (scope->replacing && strcmp(scope->replacing, domain) == 0)
            apply(d, scope, cluster, cell, "changed");
        else
            decide_add_hold(d, cell, name, false,
                            scope->replacing ? arena_printf(d->arena, "is replaced after %s",
                                                            scope->replacing)
                                             : "is replaced when all other domains serve");
    } else if (kept->replicas != cell->wanted) {
        apply(d, scope, cluster, cell, "another number of copies");
    } else if (!kept->settled) {
        decide_add_hold(d, cell, name, false, kept->trouble[0] ? kept->trouble : "is starting");
    }
}

/* Services that the cluster keeps and the file no longer has. */
static size_t remove_strangers(struct decision *d, size_t cluster)
{
    const struct cell *cell = &d->view->strangers[cluster];
    const struct observation *seen = cell->cluster->observation;
    size_t left = 0;

    for (size_t i = 0; i < seen->service_count; i++) {
        const struct observed_service *kept = &seen->services[i];

        if (strcmp(kept->app, d->input->app_name) != 0 ||
            view_find_service(d->input->app, kept->service) >= 0)
            continue;
        add_service_action(d, ACTION_SERVICE_REMOVE, cell, kept->service, 0, NULL,
                           d->input->removing ? "down"
                                              : "the service is no longer in the file");
        left++;
    }
    return left;
}

static void remove_space(struct decision *d, size_t cluster)
{
    const struct cell *cell = &d->view->strangers[cluster];
    const struct observation *seen = cell->cluster->observation;
    const char *app = d->input->app_name;
    bool has_volumes = has_object(seen->volumes, seen->volume_count, app);

    for (size_t i = 0; d->input->remove_volumes && i < seen->volume_count; i++)
        if (strcmp(seen->volumes[i].app, app) == 0)
            decide_add_action(d, ACTION_VOLUME_REMOVE, cell, "down")->target =
                seen->volumes[i].name;
    /* A namespace takes its volumes with it: it stays for as long as they are to stay. */
    for (size_t i = 0; !has_volumes && i < seen->space_count; i++)
        if (strcmp(seen->spaces[i].app, app) == 0)
            decide_add_action(d, ACTION_SPACE_REMOVE, cell, "down")->target =
                seen->spaces[i].name;
}

/* Dependents first, then what they depend on, then volumes if wanted, then the namespace. */
static void take_down(struct decision *d, size_t cluster)
{
    size_t left = remove_strangers(d, cluster);

    for (size_t s = 0; s < d->view->service_count; s++) {
        const struct cell *cell = view_cell(d->view, s, cluster);
        const char *name = d->input->app->services[s].name;

        left += cell_is_used(cell);
        if (cell_is_used(cell) && decide_has_dependent(d, cluster, name))
            decide_add_hold(d, cell, name, false, "is removed after what depends on it");
        else if (cell->kept)
            add_service_action(d, ACTION_SERVICE_REMOVE, cell, name, 0, NULL, "down");
        else if (cell->count)
            decide_add_hold(d, cell, name, false, "its copies are stopping");
    }
    if (!left)
        remove_space(d, cluster);
}

void decide_keep_app(struct decision *d, size_t cluster)
{
    const struct cell *cell = &d->view->strangers[cluster];
    const struct observation *seen = cell->cluster->observation;
    bool is_wanted = false;

    if (d->input->removing) {
        take_down(d, cluster);
        return;
    }
    (void)remove_strangers(d, cluster);
    for (size_t s = 0; s < d->view->service_count; s++)
        is_wanted = is_wanted || view_cell(d->view, s, cluster)->wanted;
    if (is_wanted && !has_object(seen->spaces, seen->space_count, d->input->app_name))
        (void)decide_add_action(d, ACTION_SPACE_ENSURE, cell, "missing");
}
