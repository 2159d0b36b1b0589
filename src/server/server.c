/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "cli/args_config.h"
#include "net/notify.h"
#include "seawall_version.h"
#include "server/backend.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What `seawall events` can look back on: a day of a quiet fleet, minutes of a stormy one. */
#define EVENTS_KEPT 1000

/* Everything the process owns. */
struct server {
    uv_loop_t loop;
    struct store *store;
    struct records records;
    struct disk *disk;
    struct http_client *client;
    struct steering *steering;
    struct reconciler *reconciler;
    struct feed *events;
    struct server_parts parts;
    struct api api;
    struct http_server *http;
    uv_signal_t signals[2];

    char socket[PATH_TEXT_SIZE], state[PATH_TEXT_SIZE];
    char nameserver_socket[PATH_TEXT_SIZE], nameserver_state[PATH_TEXT_SIZE];
    char program[PATH_TEXT_SIZE];
    bool spawns_nameserver;
};

/* Options. */

/* The nameserver's places are beside ours, so that a second server elsewhere has its own. */
static int place_nameserver(struct server *server, struct err *err)
{
    const char *path =
        strncmp(server->state, "sqlite:", 7) == 0 ? server->state + 7 : server->socket;
    const char *slash = strrchr(server->socket, '/');
    int len = snprintf(server->nameserver_socket, PATH_TEXT_SIZE, "%.*snameserver.sock",
                       slash ? (int)(slash - server->socket + 1) : 0, server->socket);

    slash = strrchr(path, '/');
    if (len >= PATH_TEXT_SIZE ||
        snprintf(server->nameserver_state, PATH_TEXT_SIZE, "%.*snameserver",
                 slash ? (int)(slash - path + 1) : 0, path) >= PATH_TEXT_SIZE)
        return err_set(err, -ENAMETOOLONG, "'%.100s...': path too long", path);
    return 0;
}

static int read_options(struct server *server, struct cli *cli, struct err *err)
{
    if (args_config_read(cli, err) < 0)
        return err->code;

    const char *socket = args_value(&cli->args, "socket");
    const char *state = args_value(&cli->args, "state");
    char path[PATH_TEXT_SIZE];
    int r = 0;

    server->spawns_nameserver = !args_has(&cli->args, "no-nameserver");
    if (!socket) {
        r = path_socket(path, err);
        socket = path;
    }
    if (r < 0)
        return r;
    (void)snprintf(server->socket, PATH_TEXT_SIZE, "%s", socket);
    if (!state) {
        r = path_state(path, "state.db", err);
        if (r == 0 &&
            snprintf(server->state, PATH_TEXT_SIZE, "sqlite:%s", path) >= PATH_TEXT_SIZE)
            r = err_set(err, -ENAMETOOLONG, "'%.100s...': path too long", path);
    } else {
        (void)snprintf(server->state, PATH_TEXT_SIZE, "%s", state);
    }
    if (r < 0)
        return r;
    ssize_t len = readlink("/proc/self/exe", server->program, PATH_TEXT_SIZE - 1);
    if (len < 0)
        return err_sys(err, "find our own program");
    return place_nameserver(server, err);
}

/* Starting and stopping. */

static void on_verdicts(void *ctx)
{
    struct server *server = ctx;

    if (server->reconciler)
        reconciler_touch_all(server->reconciler);
}

static void on_signal(uv_signal_t *signal, int number)
{
    log_info("server=stopping signal=%d", number);
    uv_stop(signal->loop);
}

static int open_state(struct server *server, struct err *err)
{
    if (strncmp(server->state, "sqlite:", 7) == 0 &&
        path_make_folder(server->state + 7, err) < 0)
        return err->code;
    if (store_open(&server->store, server->state, err) < 0)
        return err->code;
    return records_load(&server->records, server->store, err);
}

