/* SPDX-License-Identifier: Apache-2.0 */
/* seawall down: takes an app off all clusters. */
#include "cli/follow.h"
#include "cli/output.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"

#include <errno.h>
#include <stdio.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_down;

static const struct command_option options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    {.name = "volumes",
     .letter = 'v',
     .help = "Also remove the named volumes, with their data"},
    OPTION_DETACH,
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall down", "the app of the Compose file here"},
    {"seawall down -p shop", "an app by its name, without its file"},
    {"seawall down -p shop -v", "with its data"},
    EXAMPLE_END,
};

static int down_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    const char *name = NULL;
    json_t *refusal = NULL;
    int r = user_files_app_name(&name, cli, err);

    if (r == 0)
        r = client_open(&client, cli, err);
    if (r < 0)
        return r;
    json_t *body = json_pack("{s:b}", "volumes", args_has(&cli->args, "volumes"));
    r = follow_command(cli, client, arena_printf(cli->arena, "/v1/apps/%s/down", name), body,
                       arena_printf(cli->arena, "down %s", name), &refusal, err);
    json_decref(body);
    if (r == -ENOENT) {
        /* What was asked for is so: the second `down` of a script must not fail. */
        (void)fprintf(stderr, "seawall: nothing to take down: there is no app '%s'\n", name);
        *err = (struct err){0};
        return CLI_DONE;
    }
    return plan_print_refusal(cli, r, refusal, err);
}

const struct command command_down = {
    .name = "down",
    .summary = "Take an app off all clusters",
    .text = "Containers and networks go; named volumes stay unless --volumes says otherwise. "
            "What is not the app's is never touched.\n\n"
            "On clusters that cannot be reached it is removed when they are back.",
    .options = options,
    .examples = examples,
    .run = down_run,
};
