/* SPDX-License-Identifier: Apache-2.0 */
#include "server/disk.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct job *next;
    char *key, *data; /* data NULL: delete */
    size_t len;
    disk_on_done *on_done;
    void *ctx;
};

struct disk {
    uv_loop_t *loop;
    struct store *store;
    struct job *queued, **queued_end;
    struct job *running; /* the batch that the pool thread works on */
    uv_work_t work;
    int result;
    struct err err;
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

    free(job->key);
    free(job->data);
    free(job);
    return next;
}

struct disk *disk_free(struct disk *disk)
{
    if (!disk)
        return NULL;
    while (disk->running && uv_run(disk->loop, UV_RUN_ONCE))
        ;
    while (disk->queued)
        disk->queued = job_free(disk->queued);
    free(disk);
    return NULL;
}

/* On a pool thread. */
static void commit(uv_work_t *work)
{
    struct disk *disk = work->data;
    size_t count = 0, at = 0;
    uint64_t revision;

    for (const struct job *job = disk->running; job; job = job->next)
        count++;

    struct store_write *writes = mem_array(count, sizeof(*writes));
    for (const struct job *job = disk->running; job; job = job->next)
        writes[at++] = (struct store_write){
            .kind = job->data ? STORE_PUT : STORE_DELETE,
            .key = job->key,
            .revision = STORE_ANY,
            .data = job->data,
            .len = job->len,
        };
    disk->err = (struct err){0};
    disk->result = store_commit(disk->store, writes, count, &revision, &disk->err);
    free(writes);
}

static void start(struct disk *disk);

static void on_committed(uv_work_t *work, int status)
{
    struct disk *disk = work->data;
    struct job *job = disk->running;
    struct err err = disk->err;

    assert(disk->result <= 0); /* nothing is written conditionally: no conflict can be */

    if (status < 0 && disk->result == 0)
        disk->result = err_set(&err, -ECANCELED, "write state: the server is stopping");
    bool failed = disk->result < 0;
    disk->running = NULL;
    while (job) {
        job->on_done(job->ctx, failed ? &err : NULL);
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

void disk_write(struct disk *disk, const char *key, const char *data, size_t len,
                disk_on_done *on_done, void *ctx)
{
    struct job *job = mem_new(struct job);

    job->key = mem_strdup(key);
    if (data) {
        job->data = mem_alloc(len + 1);
        memcpy(job->data, data, len);
    }
    job->len = len;
    job->on_done = on_done;
    job->ctx = ctx;
    *disk->queued_end = job;
    disk->queued_end = &job->next;
    start(disk);
}
