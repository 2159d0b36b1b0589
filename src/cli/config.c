/* SPDX-License-Identifier: Apache-2.0 */
/* seawall config: is the file right, and what does it say when all is filled in? */
#include "base/suggest.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/user_files.h"
#include "driver/keys.h"
#include "model/app_json.h"
#include "yaml/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
    {.name = "driver",
     .value = "NAME",
     .repeats = true,
     .help = "Only tell what this driver would not honour (default: all drivers)"},
    {.name = "strict", .help = "Refuse what such a driver would not honour"},
    /* Not OPTION_FORMAT: what stands in for a table here is a Compose file. */
    {.name = "format",
     .value = "yaml|json",
     .help = "How to print: yaml, or json for programs"},
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall config", "the file here, with all variables and defaults filled in"},
    {"seawall config -q", "is it right? Exit code 0: yes"},
    {"seawall config -q --strict --driver kubernetes", "will Kubernetes do all of it?"},
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

/* NULL at the end: the drivers that --driver names, else all. Fails for one that is none. */
static int choose_drivers(const struct cli *cli, const char *const **out, struct err *err)
{
    size_t count;
    const char **chosen = args_values(&cli->args, cli->arena, "driver", &count);
    const char **list = arena_array(cli->arena, count + 1, sizeof(*list));

    *out = count ? list : driver_names;
    for (size_t i = 0; i < count; i++) {
        struct suggest suggest = {0};

        for (size_t d = 0; driver_names[d]; d++) {
            suggest_add(&suggest, chosen[i], driver_names[d]);
            if (strcmp(driver_names[d], chosen[i]) == 0)
                list[i] = driver_names[d];
        }
        if (!list[i] && suggest.best)
            return err_set(err, -EINVAL, "--driver '%s': there is none; did you mean '%s'?",
                           chosen[i], suggest.best);
        if (!list[i])
            return err_set(err, -EINVAL, "--driver '%s': there is none", chosen[i]);
    }
    return 0;
}

/* What each driver would not do of what the file says. Returns how much. */
static size_t print_gaps(struct arena *arena, const char *const *drivers, const struct app *app)
{
    size_t count = 0;

    for (; *drivers; drivers++) {
        struct gaps gaps = {arena, *drivers};

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

/* Not what Seawall makes of them. */
static bool prints_files(const struct cli *cli)
{
    return !args_has(&cli->args, "model") && !args_has(&cli->args, "services") &&
           !args_has(&cli->args, "quiet");
}

static int config_run(struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(app_freep) struct app *app = NULL;
    const char *const *drivers;
    bool is_strict = args_has(&cli->args, "strict");

    if (choose_drivers(cli, &drivers, err) < 0)
        return CLI_USAGE;
    int r = user_files_project(&project, cli, err);
    if (r == 0)
        r = user_files_app(&app, cli, project, err);
    /* What is right is printed, though Seawall would not run all of it: that was listed. */
    if (r == -EOPNOTSUPP && !is_strict && prints_files(cli))
        return print_config(cli, project, NULL, err);
    if (r < 0)
        return user_files_exit(r);
    size_t gaps = 0;
    if (is_strict || !args_has(&cli->args, "quiet"))
        gaps = print_gaps(cli->arena, drivers, app);
    if (gaps && is_strict) {
        (void)err_set(err, -EOPNOTSUPP, "config: of the keys above, %zu would not be honoured",
                      gaps);
        return CLI_REFUSED;
    }
    return print_config(cli, project, app, err);
}

const struct command command_config = {
    .name = "config",
    .summary = "Validate the Compose file and print it filled in",
    .text =
        "With all variables, defaults and files merged in, as YAML. What is wrong is named "
        "with its line and column, all of it at once.\n\n"
        "Keys that Seawall does not run, and those that a driver would not honour, are listed "
        "on standard error; with --strict there may be none.",
    .options = options,
    .examples = examples,
    .run = config_run,
};
