/* SPDX-License-Identifier: Apache-2.0 */
#include "server/link.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/sm.h"
#include "control/pace.h"
#include "control/work.h"
#include "server/call.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum link_state { LINK_WAITING, LINK_CONNECTING, LINK_LISTING, LINK_READY };

static const struct sm_state link_states[] = {
    [LINK_WAITING] = {"waiting", SM_TO(LINK_CONNECTING)},
    [LINK_CONNECTING] = {"connecting", SM_TO(LINK_LISTING) | SM_TO(LINK_WAITING)},
    [LINK_LISTING] = {"listing", SM_TO(LINK_READY) | SM_TO(LINK_WAITING)},
    [LINK_READY] = {"ready", SM_TO(LINK_WAITING)},
};

/* A list may take a loaded Engine a minute; one that is silent for this long is asked whether
 * it is there at all. */
#define PULSE_MS 5000

#define STREAMS_MAX 16

/* A stream that ends sooner was refused, whatever its status said. */
#define STREAM_MS_MIN 1000

struct stream {
    struct link *link;
    unsigned number;
    struct call *call;
    uint64_t started_ms;
};

struct link {
    uv_loop_t *loop;
    struct http_client *client;
    const struct driver *driver;
    struct arena *arena; /* of the cluster's copy */
    struct cluster cluster;
    struct access *access;
    const struct link_handlers *handlers;
    void *ctx;
    struct random random;

    unsigned state;
    int64_t since_ms;
    char error[480];
    struct driver_info info;
    char engine[64];

    struct call *connect, *list, *pulse;
    struct stream streams[STREAMS_MAX];
    unsigned stream_count;
    void *mirror; /* the driver's; NULL where it has none, or before the first list */
    struct observation *observation;
    int64_t seen_ns; /* time of the newest change, to resume the stream */
    bool is_dirty;   /* something changed since the running or last list began */
    struct pace pace;

    uv_timer_t timer;       /* connect again, or the next list */
    uv_timer_t retry_timer; /* actions that failed */
    uv_timer_t pulse_timer; /* while a list is read */
    unsigned closing;       /* timers that are not closed yet */
    struct work_queue works;
};

static void connect_start(struct link *link);
static void list_start(struct link *link);
static void list_plan(struct link *link);
static void works_run(struct link *link);
static void plan_retry(struct link *link);

static void move(struct link *link, enum link_state to)
{
    bool was_ready = link->state == LINK_READY;

    sm_move(link_states, &link->state, to);
    if (was_ready != (to == LINK_READY)) {
        link->since_ms = clock_wall_ms();
        link->handlers->on_state(link->ctx, link);
    }
}

static void cancel_work(void *call)
{
    (void)call_cancel(call);
}

static void cancel_all(struct link *link)
{
    link->connect = call_cancel(link->connect);
    for (unsigned i = 0; i < link->stream_count; i++)
        link->streams[i].call = call_cancel(link->streams[i].call);
    link->list = call_cancel(link->list);
    link->pulse = call_cancel(link->pulse);
    (void)uv_timer_stop(&link->pulse_timer);
    access_cancel(link->access);
    work_queue_cancel(&link->works);
    if (link->driver->mirror_free)
        link->mirror = link->driver->mirror_free(link->mirror);
}

static void on_retry_timer(uv_timer_t *timer)
{
    connect_start(timer->data);
}

static void fail(struct link *link, const struct err *err)
{
    bool was_ready = link->state == LINK_READY;
    bool is_news = strcmp(link->error, err->text) != 0;
    unsigned wait = pace_on_failure(&link->pace, was_ready, clock_monotonic_ms()) / 2;

    if (err->code == -EKEYEXPIRED)
        access_spoil(link->access);
    cancel_all(link);
    (void)snprintf(link->error, sizeof(link->error), "%s", err->text);
    move(link, LINK_WAITING); /* tells when it was ready */
    if (!was_ready && is_news)
        link->handlers->on_state(link->ctx, link);
    wait += random_below(&link->random, wait + 1);
    (void)uv_timer_start(&link->timer, on_retry_timer, wait, 0);
}

