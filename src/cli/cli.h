/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one file per command, a table of them, one way to report errors. */
#pragma once

/* Runs the command that argv names. Returns the exit code of the process. */
int cli_main(int argc, char **argv);
