/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change an app: sends one, then shows its progress until it is done, as a live
 * view on a terminal, as lines elsewhere, as JSON lines with --format json.
 */
#pragma once

#include "base/attr.h"
#include "cli/client.h"
#include "cli/command.h"

/* Detaching, for option tables. */
#define OPTION_DETACH                                                           \
    {                                                                           \
        .name = "detach", .letter = 'd', .help = "Do not wait until it is done" \
    }

/*
 * POSTs `body` to `path`; adds "detach" to it. `title` heads the view: "up shop". Ctrl-C
 * detaches: the server goes on. Returns an enum cli_exit or a negative errno; with CLI_REFUSED,
 * *refusal is the server's answer, to be released by the caller.
 */
int follow_command(struct cli *cli, struct client *client, const char *path, json_t *body,
                   const char *title, json_t **refusal, struct err *err) MUST_USE;