/* Connecting. */

static void stream_start(struct stream *stream);

/* Streams of a driver with a mirror go on from where they were; others lose what happened. */
static void on_stream_end(void *ctx, struct driver_call *call, const struct err *err)
{
    struct stream *stream = ctx;
    struct link *link = stream->link;
    struct err ended = {0};

    (void)call;
    stream->call = NULL;
    if (!err && link->mirror && clock_monotonic_ms() - stream->started_ms >= STREAM_MS_MIN) {
        stream_start(stream);
        return;
    }
    if (!err)
        (void)err_set(&ended, -ECONNRESET, "%s at %s: the event stream ended",
                      link->driver->name, link->cluster.name);
    fail(link, err ? err : &ended);
}

static void on_change(void *ctx, const struct driver_change *change)
{
    struct link *link = ctx;

    if (change->at_ns > link->seen_ns)
        link->seen_ns = change->at_ns;
    if (!change->matters)
        return;
    link->is_dirty = true;
    link->handlers->on_change(link->ctx, link, change);
    list_plan(link);
}

static struct call *start(struct link *link, const struct driver_call *proto,
                          call_on_done *on_done)
{
    return call_start(link->loop, link->client, link->access, proto, on_done, link);
}

static void stream_start(struct stream *stream)
{
    struct link *link = stream->link;
    struct driver_call watch = {.op = DRIVER_WATCH,
                                .cluster = &link->cluster,
                                .api_minor = link->info.api_minor,
                                .dialect = link->info.dialect,
                                .mirror = link->mirror,
                                .stream = stream->number,
                                .since_ns = link->seen_ns,
                                .on_change = on_change,
                                .ctx = link};

    stream->started_ms = clock_monotonic_ms();
    stream->call =
        call_start(link->loop, link->client, link->access, &watch, on_stream_end, stream);
}

static void streams_start(struct link *link)
{
    for (unsigned i = 0; i < link->stream_count; i++)
        stream_start(&link->streams[i]);
}

static void on_connected(void *ctx, struct driver_call *call, const struct err *err)
{
    struct link *link = ctx;

    link->connect = NULL;
    if (err) {
        fail(link, err);
        return;
    }
    (void)snprintf(link->engine, sizeof(link->engine), "%s",
                   call->info.engine ? call->info.engine : "");
    link->info = call->info;
    link->info.engine = link->engine;
    move(link, LINK_LISTING);

    if (link->driver->mirror_new)
        link->mirror = link->driver->mirror_new();
    else
        streams_start(link); /* before the list: nothing falls between them */
    list_start(link);
}

static void on_access(void *ctx, const struct err *err)
{
    struct link *link = ctx;
    struct driver_call call = {.op = DRIVER_CONNECT, .cluster = &link->cluster};
    struct err why;

    if (!err) {
        link->connect = start(link, &call, on_connected);
        return;
    }
    why = *err;
    (void)err_wrap(&why, "%s at %s", link->driver->name, link->cluster.name);
    fail(link, &why);
}

static void connect_start(struct link *link)
{
    move(link, LINK_CONNECTING);
    access_prepare(link->access, on_access, link);
}

/* Listing. */

static void on_listed(void *ctx, struct driver_call *call, const struct err *err)
{
    struct link *link = ctx;

    link->list = NULL;
    (void)uv_timer_stop(&link->pulse_timer);
    if (err) {
        fail(link, err);
        return;
    }
    (void)observation_free(link->observation);
    link->observation = call->observation;
    call->observation = NULL;
    pace_look_end(&link->pace, clock_monotonic_ms());
    work_queue_forget_done(&link->works, link->pace.look_ms);
    if (link->observation->cpus_nano) {
        link->info.cpus_nano = link->observation->cpus_nano;
        link->info.memory_bytes = link->observation->memory_bytes;
    }
    if (link->state == LINK_LISTING) {
        if (link->mirror)
            streams_start(link); /* from where the list ended */
        link->error[0] = '\0';
        pace_on_ready(&link->pace, clock_monotonic_ms());
        move(link, LINK_READY);
    }
    link->handlers->on_observation(link->ctx, link);
    if (link->state == LINK_READY)
        list_plan(link);
}