static int start(struct server *server, struct err *err)
{
    static const int numbers[2] = {SIGINT, SIGTERM};

    if (path_make_folder(server->socket, err) < 0 || open_state(server, err) < 0)
        return err->code;
    int fd = http_listen_unix(server->socket, err);
    if (fd < 0)
        return fd;

    struct steering_options options = {.program = server->program,
                                       .socket = server->nameserver_socket,
                                       .state_path = server->nameserver_state,
                                       .spawn = server->spawns_nameserver};
    server->events = feed_new(EVENTS_KEPT);
    server->disk = disk_new(&server->loop, server->store);
    server->client = http_client_new(&server->loop);
    server->steering = steering_new(&server->loop, server->client, &options, server->events,
                                    on_verdicts, server);
    server->reconciler = reconciler_new(&server->loop, server->client, &server->records,
                                        server->disk, server->steering, server->events);
    server->parts = (struct server_parts){.loop = &server->loop,
                                          .records = &server->records,
                                          .disk = server->disk,
                                          .reconciler = server->reconciler,
                                          .steering = server->steering,
                                          .events = server->events,
                                          .started_ms = clock_wall_ms()};
    server->api = (struct api){.backend = &server_backend, .ctx = &server->parts};
    if (http_server_open(&server->http, &server->loop, fd, api_handle, &server->api, err) < 0)
        return err->code;
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&server->loop, &server->signals[i]);
        (void)uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    reconciler_on_fleet(server->reconciler);
    log_info("server=ready version=%s socket=%s state=%s apps=%zu clusters=%zu",
             SEAWALL_VERSION, server->socket, server->state, server->records.apps.count,
             server->records.fleet->cluster_count);
    return 0;
}

static void stop(struct server *server)
{
    if (server->disk)
        disk_drain(server->disk); /* what is on its way is answered */
    server->http = http_server_close(server->http);
    api_fini(&server->api);
    for (size_t i = 0; i < 2; i++)
        if (server->signals[i].loop)
            uv_close((uv_handle_t *)&server->signals[i], NULL);
    server->reconciler = reconciler_free(server->reconciler);
    server->steering = steering_free(server->steering);
    server->client = http_client_free(server->client);
    server->disk = disk_free(server->disk);
    while (uv_loop_alive(&server->loop) && uv_run(&server->loop, UV_RUN_ONCE))
        ;
    server->events = feed_free(server->events);
    records_fini(&server->records);
    server->store = store_close(server->store);
    (void)uv_loop_close(&server->loop);
}

/* For `systemctl start`, which waits for it. */
static void tell_manager(const char *text)
{
    struct err err = {0};

    if (notify_send(text, &err) < 0)
        log_warn("notify=failed error=%s", err.text);
}

static int run(struct cli *cli, struct err *err)
{
    struct server *server = arena_new_in(cli->arena, struct server);
    int r = read_options(server, cli, err);

    if (r < 0)
        return r;
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that leaves is an error code, not a death */
    (void)umask(0027);
    if (args_has(&cli->args, "debug"))
        log_level_set(LOG_LEVEL_DEBUG);
    (void)uv_loop_init(&server->loop);
    r = start(server, err);
    if (r == 0) {
        tell_manager("READY=1");
        (void)uv_run(&server->loop, UV_RUN_DEFAULT);
        tell_manager("STOPPING=1");
        (void)unlink(server->socket); /* the next server would replace it anyway */
    }
    stop(server);
    return r;
}

static const struct command_option options[] = {
    OPTION_CONFIG,
    {.name = "state",
     .value = "URL",
     .help =
         "Where the state is: sqlite:PATH or memory: (default: sqlite: in the usual place)"},
    {.name = "socket", .value = "PATH", .help = "Where to listen for commands"},
    {.name = "no-nameserver", .help = "Start no nameserver: somebody else runs it"},
    {.name = "debug", .help = "Log more"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall server", "with state and socket in the usual places"},
    {"seawall server --state sqlite:/srv/seawall/state.db --no-nameserver",
     "where systemd runs the nameserver as a unit of its own"},
    {"seawall server --config /etc/seawall/server.conf", "with options from a file"},
    EXAMPLE_END,
};

const struct command command_server = {
    .name = "server",
    .summary = "Run the control plane",
    .text =
        "Owns apps, plans, clusters and the state, and brings the clusters in step with the "
        "plans.\n\nStarts a nameserver of its own unless told not to. The nameserver goes on "
        "by itself when this process dies, and is taken over by the next one.\n\n"
        "A config file has a line for each option: 'state = sqlite:/srv/seawall/state.db', "
        "'no-nameserver = true'. Lines that begin with # are comments. What the command line "
        "says holds.",
    .options = options,
    .examples = examples,
    .run = run,
};
