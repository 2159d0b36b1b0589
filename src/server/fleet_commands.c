/* SPDX-License-Identifier: Apache-2.0 */
#include "server/fleet_commands.h"

#include "base/log.h"
#include "base/mem.h"
#include "driver/driver.h"
#include "model/fleet_json.h"
#include "server/accept.h"
#include "server/placing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A fleet on its way to the disk. */
struct fleet_change {
    struct server_parts *parts;
    struct fleet *fleet;
    json_t *reply;
    struct backend_done done;
    struct plan **plans; /* new plans of apps that must move; NULL-terminated */
};

static void change_free(struct fleet_change *change)
{
    for (size_t i = 0; change->plans && change->plans[i]; i++)
        (void)plan_free(change->plans[i]);
    free(change->plans);
    (void)fleet_free(change->fleet);
    json_decref(change->reply);
    free(change);
}

static void on_moved(void *ctx, int result, json_t *reply, const struct err *err)
{
    (void)ctx;
    json_decref(reply);
    if (result < 0)
        log_error("state: keep a new plan: %s", err->text);
}

/* Makes the new plan of an app its next revision. Takes over the plan. */
static void move_app(struct server_parts *parts, struct plan *plan)
{
    struct app_record *record = records_find(parts->records, plan->app);
    struct err err = {0};
    struct app *app = NULL;

    if (record && accept_check_idle(record, &err) == 0 && !record->removing)
        app = accept_copy_app(record->revision->app, &err);
    if (!app) {
        (void)plan_free(plan);
        return;
    }
    accept_revision(parts, record, revision_new(record->revision->number + 1, app, plan), false,
                    false, (struct backend_done){.fn = on_moved});
}

static void on_written(void *ctx, const struct err *err)
{
    struct fleet_change *change = ctx;
    struct server_parts *parts = change->parts;
    json_t *reply = json_incref(change->reply);

    if (err) {
        json_decref(reply);
        change->done.fn(change->done.ctx, err->code, NULL, err);
        change_free(change);
        return;
    }
    (void)fleet_free(parts->records->fleet);
    parts->records->fleet = change->fleet;
    change->fleet = NULL;
    reconciler_on_fleet(parts->reconciler);
    for (size_t i = 0; change->plans && change->plans[i]; i++)
        move_app(parts, change->plans[i]);
    free(change->plans); /* the plans themselves have moved on */
    change->plans = NULL;
    change->done.fn(change->done.ctx, BACKEND_OK, reply, NULL);
    change_free(change);
}

/* Takes over fleet, reply and plans. */
static void write_fleet(struct server_parts *parts, struct fleet *fleet, json_t *reply,
                        struct plan **plans, struct backend_done done)
{
    struct fleet_change *change = mem_new(struct fleet_change);
    json_t *json = fleet_to_json(fleet);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort(); /* only when out of memory */
    json_decref(json);
    *change = (struct fleet_change){
        .parts = parts, .fleet = fleet, .reply = reply, .plans = plans, .done = done};
    disk_write(parts->disk, RECORD_KEY_FLEET, text, strlen(text), on_written, change);
    free(text);
}

static void fail(struct backend_done done, const struct err *err)
{
    done.fn(done.ctx, err->code, NULL, err);
}

/* Apply. */

static int check_drivers(const struct fleet *fleet, struct err *err)
{
    for (size_t i = 0; i < fleet->cluster_count; i++)
        if (!driver_find(fleet->clusters[i].driver))
            return err_set(err, -EINVAL, "cluster '%s': there is no driver '%s'",
                           fleet->clusters[i].name, fleet->clusters[i].driver);
    return 0;
}

/* An endpoint that two clusters share would be counted twice by every loss case. */
static int check_endpoints(const struct fleet *fleet, struct err *err)
{
    for (size_t i = 0; i < fleet->cluster_count; i++)
        for (size_t j = i + 1; j < fleet->cluster_count; j++)
            if (strcmp(fleet->clusters[i].endpoint, fleet->clusters[j].endpoint) == 0)
                return err_set(err, -EINVAL,
                               "clusters '%s' and '%s' have the same endpoint '%s'",
                               fleet->clusters[i].name, fleet->clusters[j].name,
                               fleet->clusters[i].endpoint);
    return 0;
}

static bool is_unchanged(const struct fleet *before, const struct cluster *cluster)
{
    struct fleet one = {
        .clusters = (struct cluster *)(uintptr_t)fleet_find_cluster(before, cluster->name),
        .cluster_count = 1};
    struct fleet other = {.clusters = (struct cluster *)(uintptr_t)cluster, .cluster_count = 1};
    json_t *a = fleet_to_json(&one), *b = fleet_to_json(&other);
    bool equal = json_equal(a, b);

    json_decref(a);
    json_decref(b);
    return equal;
}