static void on_pulse_timer(uv_timer_t *timer);

static void on_pulse(void *ctx, struct driver_call *call, const struct err *err)
{
    struct link *link = ctx;

    (void)call;
    link->pulse = NULL;
    if (err)
        fail(link, err);
    else if (link->list)
        (void)uv_timer_start(&link->pulse_timer, on_pulse_timer, PULSE_MS, 0);
}

static void on_pulse_timer(uv_timer_t *timer)
{
    struct link *link = timer->data;
    struct driver_call call = {.op = DRIVER_CONNECT, .cluster = &link->cluster};

    if (!link->pulse)
        link->pulse = start(link, &call, on_pulse);
}

static void list_start(struct link *link)
{
    struct driver_call call = {.op = DRIVER_LIST,
                               .cluster = &link->cluster,
                               .api_minor = link->info.api_minor,
                               .dialect = link->info.dialect,
                               .mirror = link->mirror};

    assert(!link->list);

    link->is_dirty = false;
    pace_look_begin(&link->pace, clock_monotonic_ms());
    link->list = start(link, &call, on_listed);
    (void)uv_timer_start(&link->pulse_timer, on_pulse_timer, PULSE_MS, 0);
}

static void on_list_timer(uv_timer_t *timer)
{
    struct link *link = timer->data;

    if (link->state == LINK_READY && !link->list)
        list_start(link);
}

static void list_plan(struct link *link)
{
    struct pace_news news = {.has_changed = link->is_dirty,
                             .is_busy = work_queue_is_busy(&link->works),
                             .is_full = link->works.queued != NULL,
                             .is_mirror = link->mirror != NULL};

    if (link->state == LINK_READY && !link->list)
        (void)uv_timer_start(&link->timer, on_list_timer,
                             pace_look_wait(&link->pace, news, clock_monotonic_ms()), 0);
}

/* Actions. */

static void on_work_done(void *ctx, struct driver_call *call, const struct err *err)
{
    struct work *work = ctx;
    struct link *link = work->owner;

    (void)call;
    work->call = NULL;
    link->is_dirty = true;
    work_queue_finish(&link->works, work, clock_monotonic_ms(), err);
    link->handlers->on_action_done(link->ctx, link, &work->action, err);
    if (err && err->code == -EKEYEXPIRED) {
        fail(link, err); /* connecting again brings new credentials */
        return;
    }
    plan_retry(link);
    works_run(link);
    list_plan(link);
}

static void on_work_retry(uv_timer_t *timer)
{
    struct link *link = timer->data;
    const char *app;

    while ((app = work_queue_take_retry(&link->works, clock_monotonic_ms())))
        link->handlers->on_retry(link->ctx, link, app);
    plan_retry(link);
}

static void plan_retry(struct link *link)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t due = work_queue_retry_due(&link->works);

    if (due)
        (void)uv_timer_start(&link->retry_timer, on_work_retry, due > now ? due - now : 0, 0);
}

static void works_run(struct link *link)
{
    struct work *work;

    while (link->state == LINK_READY && link->works.running < LINK_ACTIONS_MAX &&
           (work = work_queue_begin(&link->works))) {
        struct driver_call call = {.op = DRIVER_APPLY,
                                   .cluster = &link->cluster,
                                   .api_minor = link->info.api_minor,
                                   .dialect = link->info.dialect,
                                   .mirror = link->mirror,
                                   .action = &work->action,
                                   .app = work->revision->app,
                                   .registry_auth = work->registry_auth};

        if (work->action.service)
            call.service = app_find_service(call.app, work->action.service);
        work->owner = link;
        link->handlers->on_action_start(link->ctx, link, &work->action);
        work->call =
            call_start(link->loop, link->client, link->access, &call, on_work_done, work);
    }
}

