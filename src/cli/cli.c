/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>

int cli_main(int argc, char **argv)
{
    (void)argv;
    (void)fprintf(stderr, "seawall: %d arguments\n", argc - 1);
    return 2;
}
