/* SPDX-License-Identifier: Apache-2.0 */
#include "control/work.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A registry that is down for a minute costs eight tries, one that is down for a day 1,500. */
#define RETRY_WAIT_MS_MIN ((uint64_t)1000)
#define RETRY_WAIT_MS_MAX ((uint64_t)60000)

void work_queue_init(struct work_queue *queue, void (*cancel)(void *call))
{
    *queue = (struct work_queue){.cancel = cancel};
    map_init(&queue->by_key);
}

static void work_free(struct work *work)
{
    work->revision = revision_unref(work->revision);
    (void)arena_free(work->arena);
    free(work);
}

void work_queue_cancel(struct work_queue *queue)
{
    size_t at = 0;
    void *work;

    while (map_next(&queue->by_key, &at, NULL, &work)) {
        if (((struct work *)work)->call)
            queue->cancel(((struct work *)work)->call);
        work_free(work);
    }
    map_fini(&queue->by_key);
    work_queue_init(queue, queue->cancel);
}

void work_queue_fini(struct work_queue *queue)
{
    work_queue_cancel(queue);
}

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static const char *make_key(struct arena *arena, const struct action *action)
{
    return arena_printf(arena, "%s %d %s %u %s %s", action->app, (int)action->kind,
                        action->service ? action->service : "", action->number,
                        action->target ? action->target : "",
                        action->digest ? action->digest : "");
}

static struct work *work_new(const struct action *action, struct revision *revision,
                             const char *registry_auth)
{
    struct arena *arena = arena_new();
    struct work *work = mem_new(struct work);

    work->arena = arena;
    work->action = (struct action){
        .kind = action->kind,
        .cluster = copy(arena, action->cluster),
        .app = copy(arena, action->app),
        .service = copy(arena, action->service),
        .number = action->number,
        .id = copy(arena, action->id),
        .target = copy(arena, action->target),
        .digest = copy(arena, action->digest),
        .reason = copy(arena, action->reason),
    };
    work->key = make_key(arena, action);
    work->revision = revision_ref(revision);
    work->registry_auth = copy(arena, registry_auth);
    return work;
}

static void enqueue(struct work_queue *queue, struct work *work)
{
    work->state = WORK_QUEUED;
    work->next = NULL;
    if (queue->queued)
        queue->queued_last->next = work;
    else
        queue->queued = work;
    queue->queued_last = work;
}

int work_queue_add(struct work_queue *queue, const struct action *action,
                   struct revision *revision, const char *registry_auth, uint64_t now_ms)
{
    struct work *work = work_new(action, revision, registry_auth);
    struct work *old = map_find(&queue->by_key, work->key);

    if (old && old->state != WORK_FAILED) {
        work_free(work);
        return WORK_PENDING;
    }
    /* A new revision does not wait for what an old one met. */
    if (old && old->revision == revision && now_ms < old->retry_ms) {
        work_free(work);
        return WORK_LATER;
    }
    if (old) {
        if (old->revision == revision)
            work->failures = old->failures;
        (void)map_remove(&queue->by_key, old->key);
        work_free(old);
    }
    (void)map_set(&queue->by_key, work->key, work);
    enqueue(queue, work);
    return WORK_TAKEN;
}

struct work *work_queue_begin(struct work_queue *queue)
{
    struct work *work = queue->queued;

    if (!work)
        return NULL;
    queue->queued = work->next;
    work->next = NULL;
    work->state = WORK_RUNNING;
    queue->running++;
    return work;
}

