/* SPDX-License-Identifier: Apache-2.0 */
#include "server/backend.h"

#include "base/mem.h"
#include "model/plan_json.h"
#include "server/accept.h"
#include "server/fleet_commands.h"
#include "server/logs.h"
#include "server/placing.h"
#include "server/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void fail(struct backend_done done, const struct err *err)
{
    done.fn(done.ctx, err->code, NULL, err);
}

/* Questions. */

static json_t *get_version(void *ctx)
{
    return show_version(ctx);
}

static json_t *get_fleet(void *ctx)
{
    return show_fleet(ctx);
}

static json_t *get_apps(void *ctx)
{
    return show_apps(ctx);
}

static json_t *get_app(void *ctx, const char *name, struct err *err)
{
    const struct server_parts *parts = ctx;
    const struct app_record *record = records_find(parts->records, name);

    if (!record) {
        (void)err_set(err, -ENOENT, "there is no app '%s'", name);
        return NULL;
    }
    return show_app(parts, record);
}

static const struct plan *current_plan(const struct app_record *record)
{
    return record && !record->removing ? record->revision->plan : NULL;
}

static int make_plan(void *ctx, struct app *app, json_t **out, struct err *err)
{
    const struct server_parts *parts = ctx;
    const struct app_record *record = records_find(parts->records, app->name);
    struct plan *plan = NULL;
    int r = placing_plan(&plan, parts, app, current_plan(record), err);

    if (r == 0) {
        struct diff *diff = placing_diff(plan, app, record);

        *out = json_pack("{s:o, s:o}", "plan", plan_to_json(plan), "diff", diff_to_json(diff));
        (void)diff_free(diff);
    }
    (void)plan_free(plan);
    (void)app_free(app);
    return r;
}

static void app_up(void *ctx, struct app *app, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct app_record *record = records_find(parts->records, app->name);
    struct plan *plan = NULL;
    struct err err = {0};

    if (placing_plan(&plan, parts, app, current_plan(record), &err) < 0) {
        (void)app_free(app);
        fail(done, &err);
        return;
    }
    if (plan->refusal_count) {
        (void)app_free(app);
        accept_refuse(plan, done);
        return;
    }
    uint64_t number = record ? record->revision->number + 1 : 1;
    accept_revision(parts, (struct acceptance){.revision = revision_new(number, app, plan)},
                    done);
}

/* The record of a command on an app that must exist; NULL: answered. */
static struct app_record *find_app(struct server_parts *parts, const char *name,
                                   struct backend_done done)
{
    struct app_record *record = records_find(parts->records, name);
    struct err err = {0};

    if (record)
        return record;
    (void)err_set(&err, -ENOENT, "there is no app '%s'", name);
    fail(done, &err);
    return NULL;
}

static void app_down(void *ctx, const char *name, bool volumes, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct app_record *record = find_app(parts, name, done);

    if (record)
        accept_revision(
            parts,
            (struct acceptance){.revision = revision_ref(record->revision),
                                .removing = true,
                                .remove_volumes =
                                    volumes || (record->removing && record->remove_volumes)},
            done);
}

