/* SPDX-License-Identifier: Apache-2.0 */
/* seawall version: what this program is. */
#include "cli/command.h"
#include "seawall_version.h"

#include <stdio.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_version;

static const struct command_option options[] = {
    OPTION_FORMAT,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall version --format json", "the version, for programs"},
    EXAMPLE_END,
};

static int version_run(struct cli *cli, struct err *err)
{
    (void)err;
    if (cli->is_json)
        (void)printf("{\"client\": {\"version\": \"%s\"}}\n", SEAWALL_VERSION);
    else
        (void)printf("seawall %s\n", SEAWALL_VERSION);
    return CLI_DONE;
}

const struct command command_version = {
    .name = "version",
    .summary = "Show the versions of seawall and of its server",
    .options = options,
    .examples = examples,
    .run = version_run,
};
