/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/nameserver.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "cli/args_config.h"
#include "nameserver/privileges.h"
#include "nameserver/routes.h"
#include "net/notify.h"
#include "seawall_version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What `GET /v1/events` can look back on. */
#define EVENTS_KEPT 1000

/* More than that at the same time is no faster: two cores start about that many a second. */
#define PROBE_SOCKETS_MAX 4096

/* Everything the process owns. */
struct nameserver {
    uv_loop_t loop;
    struct listening listening;
    struct feed *events;
    struct keeper *keeper;
    struct helm *helm;
    struct routes routes;
    struct http_server *http;
    uv_signal_t signals[2];
    int exit_code;

    const char *socket, *state;
    struct strings listen;
    bool is_owned;
};

/* Options. */

static int read_options(struct nameserver *ns, struct cli *cli, struct err *err)
{
    if (args_config_read(cli, err) < 0)
        return err->code;

    char *socket = arena_alloc(cli->arena, PATH_TEXT_SIZE);
    char *state = arena_alloc(cli->arena, PATH_TEXT_SIZE);

    ns->socket = args_value(&cli->args, "socket");
    ns->state = args_value(&cli->args, "state");
    ns->is_owned = args_has(&cli->args, "owned");
    ns->listen.items = args_values(&cli->args, cli->arena, "listen", &ns->listen.count);
    if (!ns->listen.count || ns->listen.count > DNS_LISTEN_MAX) {
        (void)err_set(err, -EINVAL, "found --listen %zu times, expected 1 to %d",
                      ns->listen.count, DNS_LISTEN_MAX);
        return CLI_USAGE;
    }
    if (!ns->socket && path_runtime(socket, "nameserver.sock", err) < 0)
        return err->code;
    if (!ns->state && path_state(state, "nameserver", err) < 0)
        return err->code;
    ns->socket = ns->socket ? ns->socket : socket;
    ns->state = ns->state ? ns->state : state;
    return 0;
}

/* Half of the descriptors that there are is for probes, the rest for who asks. */
static size_t probe_sockets_max(void)
{
    struct rlimit limit = {.rlim_cur = 1024};

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* what we may have is then in rlim_cur */
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    size_t half = (size_t)limit.rlim_cur / 2;
    return half < 1 ? 1 : half > PROBE_SOCKETS_MAX ? PROBE_SOCKETS_MAX : half;
}

/* Starting and stopping. */

static void on_signal(uv_signal_t *signal, int number)
{
    log_info("nameserver=stopping signal=%d", number);
    uv_stop(signal->loop);
}

static void on_deaf(void *ctx)
{
    struct nameserver *ns = ctx;

    log_error("nameserver=stopping reason=\"it has no address left to listen on\"");
    ns->exit_code = CLI_FAILED;
    uv_stop(&ns->loop);
}

/* A file that cannot be read must not keep the nameserver from starting: control has it, too.
 */
static void follow_what_is_kept(struct nameserver *ns)
{
    SCOPED(intent_freep) struct intent *intent = NULL;
    struct err err = {0};
    int r = keeper_load(ns->keeper, &intent, &err);

    if (err.code)
        log_error("state=damaged using=%s error=%s",
                  r == KEEPER_PREVIOUS ? "the one before" : "nothing", err.text);
    if (r == KEEPER_NOTHING)
        return;
    if (r == KEEPER_LAST)
        ns->routes.durable_generation = intent->generation;
    (void)helm_offer(ns->helm, &intent);
}

