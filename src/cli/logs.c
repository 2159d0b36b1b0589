/* SPDX-License-Identifier: Apache-2.0 */
/* seawall logs: what the containers of an app print, from all clusters. */
#include "base/clock.h"
#include "cli/client.h"
#include "cli/log_view.h"
#include "cli/output.h"
#include "cli/since.h"
#include "cli/term.h"
#include "cli/user_files.h"
#include "model/name.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_logs;

static const struct command_option options[] = {
    /* -f follows, as with docker compose logs. */
    {.name = "file",
     .value = "FILE",
     .repeats = true,
     .help = "Compose file; repeat to merge (default: compose.yaml and its variants here, "
             "else above)"},
    OPTIONS_PROJECT,
    {.name = "follow", .letter = 'f', .help = "Go on as lines come, until Ctrl-C"},
    {.name = "tail",
     .letter = 'n',
     .value = "LINES",
     .help = "Begin with the last lines of each container: a number, or all"},
    {.name = "since",
     .value = "TIME",
     .help = "Only later ones: 2026-11-24T04:00:35Z, or how long ago: 10m, 1h30m"},
    {.name = "timestamps", .letter = 't', .help = "Show when each line was printed"},
    {.name = "cluster", .value = "NAME", .help = "Only what runs in this cluster"},
    {.name = "no-log-prefix", .help = "Do not show who printed a line"},
    {.name = "no-color", .help = "No colours"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall logs -f", "watch the app of the Compose file here"},
    {"seawall logs -p shop --tail 20 web", "the last lines of each copy of one service"},
    {"seawall logs --since 10m --cluster amber-1", "the last ten minutes of one cluster"},
    EXAMPLE_END,
};

struct logs {
    const struct args *args;
    struct log_view view;
    bool is_json;
    bool has_errors;
    int result;
    struct err *err;
};

static void print_error(struct logs *logs, const json_t *line)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    char *text = arena_strdup(arena, output_text(line, "error"));

    table_clean(text);
    (void)fprintf(stderr, "seawall: logs of %s: %s\n", log_view_source(&logs->view, line),
                  text);
    logs->has_errors = true;
}

static int print_line(struct logs *logs, const json_t *line)
{
    struct buf text;

    buf_init(&text, 2 * CLIENT_LINE_MAX);
    int r = log_view_add(&logs->view, line, &text);
    if (r < 0)
        (void)err_set(logs->err, r, "logs: a line has more than %zu bytes", CLIENT_LINE_MAX);
    else
        (void)fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return r;
}

/* With several services named, the server sends all and we keep those. */
static bool is_wanted(const struct logs *logs, const json_t *line)
{
    const char *service = output_text(line, "service");

    for (size_t i = 0; i < logs->args->count; i++)
        if (strcmp(logs->args->items[i], service) == 0)
            return true;
    return logs->args->count == 0;
}

static int on_line(void *ctx, const json_t *line)
{
    struct logs *logs = ctx;

    if (!is_wanted(logs, line))
        return 0;
    if (*output_text(line, "error"))
        print_error(logs, line);
    if (logs->is_json)
        logs->result = output_json_line(line, logs->err);
    else if (!*output_text(line, "error"))
        logs->result = print_line(logs, line);
    (void)fflush(stdout);
    return logs->result < 0 || ferror(stdout);
}

/* "&tail=20", "" for all. NULL with `err` set when it is neither. */
static const char *tail_query(const struct cli *cli, struct err *err)
{
    const char *text = args_value(&cli->args, "tail");
    uint64_t lines;

    if (!text || strcmp(text, "all") == 0)
        return "";
    if (args_number(text, "--tail", 0, INT_MAX, &lines, err) < 0)
        return NULL;
    return arena_printf(cli->arena, "&tail=%s", text);
}

static const char *since_query(const struct cli *cli, struct err *err)
{
    const char *text = args_value(&cli->args, "since");
    int64_t since_ms;

    if (!text)
        return "";
    if (since_read(text, clock_wall_ms(), &since_ms, err) < 0)
        return NULL;
    return arena_printf(cli->arena, "&since=%lld", (long long)(since_ms / 1000));
}

/* The query, in the arena. NULL with `err` set when an option makes no sense. */
static const char *query_of(const struct cli *cli, struct err *err)
{
    const char *tail = tail_query(cli, err), *since = since_query(cli, err);
    const char *cluster = args_value(&cli->args, "cluster");
    const char *text = "";

    if (err->code)
        return NULL;
    if (cluster)
        text = arena_printf(cli->arena, "&cluster=%s", client_escape(cli->arena, cluster));
    if (cli->args.count == 1)
        text = arena_printf(cli->arena, "%s&service=%s", text,
                            client_escape(cli->arena, cli->args.items[0]));
    return arena_printf(cli->arena, "follow=%d&timestamps=%d%s%s%s",
                        args_has(&cli->args, "follow"), args_has(&cli->args, "timestamps"),
                        tail, since, text);
}

/* A typing mistake must not look like silence. */
static int check_services(struct cli *cli, struct client *client, const char *name,
                          struct err *err)
{
    json_t *app = NULL;
    int r = client_call(client, "GET", arena_printf(cli->arena, "/v1/apps/%s", name), NULL,
                        &app, err);

    for (size_t i = 0; r == CLIENT_OK && i < cli->args.count; i++)
        if (!json_object_get(json_object_get(json_object_get(app, "plan"), "services"),
                             cli->args.items[i]))
            r = err_set(err, -ENOENT, "app '%s' has no service '%s'", name, cli->args.items[i]);
    json_decref(app);
    return r;
}

static int stream(struct cli *cli, struct client *client, const char *path, const char *name,
                  struct err *err)
{
    struct logs logs = {.args = &cli->args, .is_json = cli->is_json, .err = err};
    const struct client_sink sink = {.on_line = on_line, .ctx = &logs};
    json_t *refusal = NULL;

    log_view_init(&logs.view, name);
    logs.view.has_colour = term_has_colour(STDOUT_FILENO) && !args_has(&cli->args, "no-color");
    logs.view.has_prefix = !args_has(&cli->args, "no-log-prefix");
    logs.view.has_time = args_has(&cli->args, "timestamps");
    int r = client_stream(client, "GET", path, NULL, &sink, &refusal, err);
    log_view_fini(&logs.view);
    json_decref(refusal);
    if (r == CLIENT_OK && logs.result == 0 && logs.has_errors)
        return CLI_FAILED;
    return client_exit(r == CLIENT_OK ? logs.result : r);
}

static int logs_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    const char *query = query_of(cli, err), *name = NULL;

    if (!query)
        return CLI_USAGE;
    int r = user_files_app_name(&name, cli, err);
    if (r == 0)
        r = client_open(&client, cli, err);
    if (r == 0)
        r = check_services(cli, client, name, err);
    if (r != CLIENT_OK)
        return client_exit(r);
    return stream(cli, client, arena_printf(cli->arena, "/v1/apps/%s/logs?%s", name, query),
                  name, err);
}

const struct command command_logs = {
    .name = "logs",
    .summary = "Show what the containers of an app print",
    .arguments = "[SERVICE...]",
    .args_max = COMMAND_ARGS_MANY,
    .text = "From all clusters that can be reached; each line begins with the cluster and the "
            "replica that printed it. Colours that containers print are kept on a terminal; "
            "anything else that could command it is shown as '?'.",
    .options = options,
    .examples = examples,
    .run = logs_run,
};
