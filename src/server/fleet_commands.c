/* SPDX-License-Identifier: Apache-2.0 */
#include "server/fleet_commands.h"

#include "base/mem.h"
#include "base/scope.h"
#include "model/fleet_json.h"
#include "server/accept.h"
#include "server/placing.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A fleet on its way to the disk, together with the apps that must move. */
struct fleet_change {
    struct server_parts *parts;
    struct fleet *fleet;
    json_t *reply;
    struct backend_done done;
    struct acceptance *moves;
    size_t move_count;
};

static void on_written(void *ctx, const struct err *err)
{
    struct fleet_change *change = ctx;
    struct server_parts *parts = change->parts;

    if (err) {
        for (size_t i = 0; i < change->move_count; i++)
            accept_abandon(parts, change->moves[i]);
        (void)fleet_free(change->fleet);
        json_decref(change->reply);
        change->done.fn(change->done.ctx, err->code, NULL, err);
    } else {
        (void)fleet_free(parts->records->fleet);
        parts->records->fleet = change->fleet;
        reconciler_on_fleet(parts->reconciler);
        for (size_t i = 0; i < change->move_count; i++)
            accept_apply(parts, change->moves[i]);
        change->done.fn(change->done.ctx, BACKEND_OK, change->reply, NULL);
    }
    free(change->moves);
    free(change);
}

/* The caller frees the text. */
static char *fleet_text(const struct fleet *fleet)
{
    json_t *json = fleet_to_json(fleet);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort(); /* only when out of memory */
    json_decref(json);
    return text;
}

/* Takes over fleet, reply and moves. In one commit: no crash leaves half of it. */
static void write_fleet(struct server_parts *parts, struct fleet *fleet, json_t *reply,
                        struct acceptance *moves, size_t move_count, struct backend_done done)
{
    struct fleet_change *change = mem_new(struct fleet_change);
    struct disk_entry *entries = mem_array(move_count + 1, sizeof(*entries));

    *change = (struct fleet_change){.parts = parts,
                                    .fleet = fleet,
                                    .reply = reply,
                                    .moves = moves,
                                    .move_count = move_count,
                                    .done = done};
    for (size_t i = 0; i < move_count; i++)
        entries[i] = accept_begin(parts, &moves[i]);
    entries[move_count] =
        (struct disk_entry){.key = mem_strdup(RECORD_KEY_FLEET), .data = fleet_text(fleet)};
    disk_write(parts->disk, entries, move_count + 1, on_written, change);
    for (size_t i = 0; i <= move_count; i++) {
        free((void *)(uintptr_t)entries[i].key);
        free((void *)(uintptr_t)entries[i].data);
    }
    free(entries);
}

static void fail(struct backend_done done, const struct err *err)
{
    done.fn(done.ctx, err->code, NULL, err);
}

/* Apply. */

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
        /* What was allowed stays allowed while the cluster is reached in the same way. */
        if (old && strcmp(old->endpoint, cluster->endpoint) == 0)
            cluster->allow_exec = cluster->allow_exec || old->allow_exec;
        (void)json_array_append_new(!old                            ? added
                                    : is_unchanged(before, cluster) ? unchanged
                                                                    : changed,
                                    json_string(cluster->name));
        fleet_put(after, cluster);
    }
    if (fleet->dns.zone || fleet->dns.listen.count)
        fleet_dns_copy(after->arena, &after->dns, &fleet->dns);
    (void)fleet_free(fleet);

    if (records_check_drivers(after, &err) < 0 || check_endpoints(after, &err) < 0) {
        json_decref(reply);
        (void)fleet_free(after);
        fail(done, &err);
        return;
    }
    write_fleet(parts, after, reply, NULL, 0, done);
}

/* Drain and remove. */

static bool record_uses(const struct app_record *record, const char *cluster)
{
    const struct plan *plan = record->removing ? NULL : record->revision->plan;

    for (size_t s = 0; plan && s < plan->service_count; s++)
        if (plan_replicas(plan, plan->services[s].name, cluster))
            return true;
    return false;
}

/* A new revision of the app, on the plan, which is taken over. */
static int move_app(struct acceptance *out, const struct app_record *record, struct plan *plan,
                    struct err *err)
{
    struct app *app = accept_copy_app(record->revision->app, err);

    if (!app) {
        (void)plan_free(plan);
        return err->code;
    }
    *out =
        (struct acceptance){.revision = revision_new(record->revision->number + 1, app, plan)};
    return 0;
}

/* The apps that must move when a cluster is drained. */
struct moves {
    struct acceptance *items;
    size_t count;
    struct plan *refused; /* the first one that cannot; owned */
};

static void moves_fini(struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        (void)revision_unref(moves->items[i].revision);
    free(moves->items);
    (void)plan_free(moves->refused);
}

/* Exchanges what the records have with what the moves bring, and back. */
static void swap_revisions(const struct server_parts *parts, struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        struct revision *moved = moves->items[i].revision;
        struct app_record *record = records_find(parts->records, moved->app->name);

        moves->items[i].revision = record->revision;
        record->revision = moved;
    }
}

static int plan_move(struct moves *moves, struct server_parts *parts,
                     const struct app_record *record, struct err *err)
{
    const struct revision *revision = record->revision;
    struct plan *plan;

    swap_revisions(parts, moves); /* the room that earlier ones take is taken */
    int r = placing_plan(&plan, parts, revision->app, revision->plan, err);
    swap_revisions(parts, moves);
    if (r < 0)
        return r;
    if (plan->refusal_count) {
        moves->refused = plan;
        return 0;
    }
    r = move_app(&moves->items[moves->count], record, plan, err);
    moves->count += r == 0;
    return r;
}

static int plan_moves(struct moves *moves, struct server_parts *parts, const char *cluster,
                      struct err *err)
{
    struct arena *arena = arena_new();
    size_t count;
    struct app_record **records = records_sorted(parts->records, arena, &count);
    int r = 0;

    moves->items = mem_array(count, sizeof(*moves->items));
    for (size_t i = 0; r == 0 && !moves->refused && i < count; i++)
        if (record_uses(records[i], cluster))
            r = plan_move(moves, parts, records[i], err);
    (void)arena_free(arena);
    return r;
}

/* Plans every app that uses the cluster on the fleet `after`. */
static int replan(struct moves *moves, struct server_parts *parts, struct fleet *after,
                  const char *cluster, struct err *err)
{
    struct fleet *before = parts->records->fleet;

    parts->records->fleet = after; /* for the planner's eyes only */
    int r = plan_moves(moves, parts, cluster, err);
    parts->records->fleet = before;
    return r;
}

void fleet_command_drain(void *ctx, const char *name, bool undo, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct fleet *after = fleet_copy(parts->records->fleet, 0);
    const struct cluster *cluster = fleet_find_cluster(after, name);
    struct moves moves = {0};
    struct err err = {0};
    int r = 0;

    if (!cluster) {
        r = err_set(&err, -ENOENT, "there is no cluster '%s' in the fleet", name);
    } else {
        after->clusters[cluster - after->clusters].drained = !undo;
        if (!undo)
            r = replan(&moves, parts, after, name, &err);
    }
    if (r == 0 && !moves.refused) {
        write_fleet(parts, after, json_pack("{s:s, s:b}", "cluster", name, "drained", !undo),
                    moves.items, moves.count, done);
        return;
    }
    (void)fleet_free(after);
    if (r < 0)
        fail(done, &err);
    else
        accept_refuse(take_ptr(&moves.refused), done);
    moves_fini(&moves);
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
    write_fleet(parts, after, json_pack("{s:s}", "removed", name), NULL, 0, done);
}
