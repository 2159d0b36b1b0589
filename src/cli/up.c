/* SPDX-License-Identifier: Apache-2.0 */
/* seawall up: makes what runs what the file says. */
#include "cli/follow.h"
#include "cli/output.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"
#include "model/app_json.h"

#include <stdio.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_up;

static const struct command_option options[] = {
    OPTION_FILE, OPTIONS_PROJECT, OPTION_DETACH, OPTION_FORMAT, OPTION_SOCKET, OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall up", "the Compose file here"},
    {"seawall up -f shop.yaml -d", "another file, without waiting until all of it runs"},
    {"seawall up -f compose.yaml -f production.yaml",
     "two files, merged as Compose merges them"},
    EXAMPLE_END,
};

/* Where it runs now and what that survives, in a few lines. */
static int print_summary(struct cli *cli, struct client *client, const char *name,
                         struct err *err)
{
    json_t *answer = NULL;
    int r = client_call(client, "GET", arena_printf(cli->arena, "/v1/apps/%s", name), NULL,
                        &answer, err);

    if (r == CLIENT_OK)
        (void)puts("");
    if (r == CLIENT_OK)
        r = plan_print_summary(json_object_get(answer, "plan"), err);
    json_decref(answer);
    return client_exit(r);
}

static int up_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(app_freep) struct app *app = NULL;
    json_t *refusal = NULL;
    int r = user_files_project(&project, cli, err);

    if (r == 0)
        r = user_files_app(&app, cli, project, err);
    if (r == 0)
        r = client_open(&client, cli, err);
    if (r < 0)
        return user_files_exit(r);
    json_t *body = json_pack("{s:o}", "app", app_to_json(app));
    r = follow_command(cli, client, arena_printf(cli->arena, "/v1/apps/%s/up", app->name), body,
                       arena_printf(cli->arena, "up %s", app->name), &refusal, err);
    json_decref(body);
    if (r == CLI_DONE && !cli->is_json && !args_has(&cli->args, "detach"))
        return print_summary(cli, client, app->name, err);
    return plan_print_refusal(cli, r, refusal, err);
}

const struct command command_up = {
    .name = "up",
    .summary = "Run an app, or change it to what its file says now",
    .text = "Starts what is missing, replaces what has another definition now, removes what is "
            "not in the file any more, and leaves alone what is right. An old copy stays until "
            "its replacement serves.\n\n"
            "Refused, with nothing changed, when the app could not survive what it asks for: "
            "'seawall plan' says why.\n\n"
            "It waits until all is in step. What belongs to clusters that cannot be reached is "
            "done when they are back. Ctrl-C leaves the view, not the work.",
    .options = options,
    .examples = examples,
    .run = up_run,
};