void fleet_command_apply(void *ctx, struct fleet *fleet, struct backend_done done)
{
    struct server_parts *parts = ctx;
    const struct fleet *before = parts->records->fleet;
    struct fleet *after = fleet_copy(before, fleet->cluster_count);
    json_t *added = json_array(), *changed = json_array(), *unchanged = json_array();
    json_t *reply = json_pack("{s:o, s:o, s:o}", "added", added, "changed", changed,
                              "unchanged", unchanged);
    struct err err = {0};

    for (size_t i = 0; i < fleet->cluster_count; i++) {
        struct cluster *cluster = &fleet->clusters[i];
        const struct cluster *old = fleet_find_cluster(before, cluster->name);

        if (old)
            cluster->drained = old->drained; /* a file does not undo a drain */
        (void)json_array_append_new(!old                            ? added
                                    : is_unchanged(before, cluster) ? unchanged
                                                                    : changed,
                                    json_string(cluster->name));
        fleet_put(after, cluster);
    }
    if (fleet->dns.zone || fleet->dns.listen.count)
        fleet_dns_copy(after->arena, &after->dns, &fleet->dns);
    (void)fleet_free(fleet);

    if (check_drivers(after, &err) < 0 || check_endpoints(after, &err) < 0) {
        json_decref(reply);
        (void)fleet_free(after);
        fail(done, &err);
        return;
    }
    write_fleet(parts, after, reply, NULL, done);
}

/* Drain and remove. */

static bool record_uses(const struct app_record *record, const char *cluster)
{
    const struct plan *plan =
        record->revision && !record->removing ? record->revision->plan : NULL;

    for (size_t s = 0; plan && s < plan->service_count; s++)
        if (plan_replicas(plan, plan->services[s].name, cluster))
            return true;
    return false;
}

/*
 * Plans every app that uses the cluster on the fleet `after`. Sets *out to the plans, ended by
 * NULL; or *refused to the first one that has refusals.
 */
static int replan(struct server_parts *parts, struct fleet *after, const char *cluster,
                  struct plan ***out, struct plan **refused, struct err *err)
{
    struct fleet *before = parts->records->fleet;
    struct arena *arena = arena_new();
    size_t count, made = 0;
    struct app_record **records = records_sorted(parts->records, arena, &count);
    struct plan **plans = mem_array(count + 1, sizeof(struct plan *));
    int r = 0;

    *refused = NULL;
    parts->records->fleet = after; /* for the planner's eyes only */
    for (size_t i = 0; r == 0 && !*refused && i < count; i++) {
        struct plan *plan;

        if (!record_uses(records[i], cluster))
            continue;
        r = placing_plan(&plan, parts, records[i]->revision->app, records[i]->revision->plan,
                         err);
        if (r < 0)
            break;
        if (plan->refusal_count)
            *refused = plan;
        else
            plans[made++] = plan;
    }
    parts->records->fleet = before;
    if (r < 0 || *refused) {
        for (size_t i = 0; i < made; i++)
            (void)plan_free(plans[i]);
        free(plans);
    } else {
        *out = plans;
    }
    (void)arena_free(arena);
    return r;
}

void fleet_command_drain(void *ctx, const char *name, bool undo, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct fleet *after = fleet_copy(parts->records->fleet, 0);
    const struct cluster *cluster = fleet_find_cluster(after, name);
    struct plan **plans = NULL, *refused = NULL;
    struct err err = {0};
    int r = 0;

    if (!cluster) {
        r = err_set(&err, -ENOENT, "there is no cluster '%s' in the fleet", name);
    } else {
        after->clusters[cluster - after->clusters].drained = !undo;
        if (!undo)
            r = replan(parts, after, name, &plans, &refused, &err);
    }
    if (r == 0 && !refused) {
        write_fleet(parts, after, json_pack("{s:s, s:b}", "cluster", name, "drained", !undo),
                    plans, done);
        return;
    }
    (void)fleet_free(after);
    if (refused)
        accept_refuse(refused, done);
    else
        fail(done, &err);
}

static int check_unused(const struct server_parts *parts, const char *name, struct err *err)
{
    size_t at = 0;
    void *record;

    while (map_next(&parts->records->apps, &at, NULL, &record))
        if (record_uses(record, name))
            return err_set(err, -EBUSY,
                           "app '%s' runs in cluster '%s': drain it first, or forget what runs "
                           "there with --force",
                           ((const struct app_record *)record)->name, name);
    return 0;
}

void fleet_command_remove(void *ctx, const char *name, bool force, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct fleet *after = fleet_copy(parts->records->fleet, 0);
    struct err err = {0};
    int r = 0;

    if (!fleet_remove(after, name))
        r = err_set(&err, -ENOENT, "there is no cluster '%s' in the fleet", name);
    else if (!force)
        r = check_unused(parts, name, &err);
    if (r < 0) {
        (void)fleet_free(after);
        fail(done, &err);
        return;
    }
    write_fleet(parts, after, json_pack("{s:s}", "removed", name), NULL, done);
}
