/* SPDX-License-Identifier: Apache-2.0 */
#include "server/disk.h"

#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct job *next;
    struct store_write *writes; /* keys and data are its own */
    size_t count;
    struct err err; /* of its commit */
    disk_on_done *on_done;
    void *ctx;
};

struct disk {
    uv_loop_t *loop;
    struct store *store;
    struct job *queued, **queued_end;
    struct job *running; /* the batch that the pool thread works on */
    uv_work_t work;
};

struct disk *disk_new(uv_loop_t *loop, struct store *store)
{
    struct disk *disk = mem_new(struct disk);

    disk->loop = loop;
    disk->store = store;
    disk->queued_end = &disk->queued;
    disk->work.data = disk;
    return disk;
}

static struct job *job_free(struct job *job)
{
    struct job *next = job->next;

    for (size_t i = 0; i < job->count; i++) {
        free((void *)(uintptr_t)job->writes[i].key);
        free((void *)(uintptr_t)job->writes[i].data);
    }
    free(job->writes);
    free(job);
    return next;
}

void disk_drain(struct disk *disk)
{
    while (disk->running && uv_run(disk->loop, UV_RUN_ONCE))
        ;
}

struct disk *disk_free(struct disk *disk)
{
    if (!disk)
        return NULL;
    assert(!disk->running);
    assert(!disk->queued);
    free(disk);
    return NULL;
}

/* On a pool thread. Of several writes to one key the last one counts: they commit together. */
static int commit_together(struct disk *disk, const struct job *jobs, struct err *err)
{
    size_t count = 0, used = 0;
    uint64_t revision;
    struct map by_key;

    for (const struct job *job = jobs; job; job = job->next)
        count += job->count;
    struct store_write *writes = mem_array(count, sizeof(*writes));

    map_init(&by_key);
    for (const struct job *job = jobs; job; job = job->next)
        for (size_t i = 0; i < job->count; i++) {
            struct store_write *earlier = map_find(&by_key, job->writes[i].key);
            struct store_write *write = earlier ? earlier : &writes[used++];

            *write = job->writes[i];
            (void)map_set(&by_key, write->key, write);
        }
    map_fini(&by_key);
    int r = store_commit(disk->store, writes, used, &revision, err);
    free(writes);

    assert(r <= 0); /* nothing is written conditionally: no conflict can be */
    return r;
}

static void commit_alone(struct disk *disk, struct job *job)
{
    uint64_t revision;
    int r = store_commit(disk->store, job->writes, job->count, &revision, &job->err);

    assert(r <= 0);
    (void)r;
}

static void commit(uv_work_t *work)
{
    struct disk *disk = work->data;
    struct err err = {0};

    if (commit_together(disk, disk->running, &err) == 0)
        return;
    for (struct job *job = disk->running; job; job = job->next)
        commit_alone(disk, job);
}

static void start(struct disk *disk);

static void on_committed(uv_work_t *work, int status)
{
    struct disk *disk = work->data;
    struct job *job = disk->running;

    assert(status == 0); /* nobody cancels it */
    (void)status;

    disk->running = NULL;
    while (job) {
        job->on_done(job->ctx, job->err.code ? &job->err : NULL);
        job = job_free(job);
    }
    start(disk);
}

static void start(struct disk *disk)
{
    if (disk->running || !disk->queued)
        return;
    disk->running = disk->queued;
    disk->queued = NULL;
    disk->queued_end = &disk->queued;
    (void)uv_queue_work(disk->loop, &disk->work, commit, on_committed);
}

void disk_write(struct disk *disk, const struct disk_entry *entries, size_t count,
                disk_on_done *on_done, void *ctx)
{
    struct job *job = mem_new(struct job);

    job->writes = mem_array(count, sizeof(*job->writes));
    job->count = count;
    for (size_t i = 0; i < count; i++)
        job->writes[i] = (struct store_write){
            .kind = entries[i].data ? STORE_PUT : STORE_DELETE,
            .key = mem_strdup(entries[i].key),
            .revision = STORE_ANY,
            .data = entries[i].data ? mem_strdup(entries[i].data) : NULL,
            .len = entries[i].data ? strlen(entries[i].data) : 0,
        };
    job->on_done = on_done;
    job->ctx = ctx;
    *disk->queued_end = job;
    disk->queued_end = &job->next;
    start(disk);
}
