/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from a file, for processes that nobody types: `seawall server --config FILE`. Pure.
 *
 *     # a comment
 *     socket = /run/seawall/seawall.sock
 *     no-nameserver = true
 *
 * A line is a key, "=" and the value up to the end of the line. Keys are the long names of the
 * command's own options; those that take no value are true or false here. Those that repeat may
 * have several lines.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "cli/args.h"

#include <stddef.h>

#define ARGS_FILE_SIZE_MAX ((size_t)64 << 10)

/*
 * Adds the options of text[0..len) to `args`; where the command line said something, that
 * holds. `file` is the name for error texts. 0, or -EINVAL with "file:line:column: ...", and
 * `args` as it was.
 */
int args_file_read(struct args *args, struct arena *arena, const struct command *command,
                   const char *file, const char *text, size_t len, struct err *err) MUST_USE;
