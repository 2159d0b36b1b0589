/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/keeper.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/scope.h"
#include "model/intent_json.h"
#include "net/http_server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Somebody who waits for his intent to be durable. */
struct waiter {
    struct waiter *next;
    keeper_on_done *on_done;
    void *ctx;
};

/* An intent on its way to the disk, with all who wait for it or for an older one. */
struct batch {
    char *text; /* NULL: none */
    size_t len;
    struct waiter *waiters;
};

struct keeper {
    uv_loop_t *loop;
    char *path, *previous;
    int lock; /* held for as long as this is open; goes with the process, however it ends */
    struct batch queued;
    struct batch running; /* the pool thread works on it */
    bool is_running;
    uv_work_t work;
    int result; /* of the pool thread */
    struct err err;
};

/* Two nameservers with one state would take each other's intents for their own. */
static int lock_path(const char *path, struct err *err)
{
    SCOPED(scope_close)
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, -EBUSY, "lock '%s': another nameserver has its state there", path);
    return take_fd(&fd);
}

static int lock_folder(const char *folder, struct err *err)
{
    char *path = mem_printf("%s/lock", folder);
    int r = lock_path(path, err);

    free(path);
    return r;
}

int keeper_open(struct keeper **out, uv_loop_t *loop, const char *folder, struct err *err)
{
    char *path = mem_printf("%s/intent.json", folder);

    int lock = path_make_folder(path, err);
    if (lock == 0)
        lock = lock_folder(folder, err);
    if (lock < 0) {
        free(path);
        return lock;
    }
    struct keeper *keeper = mem_new(struct keeper);
    keeper->loop = loop;
    keeper->lock = lock;
    keeper->path = path;
    keeper->previous = mem_printf("%s/intent.previous.json", folder);
    keeper->work.data = keeper;
    *out = keeper;
    return 0;
}

/* Ends a batch; with `tell` everybody who waits hears of it. */
static void batch_end(struct batch *batch, bool tell, const struct err *err)
{
    struct waiter *waiter = batch->waiters;

    free(batch->text);
    *batch = (struct batch){0};
    while (waiter) {
        struct waiter *next = waiter->next;

        if (tell && waiter->on_done)
            waiter->on_done(waiter->ctx, err);
        free(waiter);
        waiter = next;
    }
}

struct keeper *keeper_close(struct keeper *keeper)
{
    if (!keeper)
        return NULL;
    batch_end(&keeper->queued, false, NULL);
    for (struct waiter *waiter = keeper->running.waiters; waiter; waiter = waiter->next)
        waiter->on_done = NULL;
    while (keeper->is_running && uv_run(keeper->loop, UV_RUN_ONCE))
        ;
    batch_end(&keeper->running, false, NULL);
    (void)close(keeper->lock);
    free(keeper->path);
    free(keeper->previous);
    free(keeper);
    return NULL;
}

/* Reading. */

static int load(const char *path, struct intent **out, struct err *err)
{
    struct buf text;

    buf_init(&text, HTTP_SERVER_BODY_MAX);
    int r = file_read(path, &text, err);
    if (r == 0 && intent_parse(out, buf_text(&text), text.len, err) < 0)
        r = err_wrap(err, "read '%s'", path);
    buf_fini(&text);
    return r;
}

/* What cannot be read today may tell somebody why tomorrow. */
static void set_aside(const char *path)
{
    char *aside = mem_printf("%s.damaged", path);

    (void)rename(path, aside); /* the caller reports the damage itself */
    free(aside);
}

int keeper_load(const struct keeper *keeper, struct intent **out, struct err *err)
{
    struct err second = {0};
    int r = load(keeper->path, out, err);

    if (r == 0)
        return KEEPER_LAST;
    bool is_missing = r == -ENOENT;
    if (r == -EINVAL)
        set_aside(keeper->path);
    if (load(keeper->previous, out, &second) == 0)
        return KEEPER_PREVIOUS;
    if (is_missing)
        *err = second.code == -ENOENT ? (struct err){0} : second;
    return KEEPER_NOTHING;
}

/* Writing. */

/* On a pool thread. */
static void commit(uv_work_t *work)
{
    struct keeper *keeper = work->data;

    (void)unlink(keeper->previous);
    bool is_spared = link(keeper->path, keeper->previous) == 0;
    (void)is_spared; /* without the one before we lose a spare part, not the intent */
    keeper->err = (struct err){0};
    keeper->result =
        file_replace(keeper->path, keeper->running.text, keeper->running.len, &keeper->err);
}

static void start(struct keeper *keeper);

static void on_committed(uv_work_t *work, int status)
{
    struct keeper *keeper = work->data;
    struct batch done = keeper->running;
    struct err err = keeper->err;
    int result = keeper->result;

    (void)status; /* never cancelled */
    keeper->is_running = false;
    keeper->running = (struct batch){0};
    start(keeper);
    batch_end(&done, true, result < 0 ? &err : NULL);
}

static void start(struct keeper *keeper)
{
    if (keeper->is_running || !keeper->queued.text)
        return;
    keeper->running = keeper->queued;
    keeper->queued = (struct batch){0};
    keeper->is_running = true;
    (void)uv_queue_work(keeper->loop, &keeper->work, commit, on_committed);
}

void keeper_write(struct keeper *keeper, const char *text, size_t len, keeper_on_done *on_done,
                  void *ctx)
{
    struct waiter *waiter = mem_new(struct waiter);
    struct batch *queued = &keeper->queued;

    *waiter = (struct waiter){.next = queued->waiters, .on_done = on_done, .ctx = ctx};
    queued->waiters = waiter;
    free(queued->text);
    queued->text = mem_strndup(text, len);
    queued->len = len;
    start(keeper);
}