int link_submit(struct link *link, const struct action *action, struct revision *revision,
                const char *registry_auth)
{
    int r = work_queue_add(&link->works, action, revision, registry_auth, clock_monotonic_ms());

    if (r == WORK_LATER)
        plan_retry(link);
    else if (r == WORK_TAKEN)
        works_run(link);
    return r;
}

bool link_has_action(const struct link *link, const struct action *action)
{
    return work_queue_has(&link->works, action);
}

unsigned link_count_pending(const struct link *link, const char *app)
{
    return work_queue_count_pending(&link->works, app);
}

const char *link_action_error(const struct link *link, const char *app)
{
    return work_queue_error(&link->works, app);
}

struct call *link_logs(struct link *link, const struct driver_call *proto,
                       void (*on_done)(void *ctx, struct driver_call *, const struct err *),
                       void *ctx)
{
    struct driver_call call = *proto;

    call.op = DRIVER_LOGS;
    call.cluster = &link->cluster;
    call.api_minor = link->info.api_minor;
    call.dialect = link->info.dialect;
    return call_start(link->loop, link->client, link->access, &call, on_done, ctx);
}

/* Opening and closing. */

struct link *link_open(uv_loop_t *loop, struct http_client *client,
                       const struct cluster *cluster, uint64_t seed,
                       const struct link_handlers *handlers, void *ctx)
{
    struct link *link = mem_new(struct link);

    link->loop = loop;
    link->client = client;
    link->arena = arena_new();
    cluster_copy(link->arena, &link->cluster, cluster);
    link->driver = driver_find(cluster->driver);
    link->access = access_new(loop, &link->cluster);
    assert(link->driver); /* fleets with unknown drivers are refused at the edge */
    link->handlers = handlers;
    link->ctx = ctx;
    link->since_ms = clock_wall_ms();
    pace_init(&link->pace);
    random_init(&link->random, seed);
    work_queue_init(&link->works, cancel_work);
    link->stream_count = link->driver->streams ? link->driver->streams : 1;
    assert(link->stream_count <= STREAMS_MAX);
    for (unsigned i = 0; i < link->stream_count; i++)
        link->streams[i] = (struct stream){.link = link, .number = i};
    (void)uv_timer_init(loop, &link->timer);
    (void)uv_timer_init(loop, &link->retry_timer);
    (void)uv_timer_init(loop, &link->pulse_timer);
    link->timer.data = link;
    link->retry_timer.data = link;
    link->pulse_timer.data = link;
    /* From the loop, so that no handler is called before this returns. */
    (void)uv_timer_start(&link->timer, on_retry_timer, 0, 0);
    return link;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;

    if (--link->closing)
        return;
    (void)observation_free(link->observation);
    (void)arena_free(link->arena);
    free(link);
}

struct link *link_close(struct link *link)
{
    if (!link)
        return NULL;
    cancel_all(link);
    link->access = access_unref(link->access);
    work_queue_fini(&link->works);
    link->closing = 3;
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
    uv_close((uv_handle_t *)&link->pulse_timer, on_timer_closed);
    uv_close((uv_handle_t *)&link->retry_timer, on_timer_closed);
    return NULL;
}

/* What others see. */

const struct cluster *link_cluster(const struct link *link)
{
    return &link->cluster;
}

void link_set_drained(struct link *link, bool drained)
{
    link->cluster.drained = drained;
}

bool link_is_ready(const struct link *link)
{
    return link->state == LINK_READY;
}

bool link_keeps_services(const struct link *link)
{
    return link->driver->keeps_services;
}

const char *link_state_name(const struct link *link)
{
    if (link->state == LINK_READY)
        return "ready";
    return link->error[0] ? "unreachable" : "connecting";
}

int64_t link_since_ms(const struct link *link)
{
    return link->since_ms;
}

const char *link_error(const struct link *link)
{
    return link->error;
}

const struct driver_info *link_info(const struct link *link)
{
    return &link->info;
}

const struct observation *link_observation(const struct link *link)
{
    return link->observation;
}
