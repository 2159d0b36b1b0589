/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reconciler.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/intent_json.h"
#include "server/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reconciler {
    uv_loop_t *loop;
    struct http_client *client;
    struct records *records;
    struct disk *disk;
    struct steering *steering;
    struct feed *events;
    struct map links; /* cluster name -> link; the keys are the links' own */
    struct registry *registry;
    struct reconciler_watcher *watchers;
    struct random random;
    uv_prepare_t tick; /* runs once before the loop waits, while something is dirty */
    uv_timer_t leaving_timer;
    unsigned closing;
    bool intent_is_dirty;
    bool intent_was_sent; /* by this process */
};

/* Events and progress. */

static void publish_event(struct reconciler *r, const char *kind, const char *app,
                          const char *service, const char *cluster, const char *message)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", kind, "app", app ? app : "",
                             "service", service ? service : "", "cluster",
                             cluster ? cluster : "", "message", message);

    if (line)
        feed_publish(r->events, line);
}

static json_t *progress_line(const struct app_record *record, const char *phase,
                             const char *message)
{
    return json_pack("{s:s, s:s, s:i, s:i}", "phase", phase, "message", message, "done",
                     (int)record->actions_done, "total", (int)record->actions_total);
}

static void describe(const struct action *action, char *out, size_t size)
{
    const char *kind = action_kind_name(action->kind);

    if (action->kind == ACTION_SERVICE_APPLY)
        (void)snprintf(out, size, "%s %s, copies: %u", kind, action->service, action->number);
    else if (action->kind == ACTION_SERVICE_REMOVE)
        (void)snprintf(out, size, "%s %s", kind, action->service);
    else if (action->service)
        (void)snprintf(out, size, "%s %s-%u", kind, action->service, action->number);
    else
        (void)snprintf(out, size, "%s %s", kind, action->target ? action->target : action->app);
}

static void publish_action(struct reconciler *r, const struct action *action,
                           const char *status, const char *message)
{
    struct app_record *record = records_find(r->records, action->app);
    char what[200];

    describe(action, what, sizeof(what));
    if (record) {
        json_t *line = progress_line(record, "action", message);

        if (!line)
            return;
        (void)json_object_set_new(line, "cluster", json_string(action->cluster));
        (void)json_object_set_new(line, "service",
                                  json_string(action->service ? action->service : ""));
        (void)json_object_set_new(line, "what", json_string(what));
        (void)json_object_set_new(line, "status", json_string(status));
        feed_publish(record->progress, line);
    }
}

/* Links. */

static void on_state(void *ctx, struct link *link)
{
    struct reconciler *r = ctx;
    const struct cluster *cluster = link_cluster(link);

    if (link_is_ready(link)) {
        log_info("cluster=%s state=ready engine=%s", cluster->name, link_info(link)->engine);
        publish_event(r, "cluster-ready", NULL, NULL, cluster->name, link_info(link)->engine);
    } else if (link_error(link)[0]) {
        log_warn("cluster=%s state=unreachable error=%s", cluster->name, link_error(link));
        publish_event(r, "cluster-unreachable", NULL, NULL, cluster->name, link_error(link));
    }
    reconciler_touch_all(r);
}

static void on_observation(void *ctx, struct link *link)
{
    struct reconciler *r = ctx;

    reconciler_touch_all(r);
    for (struct reconciler_watcher *w = r->watchers, *next; w; w = next) {
        next = w->next;
        w->fn(w->ctx, link);
    }
}

static void on_change(void *ctx, struct link *link, const struct driver_change *change)
{
    if (change->app[0])
        publish_event(ctx, "replica", change->app, change->service, link_cluster(link)->name,
                      change->what);
}

static void on_action_start(void *ctx, struct link *link, const struct action *action)
{
    struct reconciler *r = ctx;
    struct app_record *record = records_find(r->records, action->app);

    (void)link;
    if (record)
        record->actions_total++;
    publish_action(r, action, "start", action->reason);
}

