/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user's files and environment say: the Compose files that a command is about, fleet
 * files, the name of the app.
 *
 * All that is wrong with a file is printed on standard error, "file:line:column: text" a line,
 * as editors understand it. The functions then return -EINVAL, or -EOPNOTSUPP when the files
 * are right and ask for what Seawall does not do, and leave `err` alone: it is said. Other
 * failures are in `err`.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "cli/command.h"
#include "compose/compose.h"
#include "model/app.h"
#include "model/fleet.h"

/*
 * The name of the app that the command is about: --project-name, else $COMPOSE_PROJECT_NAME,
 * else what the Compose files say. In the arena.
 */
int user_files_app_name(const char **out, struct cli *cli, struct err *err) MUST_USE;

/* The Compose files, as --file, --project-name and --env-file name them. The caller frees it.
 */
int user_files_project(struct project **out, struct cli *cli, struct err *err) MUST_USE;

/* What a command returns for what one of these returned. */
int user_files_exit(int result);

/* What Seawall runs of them. The caller frees it. */
int user_files_app(struct app **out, struct cli *cli, const struct project *project,
                   struct err *err) MUST_USE;

/* The fleet of a file. The caller frees it. */
int user_files_fleet(struct fleet **out, struct cli *cli, const char *path,
                     struct err *err) MUST_USE;
