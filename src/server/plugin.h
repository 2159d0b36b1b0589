/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program that brings something on its standard output. No shell, nothing on its
 * standard input, and no more time and output than it is given.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>
#include <uv.h>

struct plugin;

/*
 * `err` is NULL when it ended with status 0; `text` is then what it printed. -ENOENT: there is
 * no such program. Valid during the call only.
 */
typedef void plugin_on_done(void *ctx, const char *text, size_t len, const struct err *err);

/*
 * `args` and `env` end with NULL; args[0] is the program, looked for in $PATH unless it is a
 * path. Copied. The callback comes from the loop, never from inside plugin_start.
 */
struct plugin *plugin_start(uv_loop_t *loop, const char *const *args, const char *const *env,
                            unsigned timeout_ms, plugin_on_done *on_done, void *ctx) MUST_USE;

/* Ends the program. No callback comes after this. Accepts NULL. Returns NULL. */
struct plugin *plugin_cancel(struct plugin *plugin);
