/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the command tables: for people as text, for tools as JSON. Pure. */
#pragma once

#include "base/buf.h"
#include "cli/command.h"

#include <jansson.h>

#define USAGE_SIZE_MAX ((size_t)1 << 20)

/* The overview: what seawall is, and all commands. */
void usage_all(struct buf *out, const struct command *const *commands,
               const struct command *const *processes);

/* One command or group. `name`: all its words, "fleet apply". */
void usage_command(struct buf *out, const struct command *command, const char *name);

/*
 * Everything as one JSON object, which man pages and completions are made from:
 * {"name", "version", "summary", "commands": [command], "exit": [{"code", "meaning"}],
 *  "environment": [{"name", "meaning"}]}, where command is {"name", "summary", "text",
 * "arguments", "process": bool, "options": [{"name", "letter", "value", "choices", "help"}],
 * "examples": [{"line", "what"}], "commands": [command]}. What is not there is null or [].
 * The caller releases it.
 */
json_t *usage_json(const struct command *const *commands,
                   const struct command *const *processes);