void work_queue_finish(struct work_queue *queue, struct work *work, uint64_t now_ms,
                       const struct err *err)
{
    assert(work->state == WORK_RUNNING);

    queue->running--;
    work->call = NULL;
    work->done_ms = now_ms;
    if (!err) {
        work->state = WORK_DONE;
        return;
    }
    uint64_t wait = RETRY_WAIT_MS_MIN << (work->failures < 6 ? work->failures : 6);
    if (wait > RETRY_WAIT_MS_MAX)
        wait = RETRY_WAIT_MS_MAX;
    work->state = WORK_FAILED;
    work->failures++;
    work->retry_ms = now_ms + wait;
    work->forget_ms = work->retry_ms + RETRY_WAIT_MS_MAX;
    work->is_told = false;
    (void)snprintf(work->error, sizeof(work->error), "%s", err->text);
}

/* Frees what `is_over` says, walking a copy of the keys because removal moves slots. */
static void forget(struct work_queue *queue, uint64_t limit_ms,
                   bool (*is_over)(const struct work *work, uint64_t limit_ms))
{
    size_t at = 0, count = 0;
    void *work;

    if (!queue->by_key.count)
        return;
    struct work **over = mem_array(queue->by_key.count, sizeof(*over));
    while (map_next(&queue->by_key, &at, NULL, &work))
        if (is_over(work, limit_ms))
            over[count++] = work;
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(&queue->by_key, over[i]->key);
        work_free(over[i]);
    }
    free(over);
}

static bool was_done_before(const struct work *work, uint64_t limit_ms)
{
    return work->state == WORK_DONE && work->done_ms <= limit_ms;
}

static bool failed_long_before(const struct work *work, uint64_t limit_ms)
{
    return work->state == WORK_FAILED && work->forget_ms <= limit_ms;
}

static void note_seen(struct work_queue *queue, uint64_t since_ms)
{
    size_t at = 0;
    void *value;

    while (map_next(&queue->by_key, &at, NULL, &value)) {
        struct work *work = value;

        if (work->state == WORK_FAILED && work->done_ms <= since_ms)
            work->is_seen = true;
    }
}

void work_queue_forget_done(struct work_queue *queue, uint64_t since_ms)
{
    note_seen(queue, since_ms);
    forget(queue, since_ms, was_done_before);
    forget(queue, since_ms, failed_long_before);
}

uint64_t work_queue_retry_due(const struct work_queue *queue)
{
    uint64_t due = 0;
    size_t at = 0;
    void *value;

    while (map_next(&queue->by_key, &at, NULL, &value)) {
        const struct work *work = value;

        if (work->state == WORK_FAILED && !work->is_told && (!due || work->retry_ms < due))
            due = work->retry_ms;
    }
    return due;
}

const char *work_queue_take_retry(struct work_queue *queue, uint64_t now_ms)
{
    size_t at = 0;
    void *value;

    while (map_next(&queue->by_key, &at, NULL, &value)) {
        struct work *work = value;

        if (work->state == WORK_FAILED && !work->is_told && work->retry_ms <= now_ms) {
            work->is_told = true;
            return work->action.app;
        }
    }
    return NULL;
}

bool work_queue_has(const struct work_queue *queue, const struct action *action)
{
    struct arena *arena = arena_new();
    const struct work *work = map_find(&queue->by_key, make_key(arena, action));

    (void)arena_free(arena);
    return work && work->state != WORK_FAILED;
}

bool work_queue_is_busy(const struct work_queue *queue)
{
    return queue->running || queue->queued;
}

unsigned work_queue_count_pending(const struct work_queue *queue, const char *app)
{
    unsigned count = 0;
    size_t at = 0;
    void *value;

    while (map_next(&queue->by_key, &at, NULL, &value)) {
        const struct work *work = value;

        count += !(work->state == WORK_FAILED && work->is_seen) &&
                 strcmp(work->action.app, app) == 0;
    }
    return count;
}

const char *work_queue_error(const struct work_queue *queue, const char *app)
{
    size_t at = 0;
    void *value;

    while (map_next(&queue->by_key, &at, NULL, &value)) {
        const struct work *work = value;

        if (work->state == WORK_FAILED && strcmp(work->action.app, app) == 0)
            return work->error;
    }
    return NULL;
}
