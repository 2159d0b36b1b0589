/* SPDX-License-Identifier: Apache-2.0 */
/* --config FILE, the same for every process. */
#pragma once

#include "cli/command.h"

#define OPTION_CONFIG                                          \
    {                                                          \
        .name = "config", .value = "FILE",                     \
        .help = "Options from a file, as lines of KEY = VALUE" \
    }

/* Adds what the file that --config names says to what the command line said, which holds. */
int args_config_read(struct cli *cli, struct err *err) MUST_USE;
