/* SPDX-License-Identifier: Apache-2.0 */
/* seawall plan: what `up` would do, and what the result survives. */
#include "cli/client.h"
#include "cli/output.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"
#include "model/app_json.h"
#include "model/plan_json.h"
#include "plan/planner.h"

#include <errno.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_plan;

static const struct command_option options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    {.name = "fleet",
     .value = "FILE",
     .help = "Plan for the clusters of a fleet file, without a server"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall plan", "the Compose file here, on the clusters of the server"},
    {"seawall plan -f shop.yaml --fleet fleet.yaml", "on clusters that need not exist yet"},
    EXAMPLE_END,
};

/* What is said after a plan with refusals. Nothing was to be changed, and nothing was. */
static int conclude(const struct plan *plan, struct err *err)
{
    if (plan->refusal_count == 0)
        return CLI_DONE;
    (void)err_set(err, -EPERM, "refused: %s: %s", plan->refusals[0].service,
                  plan->refusals[0].reason);
    return CLI_REFUSED;
}

static int plan_offline(struct cli *cli, const struct app *app, const char *path,
                        struct err *err)
{
    SCOPED(fleet_freep) struct fleet *fleet = NULL;
    SCOPED(plan_freep) struct plan *plan = NULL;
    SCOPED(diff_freep) struct diff *diff = NULL;
    int r = user_files_fleet(&fleet, cli, path, err);

    if (r == 0)
        r = planner_make_alone(&plan, app, fleet, err);
    if (r < 0)
        return r;
    diff = diff_make(plan, NULL, NULL);
    if (cli->is_json) {
        json_t *both =
            json_pack("{s:o, s:o}", "plan", plan_to_json(plan), "diff", diff_to_json(diff));

        r = output_json(both, err);
        json_decref(both);
    } else {
        r = plan_print(plan, diff, err);
    }
    return r < 0 ? r : conclude(plan, err);
}

static int print_answer(const struct cli *cli, const json_t *answer, struct err *err)
{
    SCOPED(plan_freep) struct plan *plan = NULL;
    int r = cli->is_json ? output_json(answer, err) : plan_print_answer(answer, err);

    if (r == 0)
        r = plan_from_json(&plan, json_object_get(answer, "plan"), err);
    return r < 0 ? r : conclude(plan, err);
}

static int plan_online(struct cli *cli, const struct app *app, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *answer = NULL;
    int r = client_open(&client, cli, err);

    if (r < 0)
        return r;
    json_t *body = json_pack("{s:o}", "app", app_to_json(app));
    r = client_call(client, "POST", "/v1/plan", body, &answer, err);
    json_decref(body);
    r = r == CLIENT_OK ? print_answer(cli, answer, err) : client_exit(r);
    json_decref(answer);
    return r;
}

static int plan_run(struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(app_freep) struct app *app = NULL;
    const char *fleet = args_value(&cli->args, "fleet");
    int r = user_files_project(&project, cli, err);

    if (r == 0)
        r = user_files_app(&app, cli, project, err);
    if (r < 0)
        return user_files_exit(r);
    return fleet ? plan_offline(cli, app, fleet, err) : plan_online(cli, app, err);
}

const struct command command_plan = {
    .name = "plan",
    .summary = "Show what 'up' would do, and what the result survives",
    .text = "Where the replicas go and why, what is left after each loss, and what changes "
            "against what runs now. Changes nothing. Exit code 3: the app could not survive "
            "what it asks for, and 'seawall up' would refuse it.",
    .options = options,
    .examples = examples,
    .run = plan_run,
};
