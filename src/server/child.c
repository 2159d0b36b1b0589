/* SPDX-License-Identifier: Apache-2.0 */
#include "server/child.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

/* One that ran for longer is started again at once. */
#define PAUSE_MS 1000

#define LISTEN_MAX 16
#define ARGS_MAX   (8 + 2 * LISTEN_MAX)

struct child {
    uv_loop_t *loop;
    char *program, *socket, *state_path;
    uv_process_t *process; /* NULL: it does not run */
    uint64_t started_ms;   /* monotonic; 0: never */
    void (*on_exit)(void *ctx);
    void *ctx;
};

struct child *child_new(uv_loop_t *loop, const struct child_options *options,
                        void (*on_exit)(void *ctx), void *ctx)
{
    struct child *child = mem_new(struct child);

    child->loop = loop;
    child->program = mem_strdup(options->program);
    child->socket = mem_strdup(options->socket);
    child->state_path = mem_strdup(options->state_path);
    child->on_exit = on_exit;
    child->ctx = ctx;
    return child;
}

struct child *child_free(struct child *child)
{
    if (!child)
        return NULL;
    if (child->process) {
        child->process->data = NULL;
        (void)uv_process_kill(child->process, SIGTERM);
    }
    free(child->program);
    free(child->socket);
    free(child->state_path);
    free(child);
    return NULL;
}

bool child_is_running(const struct child *child)
{
    return child->process != NULL;
}

static void on_process_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data; /* NULL: it was told to end */

    log_warn("nameserver=exited status=%lld signal=%d", (long long)status, signal);
    uv_close((uv_handle_t *)process, on_process_closed);
    if (!child)
        return;
    child->process = NULL;
    child->on_exit(child->ctx);
}

static void make_args(const struct child *child, char *const *listen,
                      const char *args[ARGS_MAX + 1])
{
    size_t count = 0;

    args[count++] = child->program;
    args[count++] = "nameserver";
    args[count++] = "--owned";
    args[count++] = "--socket";
    args[count++] = child->socket;
    args[count++] = "--state";
    args[count++] = child->state_path;
    for (size_t i = 0; listen[i] && i < LISTEN_MAX; i++) {
        args[count++] = "--listen";
        args[count++] = listen[i];
    }
    args[count] = NULL;
}

bool child_start(struct child *child, char *const *listen)
{
    uint64_t now_ms = clock_monotonic_ms();
    const char *args[ARGS_MAX + 1];
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = 1},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
    };

    if (child->process || (child->started_ms && now_ms - child->started_ms < PAUSE_MS))
        return false;
    make_args(child, listen, args);
    uv_process_options_t options = {
        .file = child->program,
        .args = (char **)(uintptr_t)args,
        .exit_cb = on_process_exit,
        .stdio = stdio,
        .stdio_count = 3,
        /* In a session of its own: a signal to control, or its death, is not its business. */
        .flags = UV_PROCESS_DETACHED,
    };
    child->started_ms = now_ms;
    child->process = mem_new(uv_process_t);
    child->process->data = child;
    int r = uv_spawn(child->loop, child->process, &options);
    if (r < 0) {
        log_error("nameserver=not-started error=%s", uv_strerror(r));
        uv_close((uv_handle_t *)child->process, on_process_closed);
        child->process = NULL;
        return false;
    }
    log_info("nameserver=started pid=%d", uv_process_get_pid(child->process));
    return true;
}