static void on_action_done(void *ctx, struct link *link, const struct action *action,
                           const struct err *err)
{
    struct reconciler *r = ctx;
    struct app_record *record = records_find(r->records, action->app);
    char what[200], text[700];

    (void)link;
    describe(action, what, sizeof(what));
    if (err) {
        log_warn("app=%s cluster=%s action='%s' error=%s", action->app, action->cluster, what,
                 err->text);
        (void)snprintf(text, sizeof(text), "%s: %s", what, err->text);
        publish_event(r, "action-failed", action->app, action->service, action->cluster, text);
        publish_action(r, action, "error", err->text);
    } else {
        (void)snprintf(text, sizeof(text), "%s: %s", what, action->reason);
        log_info("app=%s cluster=%s action='%s' reason='%s'", action->app, action->cluster,
                 what, action->reason);
        publish_event(r, "action", action->app, action->service, action->cluster, text);
        if (record)
            record->actions_done++;
        publish_action(r, action, "done", action->reason);
    }
    if (record)
        reconciler_touch(r, record);
}

static void on_retry(void *ctx, struct link *link, const char *app)
{
    struct reconciler *r = ctx;
    struct app_record *record = records_find(r->records, app);

    (void)link;
    if (record)
        reconciler_touch(r, record);
}

static const struct link_handlers link_handlers = {
    .on_state = on_state,
    .on_observation = on_observation,
    .on_change = on_change,
    .on_action_start = on_action_start,
    .on_action_done = on_action_done,
    .on_retry = on_retry,
};

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether the link would have to be made anew: everything but the drained flag. */
static bool is_same_cluster(const struct cluster *a, const struct cluster *b)
{
    if (a->expose != b->expose || a->allow_exec != b->allow_exec ||
        !text_equal(a->driver, b->driver) || !text_equal(a->endpoint, b->endpoint) ||
        !text_equal(a->tls_ca, b->tls_ca) || !text_equal(a->tls_cert, b->tls_cert) ||
        !text_equal(a->tls_key, b->tls_key) || !text_equal(a->provider, b->provider) ||
        !text_equal(a->region, b->region) || a->addresses.count != b->addresses.count)
        return false;
    for (size_t i = 0; i < a->addresses.count; i++)
        if (strcmp(a->addresses.items[i], b->addresses.items[i]) != 0)
            return false;
    return true;
}

static void close_stale_links(struct reconciler *r)
{
    const struct fleet *fleet = r->records->fleet;
    size_t at = 0, count = 0;
    void *value;
    struct link **stale = mem_array(r->links.count, sizeof(struct link *));

    while (map_next(&r->links, &at, NULL, &value)) {
        const struct cluster *now = fleet_find_cluster(fleet, link_cluster(value)->name);

        if (!now || !is_same_cluster(now, link_cluster(value)))
            stale[count++] = value;
    }
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(&r->links, link_cluster(stale[i])->name);
        (void)link_close(stale[i]);
    }
    free(stale);
}

void reconciler_on_fleet(struct reconciler *r)
{
    const struct fleet *fleet = r->records->fleet;

    close_stale_links(r);
    for (size_t i = 0; i < fleet->cluster_count; i++) {
        struct link *link = map_find(&r->links, fleet->clusters[i].name);

        if (!link) {
            link = link_open(r->loop, r->client, &fleet->clusters[i], random_u64(&r->random),
                             &link_handlers, r);
            (void)map_set(&r->links, link_cluster(link)->name, link);
        }
        link_set_drained(link, fleet->clusters[i].drained);
    }
    if (fleet->dns.listen.count)
        steering_listen(r->steering, &fleet->dns.listen);
    reconciler_touch_all(r);
}

void reconciler_watch(struct reconciler *r, struct reconciler_watcher *watcher)
{
    watcher->next = r->watchers;
    r->watchers = watcher;
}

void reconciler_unwatch(struct reconciler *r, const struct reconciler_watcher *watcher)
{
    for (struct reconciler_watcher **at = &r->watchers; *at; at = &(*at)->next)
        if (*at == watcher) {
            *at = watcher->next;
            return;
        }
}

