/* SPDX-License-Identifier: Apache-2.0 */
#include "server/logs.h"

#include "base/clock.h"
#include "base/mem.h"
#include "server/call.h"

#include <stdlib.h>
#include <string.h>

/* One copy whose logs are read. */
struct source {
    struct logs_stream *stream;
    char *cluster, *service, *replica, *id;
    struct call *call; /* NULL: its log has ended */
    int64_t ended_ms;  /* wall time of that */
    bool has_failed;   /* it ended with an error */
    bool is_seen;      /* mark of one look */
};

struct logs_stream {
    struct backend_sink sink;
    struct reconciler *reconciler;
    struct backend_logs logs; /* what was asked for; the names are ours */
    char *app, *service, *cluster;
    struct reconciler_watcher watcher; /* only where it goes on as lines come */
    struct source **sources;
    size_t count, capacity, running;
    uv_timer_t *later; /* ends a stream without sources, not from inside logs_open */
};

static void on_log(void *ctx, const struct driver_log_line *line)
{
    struct source *source = ctx;
    struct logs_stream *stream = source->stream;
    /* What a container prints need not be UTF-8; JSON must be. */
    json_t *text = json_stringn(line->text, line->len);

    if (!text)
        text = json_sprintf("(%zu bytes that are not UTF-8)", line->len);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "cluster", source->cluster, "service",
                  source->service, "replica", source->replica, "stream",
                  line->is_stderr ? "stderr" : "stdout", "line", text, "at", line->at);
    if (!json)
        return;
    stream->sink.on_line(stream->sink.ctx, json);
    json_decref(json);
}

static void say_error(struct source *source, const char *message)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "cluster", source->cluster, "service",
                             source->service, "replica", source->replica, "error", message);

    if (!json)
        return;
    source->stream->sink.on_line(source->stream->sink.ctx, json);
    json_decref(json);
}

static void on_done(void *ctx, struct driver_call *call, const struct err *err)
{
    struct source *source = ctx;
    struct logs_stream *stream = source->stream;

    (void)call;
    source->call = NULL;
    source->ended_ms = clock_wall_ms();
    source->has_failed = err != NULL;
    if (err)
        say_error(source, err->text);
    if (--stream->running == 0 && !stream->logs.follow)
        stream->sink.on_end(stream->sink.ctx);
}

static bool is_wanted(const struct backend_logs *logs, const struct control_cluster *cluster,
                      const struct observed_replica *replica)
{
    return strcmp(replica->app, logs->app) == 0 &&
           (!logs->service || strcmp(replica->service, logs->service) == 0) &&
           (!logs->cluster || strcmp(cluster->cluster->name, logs->cluster) == 0);
}

static struct source *add_source(struct logs_stream *stream,
                                 const struct control_cluster *cluster,
                                 const struct observed_replica *replica)
{
    struct source *source = mem_new(struct source);

    *source = (struct source){
        .stream = stream,
        .cluster = mem_strdup(cluster->cluster->name),
        .service = mem_strdup(replica->service),
        .replica = mem_strdup(replica->name),
        .id = mem_strdup(replica->id),
    };
    stream->sources =
        mem_grow(stream->sources, stream->count, &stream->capacity, sizeof(*stream->sources));
    stream->sources[stream->count++] = source;
    return source;
}

static void source_free(struct source *source)
{
    source->call = call_cancel(source->call);
    free(source->cluster);
    free(source->service);
    free(source->replica);
    free(source->id);
    free(source);
}

static struct source *find_source(const struct logs_stream *stream, const char *cluster,
                                  const char *id)
{
    for (size_t i = 0; i < stream->count; i++)
        if (strcmp(stream->sources[i]->id, id) == 0 &&
            strcmp(stream->sources[i]->cluster, cluster) == 0)
            return stream->sources[i];
    return NULL;
}

static void start(struct source *source, int tail, int64_t since_s)
{
    struct logs_stream *stream = source->stream;
    struct link *link = reconciler_find_link(stream->reconciler, source->cluster);
    struct driver_call call = {
        .replica_id = source->id,
        .follow = stream->logs.follow,
        .timestamps = stream->logs.timestamps,
        .tail = tail,
        .log_since_s = since_s,
        .on_log = on_log,
        .ctx = source,
    };

    source->call = link_logs(link, &call, on_done, source);
    stream->running++;
}