/* What others may have taken comes first: the socket and the addresses. */
static int start(struct nameserver *ns, struct err *err)
{
    static const int numbers[2] = {SIGINT, SIGTERM};

    if (path_make_folder(ns->socket, err) < 0 || privileges_drop(err) < 0)
        return err->code;
    int fd = http_listen_unix(ns->socket, err);
    if (fd < 0)
        return fd;
    if (listening_open(&ns->listening, &ns->listen, err) < 0 ||
        keeper_open(&ns->keeper, &ns->loop, ns->state, err) < 0) {
        (void)close(fd);
        (void)unlink(ns->socket); /* nobody answers there */
        return err->code;
    }
    struct helm_options options = {.dns = ns->listening.dns,
                                   .events = ns->events,
                                   .probe_sockets_max = probe_sockets_max()};
    ns->helm = helm_new(&ns->loop, &options);
    ns->routes = (struct routes){.helm = ns->helm,
                                 .keeper = ns->keeper,
                                 .events = ns->events,
                                 .listening = &ns->listening,
                                 .is_owned = ns->is_owned,
                                 .started_ms = clock_wall_ms(),
                                 .on_deaf = on_deaf,
                                 .ctx = ns};
    follow_what_is_kept(ns);
    if (http_server_open(&ns->http, &ns->loop, fd, routes_handle, &ns->routes, err) < 0)
        return err->code;
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&ns->loop, &ns->signals[i]);
        (void)uv_signal_start(&ns->signals[i], on_signal, numbers[i]);
    }
    const struct intent *intent = helm_intent(ns->helm);
    log_info("nameserver=ready version=%s pid=%d socket=%s state=%s generation=%llu names=%zu",
             SEAWALL_VERSION, (int)getpid(), ns->socket, ns->state,
             intent ? (unsigned long long)intent->generation : 0,
             intent ? intent->name_count : 0);
    return 0;
}

static void stop(struct nameserver *ns)
{
    ns->http = http_server_close(ns->http);
    for (size_t i = 0; i < 2; i++)
        if (ns->signals[i].loop)
            uv_close((uv_handle_t *)&ns->signals[i], NULL);
    ns->helm = helm_free(ns->helm);
    ns->keeper = keeper_close(ns->keeper);
    while (uv_loop_alive(&ns->loop) && uv_run(&ns->loop, UV_RUN_ONCE))
        ;
    listening_close(&ns->listening);
    ns->events = feed_free(ns->events);
    (void)uv_loop_close(&ns->loop);
}

/* For `systemctl start`, which waits for it. A child of a server has nobody to tell. */
static void tell_manager(const struct nameserver *ns, const char *text)
{
    struct err err = {0};

    if (!ns->is_owned && notify_send(text, &err) < 0)
        log_warn("notify=failed error=%s", err.text);
}

static int run(struct cli *cli, struct err *err)
{
    struct nameserver *ns = arena_new_in(cli->arena, struct nameserver);
    int r = read_options(ns, cli, err);

    if (r != 0)
        return r;
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that leaves is an error code, not a death */
    (void)umask(0027);
    if (args_has(&cli->args, "debug"))
        log_level_set(LOG_LEVEL_DEBUG);
    (void)uv_loop_init(&ns->loop);
    ns->events = feed_new(EVENTS_KEPT);
    r = start(ns, err);
    if (r == 0) {
        tell_manager(ns, "READY=1");
        (void)uv_run(&ns->loop, UV_RUN_DEFAULT);
        tell_manager(ns, "STOPPING=1");
        (void)unlink(ns->socket); /* the next nameserver would replace it anyway */
        r = ns->exit_code;
    }
    stop(ns);
    return r;
}

static const struct command_option options[] = {
    {.name = "listen",
     .value = "ADDRESS:PORT",
     .repeats = true,
     .help = "Where to answer DNS, by UDP and TCP; repeat for more"},
    {.name = "socket", .value = "PATH", .help = "Where to listen for intents and questions"},
    {.name = "state", .value = "FOLDER", .help = "Where to keep the last intent"},
    OPTION_CONFIG,
    {.name = "owned",
     .help = "Belongs to a server, which may end it and change where it listens"},
    {.name = "debug", .help = "Log more"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall nameserver --listen 192.0.2.53:53 --listen '[2001:db8::53]:53'",
     "with state and socket in the usual places"},
    {"seawall nameserver --config /etc/seawall/nameserver.conf", "with options from a file"},
    EXAMPLE_END,
};

const struct command command_nameserver = {
    .name = "nameserver",
    .summary = "Run steering: probe endpoints and answer DNS",
    .text = "Probes the endpoints that the control plane names, decides which of them are "
            "answered, and answers.\n\nKeeps what it was last told on disk, and goes on "
            "without the control plane for as long as it must. `seawall server` starts one "
            "unless told not to.\n\nA config file has a line for each option, and one for each "
            "address: 'listen = 192.0.2.53:53'. What the command line says holds.",
    .options = options,
    .examples = examples,
    .run = run,
};
