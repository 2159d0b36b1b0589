/* SPDX-License-Identifier: Apache-2.0 */
#include "server/plugin.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_SIZE_MAX ((size_t)1 << 20)
#define COMPLAINT_MAX   200 /* of what it says on standard error that is told */

struct plugin {
    uv_process_t process;
    uv_pipe_t out, complaints;
    uv_timer_t timer;
    char *name;
    struct buf text, said;
    char piece[4096];
    bool has_ended; /* the process; its pipes may still hold something */
    unsigned open;  /* pipes that are not at their end */
    unsigned closing;
    bool is_over;
    int64_t status;
    int signal;
    struct err err; /* why it was ended, or never began */
    unsigned timeout_ms;
    plugin_on_done *on_done;
    void *ctx;
};

static void on_closed(uv_handle_t *handle)
{
    struct plugin *plugin = handle->data;

    if (--plugin->closing)
        return;
    if (plugin->text.data)
        explicit_bzero(plugin->text.data, plugin->text.size);
    buf_fini(&plugin->text);
    buf_fini(&plugin->said);
    explicit_bzero(plugin->piece, sizeof(plugin->piece));
    free(plugin->name);
    free(plugin);
}

static void plugin_close(struct plugin *plugin)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&plugin->process, (uv_handle_t *)&plugin->out,
                              (uv_handle_t *)&plugin->complaints,
                              (uv_handle_t *)&plugin->timer};

    plugin->is_over = true;
    plugin->closing = 4;
    for (size_t i = 0; i < 4; i++)
        uv_close(handles[i], on_closed);
}

/* The first line of what it complained about. */
static const char *complaint(struct plugin *plugin)
{
    char *text = plugin->said.len ? plugin->said.data : NULL;

    if (!text)
        return "it says nothing";
    text[strcspn(text, "\r\n")] = '\0';
    return text;
}

static void finish(struct plugin *plugin)
{
    if (!plugin->err.code && plugin->signal)
        (void)err_set(&plugin->err, -EIO, "%s: ended by signal %d", plugin->name,
                      plugin->signal);
    else if (!plugin->err.code && plugin->status)
        (void)err_set(&plugin->err, -EIO, "%s: status %d: %.*s", plugin->name,
                      (int)plugin->status, COMPLAINT_MAX, complaint(plugin));
    plugin->on_done(plugin->ctx, buf_text(&plugin->text), plugin->text.len,
                    plugin->err.code ? &plugin->err : NULL);
    if (!plugin->is_over)
        plugin_close(plugin);
}

static void settle(struct plugin *plugin)
{
    if (plugin->has_ended && !plugin->open && !plugin->is_over)
        finish(plugin);
}

static void plugin_on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct plugin *plugin = process->data;

    plugin->has_ended = true;
    plugin->status = status;
    plugin->signal = signal;
    settle(plugin);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct plugin *plugin = handle->data;

    (void)size;
    *out = uv_buf_init(plugin->piece, sizeof(plugin->piece));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *piece)
{
    struct plugin *plugin = stream->data;
    bool is_out = stream == (uv_stream_t *)&plugin->out;

    if (len < 0) {
        (void)uv_read_stop(stream);
        plugin->open--;
        settle(plugin);
        return;
    }
    int r = buf_add(is_out ? &plugin->text : &plugin->said, piece->base, (size_t)len);
    if (r < 0 && is_out && !plugin->err.code) {
        (void)err_set(&plugin->err, -EMSGSIZE, "%s: prints more than %zu bytes", plugin->name,
                      OUTPUT_SIZE_MAX);
        (void)uv_process_kill(&plugin->process, SIGKILL);
    }
}

/* A child of the program may hold the pipes for longer than the program lives. */
static void on_timeout(uv_timer_t *timer)
{
    struct plugin *plugin = timer->data;

    if (!plugin->err.code)
        (void)err_set(&plugin->err, -ETIMEDOUT, "%s: not done after %u ms", plugin->name,
                      plugin->timeout_ms);
    if (!plugin->has_ended)
        (void)uv_process_kill(&plugin->process, SIGKILL);
    finish(plugin);
}

static void on_never_began(uv_timer_t *timer)
{
    finish(timer->data);
}

static void pipe_init(uv_loop_t *loop, struct plugin *plugin, uv_pipe_t *pipe)
{
    (void)uv_pipe_init(loop, pipe, 0);
    pipe->data = plugin;
}

struct plugin *plugin_start(uv_loop_t *loop, const char *const *args, const char *const *env,
                            unsigned timeout_ms, plugin_on_done *on_done, void *ctx)
{
    struct plugin *plugin = mem_new(struct plugin);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE),
         .data.stream = (uv_stream_t *)&plugin->out},
        {.flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE),
         .data.stream = (uv_stream_t *)&plugin->complaints}};
    uv_process_options_t options = {.exit_cb = plugin_on_exit,
                                    .file = args[0],
                                    .args = (char **)(uintptr_t)args,
                                    .env = (char **)(uintptr_t)env,
                                    .stdio = stdio,
                                    .stdio_count = 3};

    plugin->name = mem_strdup(args[0]);
    plugin->timeout_ms = timeout_ms;
    plugin->on_done = on_done;
    plugin->ctx = ctx;
    buf_init(&plugin->text, OUTPUT_SIZE_MAX);
    buf_init(&plugin->said, 4096);
    pipe_init(loop, plugin, &plugin->out);
    pipe_init(loop, plugin, &plugin->complaints);
    (void)uv_timer_init(loop, &plugin->timer);
    plugin->timer.data = plugin->process.data = plugin;
    int r = uv_spawn(loop, &plugin->process, &options);
    plugin->process.data = plugin;
    if (r < 0) {
        (void)err_set(&plugin->err, r, "%s: %s", plugin->name, uv_strerror(r));
        (void)uv_timer_start(&plugin->timer, on_never_began, 0, 0);
        return plugin;
    }
    plugin->open = 2;
    (void)uv_read_start((uv_stream_t *)&plugin->out, on_alloc, on_read);
    (void)uv_read_start((uv_stream_t *)&plugin->complaints, on_alloc, on_read);
    (void)uv_timer_start(&plugin->timer, on_timeout, timeout_ms, 0);
    return plugin;
}

struct plugin *plugin_cancel(struct plugin *plugin)
{
    if (!plugin || plugin->is_over)
        return NULL;
    if (!plugin->has_ended && plugin->open)
        (void)uv_process_kill(&plugin->process, SIGKILL);
    plugin_close(plugin);
    return NULL;
}
