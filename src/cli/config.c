/* SPDX-License-Identifier: Apache-2.0 */
/* seawall config: is the file right, and what does it say when all is filled in? */
#include "cli/output.h"
#include "cli/user_files.h"
#include "model/app_json.h"

#include <stdio.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_config;

static const struct command_option options[] = {
    OPTION_FILE,
    OPTION_PROJECT,
    OPTION_ENV_FILE,
    {.name = "model", .help = "What Seawall makes of it, as the API carries it (JSON)"},
    {.name = "quiet", .letter = 'q', .help = "Only validate, print nothing"},
    {.name = "services", .help = "Only the names of the services"},
    OPTION_FORMAT,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall config", "the file here, with all variables and defaults filled in"},
    {"seawall config -q", "is it right? Exit code 0: yes"},
    {"seawall config --format json --model", "what 'seawall up' would send to the server"},
    EXAMPLE_END,
};

static int config_run(struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(app_freep) struct app *app = NULL;
    int r = user_files_project(&project, cli, err);

    if (r == 0)
        r = user_files_app(&app, cli, project, err);
    if (r < 0 || args_has(&cli->args, "quiet"))
        return r;
    if (args_has(&cli->args, "services")) {
        for (size_t i = 0; i < app->service_count; i++)
            (void)puts(app->services[i].name);
        return 0;
    }

    json_t *json = args_has(&cli->args, "model") ? app_to_json(app) : project_to_json(project);
    r = output_json(json, err);
    json_decref(json);
    return r;
}

const struct command command_config = {
    .name = "config",
    .summary = "Validate the Compose file and print it filled in",
    .options = options,
    .examples = examples,
    .run = config_run,
};
