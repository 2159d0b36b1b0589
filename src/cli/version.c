/* SPDX-License-Identifier: Apache-2.0 */
/* seawall version: what this program is, and what its server is. */
#include "cli/client.h"
#include "cli/output.h"
#include "seawall_version.h"

#include <stdio.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_version;

static const struct command_option options[] = {
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall version", "of this program, and of the server if one is running"},
    EXAMPLE_END,
};

/* NULL when there is no server to ask, which is no failure here. */
static json_t *ask_server(struct cli *cli)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *answer = NULL;
    struct err ignored = {0};

    if (client_open(&client, cli, &ignored) < 0 ||
        client_call(client, "GET", "/v1/version", NULL, &answer, &ignored) != CLIENT_OK)
        return NULL;
    return answer;
}

static int version_run(struct cli *cli, struct err *err)
{
    json_t *server = ask_server(cli);
    int r = CLI_DONE;

    if (cli->is_json) {
        json_t *all = json_pack("{s:{s:s}, s:O?}", "client", "version", SEAWALL_VERSION,
                                "server", server);
        r = output_json(all, err);
        json_decref(all);
    } else {
        (void)printf("seawall %s\n", SEAWALL_VERSION);
        (void)fputs("server  ", stdout);
        output_clean(server ? output_text(server, "version") : "not running");
        (void)fputs("\n", stdout);
    }
    json_decref(server);
    return r;
}

const struct command command_version = {
    .name = "version",
    .summary = "Show the versions of seawall and of its server",
    .options = options,
    .examples = examples,
    .run = version_run,
};
