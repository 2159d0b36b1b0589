/* SPDX-License-Identifier: Apache-2.0 */
#include "server/call.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct call {
    const struct driver *driver;
    struct driver_call driver_call;
    struct cluster cluster; /* a copy in the call's arena: the fleet may change meanwhile */
    struct http_client *client;
    struct access *access;
    struct http_call *http; /* NULL between steps */
    uv_timer_t later;       /* reports what went wrong before anything was sent */
    struct err err;
    call_on_done *on_done;
    void *ctx;
    bool is_freed;
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void call_free(struct call *call)
{
    if (call->is_freed)
        return;
    call->is_freed = true;
    call->driver_call.observation = observation_free(call->driver_call.observation);
    call->driver_call.arena = arena_free(call->driver_call.arena);
    call->access = access_unref(call->access);
    uv_close((uv_handle_t *)&call->later, on_closed);
}

static void finish(struct call *call, const struct err *err)
{
    call->on_done(call->ctx, &call->driver_call, err);
    call_free(call);
}

static void on_later(uv_timer_t *timer)
{
    struct call *call = timer->data;

    finish(call, &call->err);
}

static void fail_later(struct call *call)
{
    (void)uv_timer_start(&call->later, on_later, 0, 0);
}

static void step(struct call *call);

static void on_data(void *ctx, const char *data, size_t len)
{
    struct call *call = ctx;

    if (call->driver->chunk(&call->driver_call, data, len, &call->err) == 0)
        return;
    http_call_cancel(call->http);
    call->http = NULL;
    fail_later(call);
}

static void on_reply(void *ctx, const struct http_reply *reply, const struct err *err)
{
    struct call *call = ctx;

    call->http = NULL;
    if (!reply) {
        call->err = *err;
        (void)err_wrap(&call->err, "%s at %s", call->driver->name,
                       call->driver_call.cluster->name);
        finish(call, &call->err);
        return;
    }
    int r = call->driver->reply(&call->driver_call, reply, &call->err);
    if (r < 0) {
        finish(call, &call->err);
    } else if (r == DRIVER_DONE) {
        finish(call, NULL);
    } else if (++call->driver_call.step >= DRIVER_STEPS_MAX) {
        (void)err_set(&call->err, -ELOOP, "%s at %s: no end after %u steps", call->driver->name,
                      call->driver_call.cluster->name, (unsigned)DRIVER_STEPS_MAX);
        finish(call, &call->err);
    } else {
        step(call);
    }
}

static void step(struct call *call)
{
    static const struct http_handlers handlers = {.on_data = on_data, .on_done = on_reply};
    struct http_request request = {0};

    if (call->driver->request(&call->driver_call, &request, &call->err) < 0) {
        fail_later(call);
        return;
    }
    call->http = http_call_start(call->client, access_target(call->access), &request, &handlers,
                                 call, &call->err);
    if (!call->http)
        fail_later(call);
}

struct call *call_start(uv_loop_t *loop, struct http_client *client, struct access *access,
                        const struct driver_call *proto, call_on_done *on_done, void *ctx)
{
    struct call *call = mem_new(struct call);
    struct arena *arena = arena_new();

    cluster_copy(arena, &call->cluster, proto->cluster);
    call->driver = driver_find(call->cluster.driver);
    assert(call->driver); /* fleets with unknown drivers are refused at the edge */
    call->driver_call = *proto;
    call->driver_call.arena = arena;
    call->driver_call.cluster = &call->cluster;
    call->client = client;
    call->access = access_ref(access);
    call->on_done = on_done;
    call->ctx = ctx;
    (void)uv_timer_init(loop, &call->later);
    call->later.data = call;
    step(call);
    return call;
}

struct call *call_cancel(struct call *call)
{
    if (!call)
        return NULL;
    if (call->http)
        http_call_cancel(call->http);
    call->http = NULL;
    call_free(call);
    return NULL;
}