/*
 * A log that has ended is read on when its copy runs again; one that failed, when its cluster
 * was away since then: what fails for another reason would fail for ever.
 */
static bool goes_on(const struct source *source, const struct observed_replica *replica)
{
    const struct link *link = reconciler_find_link(source->stream->reconciler, source->cluster);

    return !source->call && replica->state == REPLICA_RUNNING &&
           (!source->has_failed || link_since_ms(link) > source->ended_ms);
}

/* Forgets the copies of the cluster that are no more. */
static void prune(struct logs_stream *stream, const char *cluster)
{
    size_t kept = 0;

    for (size_t i = 0; i < stream->count; i++) {
        struct source *source = stream->sources[i];

        if (!source->call && !source->is_seen && strcmp(source->cluster, cluster) == 0)
            source_free(source);
        else
            stream->sources[kept++] = source;
    }
    stream->count = kept;
}

/* The first look takes as much of each log as was asked for; of what is new later, all. */
static void look(struct logs_stream *stream, const struct control_cluster *cluster,
                 bool is_first)
{
    const struct observation *seen = cluster->observation;
    const char *name = cluster->cluster->name;

    for (size_t i = 0; i < stream->count; i++)
        stream->sources[i]->is_seen = false;
    for (size_t i = 0; i < seen->replica_count; i++) {
        const struct observed_replica *replica = &seen->replicas[i];

        if (!is_wanted(&stream->logs, cluster, replica))
            continue;
        struct source *source = find_source(stream, name, replica->id);
        if (!source) {
            source = add_source(stream, cluster, replica);
            start(source, is_first ? stream->logs.tail : -1,
                  is_first ? stream->logs.since_s : 0);
        } else if (goes_on(source, replica)) {
            start(source, -1, source->ended_ms / 1000);
        }
        source->is_seen = true;
    }
    prune(stream, name);
}

/* `name`: of one cluster; NULL: all. */
static void look_at(struct logs_stream *stream, const char *name, bool is_first)
{
    struct arena *arena = arena_new();
    size_t count;
    struct control_cluster *clusters = reconciler_clusters(stream->reconciler, arena, &count);

    for (size_t c = 0; c < count; c++)
        if (clusters[c].visible && (!name || strcmp(clusters[c].cluster->name, name) == 0))
            look(stream, &clusters[c], is_first);
    (void)arena_free(arena);
}

static void on_observation(void *ctx, struct link *link)
{
    look_at(ctx, link_cluster(link)->name, false);
}

static void on_later(uv_timer_t *timer)
{
    struct logs_stream *stream = timer->data;

    stream->sink.on_end(stream->sink.ctx);
}

static void end_later(struct logs_stream *stream, uv_loop_t *loop)
{
    stream->later = mem_new(uv_timer_t);
    (void)uv_timer_init(loop, stream->later);
    stream->later->data = stream;
    (void)uv_timer_start(stream->later, on_later, 0, 0);
}

static char *copy_text(const char *text)
{
    return text ? mem_strdup(text) : NULL;
}

struct logs_stream *logs_open(struct reconciler *reconciler, const struct backend_logs *logs,
                              struct backend_sink sink)
{
    struct logs_stream *stream = mem_new(struct logs_stream);

    stream->sink = sink;
    stream->reconciler = reconciler;
    stream->logs = *logs;
    stream->logs.app = stream->app = copy_text(logs->app);
    stream->logs.service = stream->service = copy_text(logs->service);
    stream->logs.cluster = stream->cluster = copy_text(logs->cluster);
    stream->watcher = (struct reconciler_watcher){.fn = on_observation, .ctx = stream};
    look_at(stream, NULL, true);
    if (logs->follow)
        reconciler_watch(reconciler, &stream->watcher);
    else if (!stream->count)
        end_later(stream, reconciler_loop(reconciler));
    return stream;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

struct logs_stream *logs_close(struct logs_stream *stream)
{
    if (!stream)
        return NULL;
    reconciler_unwatch(stream->reconciler, &stream->watcher);
    for (size_t i = 0; i < stream->count; i++)
        source_free(stream->sources[i]);
    free(stream->app);
    free(stream->service);
    free(stream->cluster);
    if (stream->later)
        uv_close((uv_handle_t *)stream->later, on_closed);
    free(stream->sources);
    free(stream);
    return NULL;
}
