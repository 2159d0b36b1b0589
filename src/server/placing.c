/* SPDX-License-Identifier: Apache-2.0 */
#include "server/placing.h"

#include "control/rooms.h"
#include "model/app_json.h"

#include <string.h>

static const struct rooms_cluster *what_is_known(struct arena *arena,
                                                 const struct server_parts *parts)
{
    const struct fleet *fleet = parts->records->fleet;
    struct rooms_cluster *known = arena_array(arena, fleet->cluster_count, sizeof(*known));

    for (size_t i = 0; i < fleet->cluster_count; i++) {
        const struct link *link =
            reconciler_find_link(parts->reconciler, fleet->clusters[i].name);

        known[i] = (struct rooms_cluster){
            .is_ready = link_is_ready(link),
            .cpus_nano = link_info(link)->cpus_nano,
            .memory_bytes = link_info(link)->memory_bytes,
            .seen = link_observation(link),
        };
    }
    return known;
}

int placing_plan(struct plan **out, const struct server_parts *parts, const struct app *app,
                 const struct plan *current, struct err *err)
{
    struct arena *arena = arena_new();
    size_t count, other_count = 0;
    struct app_record **records = records_sorted(parts->records, arena, &count);
    const struct revision **others = arena_array(arena, count, sizeof(struct revision *));

    for (size_t i = 0; i < count; i++)
        if (!records[i]->removing && strcmp(records[i]->name, app->name) != 0)
            others[other_count++] = records[i]->revision;
    struct rooms_input rooms = {
        .fleet = parts->records->fleet,
        .clusters = what_is_known(arena, parts),
        .app = app->name,
        .current = current,
        .others = others,
        .other_count = other_count,
    };
    struct planner_input input = {
        .app = app,
        .fleet = parts->records->fleet,
        .rooms = rooms_make(arena, &rooms),
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
    const char **digests = revision_digests(arena, app);
    redefined.items = arena_array(arena, app->service_count, sizeof(*redefined.items));
    for (size_t i = 0; i < app->service_count; i++) {
        const struct service *old = app_find_service(before->app, app->services[i].name);

        if (old && strcmp(digests[i], before->digests[old - before->app->services]) != 0)
            redefined.items[redefined.count++] = app->services[i].name;
    }
    struct diff *diff = diff_make(plan, before->plan, &redefined);
    (void)arena_free(arena);
    return diff;
}