static void app_scale(void *ctx, const char *name, const struct backend_scale *scales,
                      size_t count, struct backend_done done)
{
    struct server_parts *parts = ctx;
    struct app_record *record = find_app(parts, name, done);
    struct err err = {0};

    if (!record)
        return;
    if (record->removing) {
        (void)err_set(&err, -EBUSY, "app '%s' is being taken down", name);
        fail(done, &err);
        return;
    }
    struct app *app = accept_copy_app(record->revision->app, &err);
    if (!app) {
        fail(done, &err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct service *service = app_find_service(app, scales[i].service);

        if (!service) {
            (void)err_set(&err, -ENOENT, "app '%s' has no service '%.100s'", name,
                          scales[i].service);
            (void)app_free(app);
            fail(done, &err);
            return;
        }
        app->services[service - app->services].replicas = scales[i].replicas;
    }
    app_up(ctx, app, done);
}

/* Streams. */

struct backend_stream {
    struct feed_listener *listener; /* NULL once the sink was told the end */
    struct logs_stream *logs;
    char *app, *since; /* of events: what they must be of, and after; NULL: any */
    struct backend_sink sink;
};

static void stream_end(struct backend_stream *stream)
{
    stream->listener = feed_leave(stream->listener);
    stream->sink.on_end(stream->sink.ctx);
}

/* The events of an app are those that name it. */
static bool is_wanted(const struct backend_stream *stream, const json_t *event)
{
    const char *app = json_string_value(json_object_get(event, "app"));
    const char *at = json_string_value(json_object_get(event, "at"));

    if (stream->app && (!app || strcmp(app, stream->app) != 0))
        return false;
    return !stream->since || (at && strcmp(at, stream->since) >= 0);
}

static void on_event_line(void *ctx, const json_t *line)
{
    struct backend_stream *stream = ctx;

    if (!is_wanted(stream, line))
        return;
    stream->sink.on_line(stream->sink.ctx, line);
}

static void on_progress_line(void *ctx, const json_t *line)
{
    struct backend_stream *stream = ctx;
    const char *phase = json_string_value(json_object_get(line, "phase"));

    stream->sink.on_line(stream->sink.ctx, line);
    if (phase && (strcmp(phase, "done") == 0 || strcmp(phase, "failed") == 0))
        stream_end(stream);
}

static struct backend_stream *stream_new(struct backend_sink sink)
{
    struct backend_stream *stream = mem_new(struct backend_stream);

    stream->sink = sink;
    return stream;
}

static struct backend_stream *open_progress(void *ctx, const char *app,
                                            struct backend_sink sink, struct err *err)
{
    struct server_parts *parts = ctx;
    struct app_record *record = records_find(parts->records, app);
    json_t *line;

    if (!record) {
        (void)err_set(err, -ENOENT, "there is no app '%s'", app);
        return NULL;
    }
    struct backend_stream *stream = stream_new(sink);
    stream->listener = feed_listen(record->progress, false, on_progress_line, stream);
    line = json_pack("{s:s, s:s}", "phase", "accepted", "message", "");
    sink.on_line(sink.ctx, line);
    json_decref(line);
    record->wants_announcement = true;
    reconciler_touch(parts->reconciler, record);
    return stream;
}

static struct backend_stream *open_events(void *ctx, const struct backend_events *events,
                                          struct backend_sink sink, struct err *err)
{
    struct server_parts *parts = ctx;
    struct backend_stream *stream = stream_new(sink);

    (void)err;
    stream->app = events->app ? mem_strdup(events->app) : NULL;
    stream->since = events->since ? mem_strdup(events->since) : NULL;
    stream->listener = feed_listen(parts->events, true, on_event_line, stream);
    if (!events->follow)
        stream_end(stream);
    return stream;
}

static struct backend_stream *open_logs(void *ctx, const struct backend_logs *logs,
                                        struct backend_sink sink, struct err *err)
{
    struct server_parts *parts = ctx;
    struct backend_stream *stream = stream_new(sink);

    (void)err;
    stream->logs = logs_open(parts->reconciler, logs, sink);
    return stream;
}

static void stream_close(void *ctx, struct backend_stream *stream)
{
    (void)ctx;
    stream->listener = feed_leave(stream->listener);
    stream->logs = logs_close(stream->logs);
    free(stream->app);
    free(stream->since);
    free(stream);
}

static void ask_dns(void *ctx, struct backend_done done)
{
    struct server_parts *parts = ctx;

    steering_table(parts->steering, done);
}

const struct backend server_backend = {
    .version = get_version,
    .fleet = get_fleet,
    .apps = get_apps,
    .app = get_app,
    .plan = make_plan,
    .fleet_apply = fleet_command_apply,
    .cluster_remove = fleet_command_remove,
    .cluster_drain = fleet_command_drain,
    .app_up = app_up,
    .app_down = app_down,
    .app_scale = app_scale,
    .progress = open_progress,
    .events = open_events,
    .logs = open_logs,
    .stream_close = stream_close,
    .dns = ask_dns,
};