uv_loop_t *reconciler_loop(const struct reconciler *r)
{
    return r->loop;
}

struct link *reconciler_find_link(const struct reconciler *r, const char *cluster)
{
    return map_find(&r->links, cluster);
}

struct control_cluster *reconciler_clusters(const struct reconciler *r, struct arena *arena,
                                            size_t *count)
{
    const struct fleet *fleet = r->records->fleet;
    struct control_cluster *clusters =
        arena_array(arena, fleet->cluster_count, sizeof(*clusters));

    *count = fleet->cluster_count;
    for (size_t i = 0; i < fleet->cluster_count; i++) {
        const struct link *link = map_find(&r->links, fleet->clusters[i].name);

        clusters[i].cluster = &fleet->clusters[i];
        clusters[i].observation = link ? link_observation(link) : NULL;
        clusters[i].visible = link && link_is_ready(link);
        clusters[i].keeps_services = link && link_keeps_services(link);
    }
    return clusters;
}

/* Leaving: see control/departures.h. */

static bool is_leaving(void *ctx, const char *cluster, const char *replica_id)
{
    const struct reconciler *r = ctx;
    size_t at = 0;
    void *value;

    (void)cluster; /* ids are unique over all clusters */
    while (map_next(&r->records->apps, &at, NULL, &value)) {
        const struct app_record *record = value;

        if (departures_has(&record->departures, replica_id))
            return true;
    }
    return false;
}

static void on_leaving_timer(uv_timer_t *timer)
{
    reconciler_touch_all(timer->data);
}

static void wake_in(struct reconciler *r, uint64_t wait_ms)
{
    if (!uv_is_active((uv_handle_t *)&r->leaving_timer) ||
        uv_timer_get_due_in(&r->leaving_timer) > wait_ms)
        (void)uv_timer_start(&r->leaving_timer, on_leaving_timer, wait_ms, 0);
}

/* One app. */

/* One record's view of the reconciler, for a round. */
struct round_ctx {
    const struct reconciler *r;
    const struct app_record *record;
};

static enum replica_endpoint round_on_verdict(void *ctx, const char *address, unsigned port)
{
    const struct round_ctx *round = ctx;

    return steering_verdict(round->r->steering, address, port);
}

static int round_on_submit(void *ctx, const struct action *action)
{
    const struct round_ctx *round = ctx;
    const struct revision *revision = round->record->revision;
    struct link *link = map_find(&round->r->links, action->cluster);
    const struct service *service =
        action->service ? app_find_service(revision->app, action->service) : NULL;
    struct arena *arena = arena_new();
    const char *auth = action->kind == ACTION_REPLICA_START && service
                           ? registry_auth(round->r->registry, arena, service->image)
                           : NULL;
    int r = link_submit(link, action, round->record->revision, auth);

    (void)arena_free(arena);
    return r;
}

static bool round_on_has(void *ctx, const struct action *action)
{
    const struct round_ctx *round = ctx;
    const struct link *link = map_find(&round->r->links, action->cluster);

    return link && link_has_action(link, action);
}

static unsigned round_on_count_pending(void *ctx, const char *cluster)
{
    const struct round_ctx *round = ctx;
    const struct link *link = map_find(&round->r->links, cluster);

    return link ? link_count_pending(link, round->record->name) : 0;
}

static const char *round_on_error(void *ctx, const char *cluster)
{
    const struct round_ctx *round = ctx;

    return link_action_error(map_find(&round->r->links, cluster), round->record->name);
}

static struct round_world world_of(struct round_ctx *ctx)
{
    return (struct round_world){
        .verdict = round_on_verdict,
        .submit = round_on_submit,
        .has = round_on_has,
        .count_pending = round_on_count_pending,
        .error = round_on_error,
        .ctx = ctx,
    };
}

