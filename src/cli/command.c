/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "base/suggest.h"

#include <string.h>

#define COMMAND(name) extern const struct command command_##name;
#include "cli/command_list.h"
#undef COMMAND

const struct command *const command_all[] = {
#define COMMAND(name) &command_##name,
#include "cli/command_list.h"
#undef COMMAND
    NULL,
};

const struct command *command_find(const struct command *const *commands, const char *name)
{
    for (; commands && *commands; commands++)
        if (strcmp((*commands)->name, name) == 0)
            return *commands;
    return NULL;
}

const char *command_suggest(const struct command *const *commands, const char *word)
{
    struct suggest suggest = {0};

    for (; commands && *commands; commands++)
        suggest_add(&suggest, word, (*commands)->name);
    return suggest.best;
}
