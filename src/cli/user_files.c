/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/user_files.h"

#include "base/file.h"
#include "cli/table.h"
#include "driver/keys.h"
#include "fleet/fleet_file.h"
#include "model/name.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The world as it is. */

static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    (void)ctx;
    return file_read(path, out, err);
}

static bool has_file(void *ctx, const char *path)
{
    (void)ctx;
    return access(path, F_OK) == 0;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static int world_make(struct surroundings *out, struct arena *arena, struct err *err)
{
    char folder[PATH_MAX];

    if (!getcwd(folder, sizeof(folder)))
        return err_sys(err, "find out which folder this is");
    *out = (struct surroundings){.read_file = read_file,
                                 .has_file = has_file,
                                 .get_variable = get_variable,
                                 .work_dir = arena_strdup(arena, folder)};
    return 0;
}

static void print_problems(struct problems *problems)
{
    size_t shown = 0;

    problems_sort(problems);
    for (size_t i = 0; i < problems->count; i++) {
        char *text =
            arena_strdup(problems->arena, problem_text(problems->arena, &problems->items[i]));

        shown += problems->items[i].kind == PROBLEM_ERROR;
        table_clean(text);
        (void)fprintf(stderr, "%s\n", text);
    }
    if (problems->errors > shown)
        (void)fprintf(stderr, "seawall: and %zu errors more\n", problems->errors - shown);
}

/* Compose. */

static void read_input(struct compose_input *out, struct cli *cli)
{
    out->files = args_values(&cli->args, cli->arena, "file", &out->file_count);
    out->env_files = args_values(&cli->args, cli->arena, "env-file", &out->env_file_count);
    out->name = args_value(&cli->args, "project-name");
    out->folder = args_value(&cli->args, "project-directory");
    out->profiles = args_values(&cli->args, cli->arena, "profile", &out->profile_count);
}

int user_files_project(struct project **out, struct cli *cli, struct err *err)
{
    struct compose_input input = {0};
    struct surroundings world;
    struct problems problems;
    int r = world_make(&world, cli->arena, err);

    if (r < 0)
        return r;
    read_input(&input, cli);
    problems_init(&problems, cli->arena);
    r = compose_load(out, &input, &world, &problems);
    print_problems(&problems);
    return r;
}

int user_files_app(struct app **out, struct cli *cli, const struct project *project,
                   struct err *err)
{
    struct surroundings world;
    struct problems problems;
    int r = world_make(&world, cli->arena, err);

    if (r < 0)
        return r;
    problems_init(&problems, cli->arena);
    r = project_to_app(out, project, &world, &problems);
    print_problems(&problems);
    return r;
}

int user_files_exit(int result)
{
    return result == -EOPNOTSUPP ? CLI_REFUSED : result;
}

int user_files_app_name(const char **out, struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    const char *name = args_value(&cli->args, "project-name");
    const char *source = "--project-name";

    if (!name) {
        name = getenv("COMPOSE_PROJECT_NAME");
        source = "COMPOSE_PROJECT_NAME";
    }
    if (!name || !*name) {
        int r = user_files_project(&project, cli, err);

        if (r < 0)
            return r;
        name = project_name(project);
    } else if (!name_is_app(name)) {
        return err_set(err, -EINVAL,
                       "%s '%s': a name is a-z, 0-9, '-' and '_', begins with a letter or a "
                       "digit, and has at most %d of them",
                       source, name, APP_NAME_MAX);
    }
    *out = arena_strdup(cli->arena, name);
    return 0;
}

/* Fleet. */

int user_files_fleet(struct fleet **out, struct cli *cli, const char *path, struct err *err)
{
    struct surroundings world;
    struct problems problems;
    int r = world_make(&world, cli->arena, err);

    if (r < 0)
        return r;
    problems_init(&problems, cli->arena);
    r = fleet_file_read(out, path, driver_names, &world, &problems);
    print_problems(&problems);
    return r;
}