enum replica_endpoint reconciler_verdict(const struct reconciler *r,
                                         const struct app_record *record,
                                         const struct cluster *cluster,
                                         const struct observed_replica *replica)
{
    struct round_ctx ctx = {.r = r, .record = record};
    struct round_world world = world_of(&ctx);

    return round_endpoint(record->revision, &record->departures, &world, cluster, replica);
}

static void note_holds(struct app_record *record, const struct control_output *output)
{
    json_array_clear(record->waiting);
    record->trouble[0] = '\0';
    for (size_t i = 0; i < output->hold_count; i++) {
        const struct control_hold *hold = &output->holds[i];

        (void)json_array_append_new(
            record->waiting, json_pack("{s:s, s:s, s:s, s:b}", "cluster", hold->cluster,
                                       "service", hold->service ? hold->service : "", "for",
                                       hold->reason, "unreachable", hold->unreachable));
        size_t used = strlen(record->trouble);
        (void)snprintf(record->trouble + used, sizeof(record->trouble) - used, "%s%s%s%s: %s",
                       used ? "; " : "", hold->service ? hold->service : "",
                       hold->service ? " at " : "", hold->cluster, hold->reason);
    }
}

static void announce(struct app_record *record)
{
    const char *phase = record->state == APP_STUCK ? "failed" : "done";

    if (record->state == APP_WORKING || !record->wants_announcement || record->is_committing)
        return;
    record->wants_announcement = false;
    json_t *line = progress_line(record, phase, record->trouble);
    if (line)
        feed_publish(record->progress, line);
}

static void on_forgotten(void *ctx, const struct err *err)
{
    (void)ctx;
    if (err) /* the record comes back at the next start and is taken down again: harmless */
        log_error("state: forget an app: %s", err->text);
}

static void forget_app(struct reconciler *r, struct app_record *record)
{
    char key[sizeof(RECORD_KEY_APPS) + APP_NAME_MAX + 1];

    (void)snprintf(key, sizeof(key), "%s%s", RECORD_KEY_APPS, record->name);
    publish_event(r, "app-down", record->name, NULL, NULL, "everything is removed");
    log_info("app=%s state=down", record->name);
    disk_write(r->disk, &(struct disk_entry){.key = key}, 1, on_forgotten, NULL);
    records_remove(r->records, record);
}

static void reconcile(struct reconciler *r, struct app_record *record)
{
    struct arena *arena = arena_new();
    struct round_ctx ctx = {.r = r, .record = record};
    struct round_world world = world_of(&ctx);
    struct round round = {
        .app_name = record->name,
        .revision = record->revision,
        .removing = record->removing,
        .remove_volumes = record->remove_volumes,
        .departures = &record->departures,
        .now_ms = clock_monotonic_ms(),
    };
    struct round_result result;

    round.clusters = reconciler_clusters(r, arena, &round.cluster_count);
    round_run(&result, arena, &round, &world);
    note_holds(record, &result.output);
    if (result.error)
        (void)snprintf(record->trouble, sizeof(record->trouble), "%s", result.error);
    if (result.has_moved)
        reconciler_touch_intent(r);
    if (result.wake_ms)
        wake_in(r, result.wake_ms);
    record->state = result.state;
    announce(record);
    if (record->removing && record->state == APP_IN_STEP && !record->is_committing)
        forget_app(r, record);
    (void)arena_free(arena);
}

/* The intent. */

/* The caller frees the text. */
static char *intent_text(const struct intent *intent)
{
    json_t *json = intent_to_json(intent);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (!text)
        abort(); /* only when out of memory */
    json_decref(json);
    return text;
}

static void on_intent_written(void *ctx, const struct err *err)
{
    (void)ctx;
    if (err) /* the nameserver has it on its own disk; control makes it anew after a restart */
        log_error("state: keep the intent: %s", err->text);
}

