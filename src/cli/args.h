/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a command line, read by a command's option table. Pure.
 *
 * Values point into the words that were parsed; the lists live in the arena given.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;
struct command_option;

struct args_given {
    const struct command_option *option;
    const char *value; /* NULL: the option takes none */
};

struct args {
    struct args_given *given; /* options, in the order in which they came */
    size_t given_count;
    const char **items; /* what is not an option */
    size_t count;
};

enum {
    ARGS_OK = 0,
    ARGS_HELP = 1, /* --help or -h is among them; nothing else was checked */
};

/*
 * Options may stand anywhere; "--" ends them. Understands --name VALUE, --name=VALUE, -n VALUE,
 * -nVALUE and -abc. ARGS_OK, ARGS_HELP, or -EINVAL with a text for the user.
 */
int args_parse(struct args *out, struct arena *arena, const struct command *command,
               const char *const *words, size_t count, struct err *err) MUST_USE;

bool args_has(const struct args *args, const char *name);

/* The last value given, or NULL. */
const char *args_value(const struct args *args, const char *name);

/* All values given, in order, in `arena`. */
const char **args_values(const struct args *args, struct arena *arena, const char *name,
                         size_t *count) MUST_USE;

/* A whole decimal number between the two limits. -EINVAL names `what` ("--tail"). */
int args_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out,
                struct err *err) MUST_USE;

/* The option of a table by its long name, or NULL. `len` bytes of `name` count. */
const struct command_option *args_find_option(const struct command_option *options,
                                              const char *name, size_t len);

/* Whether an option that takes a value takes this one: "table|json" allows just the two. */
bool args_is_allowed(const struct command_option *option, const char *value);
