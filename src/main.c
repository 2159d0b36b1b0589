/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "nameserver/nameserver.h"
#include "server/server.h"

int main(int argc, char **argv)
{
    static const struct command *const processes[] = {&command_server, &command_nameserver,
                                                      NULL};

    return cli_main(argc, argv, processes);
}