static void make_intent(struct reconciler *r)
{
    struct arena *arena = arena_new();
    size_t app_count, cluster_count;
    struct app_record **records = records_sorted(r->records, arena, &app_count);
    struct intent_app *apps = arena_array(arena, app_count, sizeof(*apps));

    for (size_t i = 0; i < app_count; i++)
        apps[i] = (struct intent_app){.app = records[i]->revision->app,
                                      .removing = records[i]->removing};
    struct intent_input input = {
        .fleet = r->records->fleet,
        .apps = apps,
        .app_count = app_count,
        .clusters = reconciler_clusters(r, arena, &cluster_count),
        .before = r->records->intent,
        .is_leaving = is_leaving,
        .ctx = r,
    };
    input.cluster_count = cluster_count;
    struct intent *intent = intent_make(&input);

    /*
     * The first one after a start gets a new generation even if it says what the last one said:
     * that may not have been the last one, if the end came before it was written.
     */
    if (r->records->intent && r->intent_was_sent) {
        intent->generation = r->records->intent->generation;
        if (intent_is_equal(intent, r->records->intent)) {
            (void)intent_free(intent);
            (void)arena_free(arena);
            return;
        }
    }
    (void)intent_free(r->records->intent);
    intent->generation = ++r->records->generation;
    r->records->intent = intent;
    char *text = intent_text(intent);
    steering_set_intent(r->steering, text);
    r->intent_was_sent = true;
    disk_write(r->disk, &(struct disk_entry){.key = RECORD_KEY_INTENT, .data = text}, 1,
               on_intent_written, NULL);
    free(text);
    (void)arena_free(arena);
}

/* The end of the tick. */

static void on_tick(uv_prepare_t *tick)
{
    struct reconciler *r = tick->data;
    struct arena *arena = arena_new();
    size_t count;
    struct app_record **records = records_sorted(r->records, arena, &count);

    (void)uv_prepare_stop(tick);
    for (size_t i = 0; i < count; i++) {
        if (!records[i]->is_dirty)
            continue;
        records[i]->is_dirty = false;
        reconcile(r, records[i]);
    }
    if (r->intent_is_dirty && r->records->fleet->dns.zone)
        make_intent(r);
    r->intent_is_dirty = false;
    (void)arena_free(arena);
}

static void wake(struct reconciler *r)
{
    (void)uv_prepare_start(&r->tick, on_tick);
}

void reconciler_touch(struct reconciler *r, struct app_record *record)
{
    record->is_dirty = true;
    wake(r);
}

void reconciler_touch_intent(struct reconciler *r)
{
    r->intent_is_dirty = true;
    wake(r);
}

void reconciler_touch_all(struct reconciler *r)
{
    size_t at = 0;
    void *record;

    while (map_next(&r->records->apps, &at, NULL, &record))
        ((struct app_record *)record)->is_dirty = true;
    reconciler_touch_intent(r);
}

struct reconciler *reconciler_new(uv_loop_t *loop, struct http_client *client,
                                  struct records *records, struct disk *disk,
                                  struct steering *steering, struct feed *events)
{
    struct reconciler *r = mem_new(struct reconciler);

    r->loop = loop;
    r->client = client;
    r->records = records;
    r->disk = disk;
    r->steering = steering;
    r->events = events;
    map_init(&r->links);
    r->registry = registry_new();
    random_init(&r->random, random_seed());
    (void)uv_prepare_init(loop, &r->tick);
    (void)uv_timer_init(loop, &r->leaving_timer);
    r->tick.data = r;
    r->leaving_timer.data = r;
    return r;
}

static void on_closed(uv_handle_t *handle)
{
    struct reconciler *r = handle->data;

    if (--r->closing)
        return;
    free(r);
}

struct reconciler *reconciler_free(struct reconciler *r)
{
    size_t at = 0;
    void *link;

    if (!r)
        return NULL;
    while (map_next(&r->links, &at, NULL, &link))
        (void)link_close(link);
    map_fini(&r->links);
    r->registry = registry_free(r->registry);
    r->closing = 2;
    uv_close((uv_handle_t *)&r->tick, on_closed);
    uv_close((uv_handle_t *)&r->leaving_timer, on_closed);
    return NULL;
}
