/* SPDX-License-Identifier: Apache-2.0 */
/* seawall config: is the file right, and what does it say when all is filled in? */
#include "cli/output.h"
#include "cli/table.h"
#include "cli/user_files.h"
#include "driver/keys.h"
#include "model/app_json.h"
#include "yaml/write.h"

#include <errno.h>
#include <stdio.h>

/* Files of 16 MiB, with all that is left out in them. */
#define TEXT_SIZE_MAX ((size_t)256 << 20)

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_config;

static const struct command_option options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    {.name = "model", .help = "What Seawall makes of it, as the API carries it (JSON)"},
    {.name = "quiet", .letter = 'q', .help = "Only validate, print nothing"},
    {.name = "services", .help = "Only print the names of the services"},
    {.name = "strict", .help = "Refuse what any driver would not honour"},
    /* Not OPTION_FORMAT: what stands in for a table here is a Compose file. */
    {.name = "format",
     .value = "yaml|json",
     .help = "How to print: yaml, or json for programs"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall config", "the file here, with all variables and defaults filled in"},
    {"seawall config -q", "is it right? Exit code 0: yes"},
    {"seawall config --format json --model", "what 'seawall up' would send to the server"},
    EXAMPLE_END,
};

struct gaps {
    struct arena *arena;
    const char *driver;
};

static void print_gap(void *ctx, const struct service *service, const struct driver_gap *gap)
{
    const struct gaps *gaps = ctx;
    char *name = arena_strdup(gaps->arena, service->name);

    table_clean(name);
    (void)fprintf(stderr, "services.%s.%s: %s does not honour it: %s\n", name, gap->key,
                  gaps->driver, gap->why);
}

/* What each driver would not do of what the file says. Returns how much. */
static size_t print_gaps(struct arena *arena, const struct app *app)
{
    size_t count = 0;

    for (size_t i = 0; driver_names[i]; i++) {
        struct gaps gaps = {arena, driver_names[i]};

        count += driver_gaps(gaps.driver, app, print_gap, &gaps);
    }
    return count;
}

static int print_yaml(const json_t *json, struct err *err)
{
    /* As Compose prints it. */
    static const char *const first[] = {"name", "services", "networks", "volumes", NULL};
    struct buf text;

    buf_init(&text, TEXT_SIZE_MAX);
    int r = yaml_write(&text, json, first);
    if (r < 0)
        (void)err_set(err, r, "config: more than %zu bytes, or too deep", TEXT_SIZE_MAX);
    else
        (void)fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return r;
}

static int print_config(const struct cli *cli, const struct project *project,
                        const struct app *app, struct err *err)
{
    bool is_model = args_has(&cli->args, "model");

    if (args_has(&cli->args, "quiet"))
        return 0;
    if (args_has(&cli->args, "services")) {
        for (size_t i = 0; i < app->service_count; i++)
            (void)puts(app->services[i].name);
        return 0;
    }
    json_t *json = is_model ? app_to_json(app) : project_to_json(project);
    int r = cli->is_json || is_model ? output_json(json, err) : print_yaml(json, err);
    json_decref(json);
    return r;
}

static int config_run(struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(app_freep) struct app *app = NULL;
    int r = user_files_project(&project, cli, err);

    if (r == 0)
        r = user_files_app(&app, cli, project, err);
    if (r < 0)
        return user_files_exit(r);
    size_t gaps = print_gaps(cli->arena, app);
    if (gaps && args_has(&cli->args, "strict")) {
        (void)err_set(err, -EOPNOTSUPP, "config: %zu keys would not be honoured everywhere",
                      gaps);
        return CLI_REFUSED;
    }
    return print_config(cli, project, app, err);
}

const struct command command_config = {
    .name = "config",
    .summary = "Validate the Compose file and print it filled in",
    .text = "With all variables, defaults and files merged in, as YAML. What is wrong is named "
            "with its line and column, all of it at once.\n\n"
            "Keys that a driver would not honour are listed on standard error, driver by "
            "driver; with --strict there may be none.",
    .options = options,
    .examples = examples,
    .run = config_run,
};
