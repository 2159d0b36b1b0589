/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is: one const struct, from which parsing, help, man pages and completions
 * are made. All pointers are to constants of the program.
 *
 * A new command is a file cli/NAME.c that defines `const struct command command_NAME`, and
 * the word NAME in the list in cli/meson.build.
 */
#pragma once

#include "base/err.h"
#include "cli/args.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,         /* nothing was tried: the words make no sense */
    CLI_REFUSED = 3,       /* nothing was changed: it cannot survive, or is not supported */
    CLI_INTERRUPTED = 130, /* Ctrl-C, as shells have it: 128 + SIGINT */
};

struct command_option {
    const char *name;  /* "file" is --file; NULL ends a table */
    char letter;       /* 'f' is -f; 0: none */
    bool repeats;      /* each value counts; without it the last one does */
    const char *value; /* "FILE"; "table|json" allows just these; NULL: takes no value */
    const char *help;  /* one line, no full stop */
};

struct command_example {
    const char *line; /* "seawall up -f shop.yaml"; NULL ends a table */
    const char *what; /* "run the app" */
};

/* One invocation. Owned by cli_main. */
struct cli {
    const struct command *command;
    const char *name; /* "fleet apply" */
    struct args args;
    struct arena *arena; /* lives as long as the invocation */
    bool is_json;        /* --format json */

    const struct command *const *processes; /* as given to cli_main; may be NULL */
};

struct command {
    const char *name;      /* one word */
    const char *summary;   /* one line, no full stop */
    const char *arguments; /* "[SERVICE...]", NULL: none */
    size_t args_min, args_max;
    const char *text; /* what the summary leaves out: paragraphs; NULL: nothing */
    const struct command_option *options;   /* --help is understood by itself */
    const struct command_example *examples; /* at least one for what is run */
    const struct command *const *commands;  /* a group: its commands, NULL at the end */

    /*
     * Returns an enum cli_exit, or a negative errno, which counts as CLI_FAILED. What it set
     * in `err` is printed once by cli_main. NULL for groups.
     */
    int (*run)(struct cli *cli, struct err *err);
};

#define COMMAND_ARGS_MANY SIZE_MAX

/* Options that mean the same wherever they appear; for use inside option tables. */
#define OPTION_FORMAT                               \
    {                                               \
        .name = "format", .value = "table|json",    \
        .help = "How to print: table, or json for " \
                "programs"                          \
    }
#define OPTION_SOCKET                                    \
    {                                                    \
        .name = "socket", .value = "PATH",               \
        .help = "Where the server listens (default: "    \
                "$SEAWALL_SOCKET, else the usual place)" \
    }
#define OPTION_FILE                                                                            \
    {                                                                                          \
        .name = "file", .letter = 'f', .value = "FILE", .repeats = true,                       \
        .help = "Compose file; repeat to merge (default: compose.yaml and its variants here, " \
                "else above)"                                                                  \
    }
#define OPTION_PROJECT                                                             \
    {                                                                              \
        .name = "project-name", .letter = 'p', .value = "NAME",                    \
        .help = "Name of the app (default: `name` in the file, else its folder's)" \
    }
#define OPTION_ENV_FILE                                                                     \
    {                                                                                       \
        .name = "env-file", .value = "FILE", .repeats = true,                               \
        .help = "Variables for the Compose file; repeat for more (default: .env beside it)" \
    }
#define OPTION_FOLDER                                                              \
    {                                                                              \
        .name = "project-directory", .value = "PATH",                              \
        .help = "What paths in the file are relative to (default: its own folder)" \
    }
#define OPTION_PROFILE                                           \
    {                                                            \
        .name = "profile", .value = "PROFILE", .repeats = true,  \
        .help = "Also services of this profile; repeat for more" \
    }
/* What all commands that read Compose files take, beside OPTION_FILE. */
#define OPTIONS_PROJECT OPTION_PROJECT, OPTION_FOLDER, OPTION_PROFILE, OPTION_ENV_FILE
#define OPTION_END   \
    {                \
        .name = NULL \
    }
#define EXAMPLE_END  \
    {                \
        .line = NULL \
    }

/* All commands of the client, NULL at the end. Written by meson from its list. */
extern const struct command *const command_all[];

/* NULL when `commands` has none of that name. */
const struct command *command_find(const struct command *const *commands, const char *name);

/* The nearest name for a word that was probably mistyped, or NULL. */
const char *command_suggest(const struct command *const *commands, const char *word);
