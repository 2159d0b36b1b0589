/* SPDX-License-Identifier: Apache-2.0 */
/* seawall events: what happened, and what is happening. */
#include "base/clock.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/since.h"

#include <stdio.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_events;

static const struct command_option options[] = {
    {.name = "follow", .letter = 'f', .help = "Go on as events happen, until Ctrl-C"},
    {.name = "since",
     .value = "TIME",
     .help = "Only later ones: 2026-11-24T04:00:35Z, or how long ago: 10m, 1h30m"},
    {.name = "app", .value = "NAME", .help = "Only those of this app"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall events -f", "watch"},
    {"seawall events --since 1h --app shop", "the last hour of one app"},
    EXAMPLE_END,
};

#define KIND_WIDTH 19 /* "cluster-unreachable" */

struct events {
    bool is_json;
    int result;
    struct err *err;
};

static void print_event(const json_t *event)
{
    static const char *const keys[] = {"app", "service", "cluster", "message"};
    int width = (int)strlen(output_text(event, "kind"));

    output_clean(output_text(event, "at"));
    (void)fputs("  ", stdout);
    output_clean(output_text(event, "kind"));
    (void)printf("%*s", width < KIND_WIDTH ? KIND_WIDTH - width : 0, "");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *text = output_text(event, keys[i]);

        if (!*text)
            continue;
        (void)printf(i == 3 ? "  " : "  %s=", keys[i]);
        output_clean(text);
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static int on_event(void *ctx, const json_t *event)
{
    struct events *events = ctx;

    if (events->is_json)
        events->result = output_json_line(event, events->err);
    else
        print_event(event);
    return events->result < 0 || ferror(stdout);
}

/* The path with its query, in the arena. NULL with `err` set when --since is no time. */
static const char *path_of(const struct cli *cli, struct err *err)
{
    const char *since = args_value(&cli->args, "since");
    const char *app = args_value(&cli->args, "app");
    char at[CLOCK_TEXT_SIZE] = "";
    int64_t since_ms;

    if (since) {
        if (since_read(since, clock_wall_ms(), &since_ms, err) < 0)
            return NULL;
        (void)clock_text(since_ms, at);
    }
    return arena_printf(
        cli->arena, "/v1/events?follow=%d&app=%s&since=%s", args_has(&cli->args, "follow"),
        client_escape(cli->arena, app ? app : ""), client_escape(cli->arena, at));
}

static int events_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    struct events events = {.is_json = cli->is_json, .err = err};
    const struct client_sink sink = {.on_line = on_event, .ctx = &events};
    const char *path = path_of(cli, err);
    json_t *refusal = NULL;

    if (!path)
        return CLI_USAGE;
    int r = client_open(&client, cli, err);
    if (r == 0)
        r = client_stream(client, "GET", path, NULL, &sink, &refusal, err);
    json_decref(refusal);
    return client_exit(r == CLIENT_OK ? events.result : r);
}

const struct command command_events = {
    .name = "events",
    .summary = "Show what happened, and follow what is happening",
    .options = options,
    .examples = examples,
    .run = events_run,
};
