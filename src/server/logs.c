/* SPDX-License-Identifier: Apache-2.0 */
#include "server/logs.h"

#include "base/mem.h"
#include "server/call.h"

#include <stdlib.h>
#include <string.h>

/* One copy whose logs are read. */
struct source {
    struct logs_stream *stream;
    char *cluster, *service, *replica, *id;
    struct call *call;
};

struct logs_stream {
    struct backend_sink sink;
    struct source *sources;
    size_t count, running;
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
    if (err)
        say_error(source, err->text);
    if (--stream->running == 0)
        stream->sink.on_end(stream->sink.ctx);
}

static bool is_wanted(const struct backend_logs *logs, const struct control_cluster *cluster,
                      const struct observed_replica *replica)
{
    return strcmp(replica->app, logs->app) == 0 &&
           (!logs->service || strcmp(replica->service, logs->service) == 0) &&
           (!logs->cluster || strcmp(cluster->cluster->name, logs->cluster) == 0);
}

static void add_source(struct logs_stream *stream, size_t *capacity,
                       const struct control_cluster *cluster,
                       const struct observed_replica *replica)
{
    stream->sources =
        mem_grow(stream->sources, stream->count, capacity, sizeof(*stream->sources));
    stream->sources[stream->count++] = (struct source){
        .stream = stream,
        .cluster = mem_strdup(cluster->cluster->name),
        .service = mem_strdup(replica->service),
        .replica = mem_strdup(replica->name),
        .id = mem_strdup(replica->id),
    };
}

static void start(struct reconciler *reconciler, const struct backend_logs *logs,
                  struct source *source)
{
    struct link *link = reconciler_find_link(reconciler, source->cluster);
    struct driver_call call = {
        .replica_id = source->id,
        .follow = logs->follow,
        .timestamps = logs->timestamps,
        .tail = logs->tail,
        .log_since_s = logs->since_s,
        .on_log = on_log,
        .ctx = source,
    };

    source->call = link_logs(link, &call, on_done, source);
    source->stream->running++;
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

struct logs_stream *logs_open(struct reconciler *reconciler, const struct backend_logs *logs,
                              struct backend_sink sink)
{
    struct logs_stream *stream = mem_new(struct logs_stream);
    struct arena *arena = arena_new();
    size_t cluster_count, capacity = 0;
    struct control_cluster *clusters = reconciler_clusters(reconciler, arena, &cluster_count);

    stream->sink = sink;
    for (size_t c = 0; c < cluster_count; c++) {
        const struct observation *seen = clusters[c].observation;

        for (size_t i = 0; clusters[c].visible && i < seen->replica_count; i++)
            if (is_wanted(logs, &clusters[c], &seen->replicas[i]))
                add_source(stream, &capacity, &clusters[c], &seen->replicas[i]);
    }
    for (size_t i = 0; i < stream->count; i++)
        start(reconciler, logs, &stream->sources[i]);
    if (!stream->count)
        end_later(stream, reconciler_loop(reconciler));
    (void)arena_free(arena);
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
    for (size_t i = 0; i < stream->count; i++) {
        struct source *source = &stream->sources[i];

        source->call = call_cancel(source->call);
        free(source->cluster);
        free(source->service);
        free(source->replica);
        free(source->id);
    }
    if (stream->later)
        uv_close((uv_handle_t *)stream->later, on_closed);
    free(stream->sources);
    free(stream);
    return NULL;
}
