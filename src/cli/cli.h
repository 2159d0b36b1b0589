/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one file per command, a table of them, one way to report errors. */
#pragma once

#include "cli/command.h"

/*
 * Runs the command that argv names. `processes` (NULL at the end, or NULL) are commands that
 * other folders bring: the server and the nameserver. They are found, parsed, helped and
 * listed like all others. Returns the exit code of the process.
 */
int cli_main(int argc, char **argv, const struct command *const *processes);
