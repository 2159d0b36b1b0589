/* SPDX-License-Identifier: Apache-2.0 */
/* Config files: any bytes are read or refused with their place. */
#include "cli/args_file.h"
#include "cli/command.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct command_option options[] = {
        {.name = "config", .value = "FILE", .help = ""},
        {.name = "state", .value = "URL", .help = ""},
        {.name = "level", .value = "low|high", .help = ""},
        {.name = "debug", .help = ""},
        OPTION_END,
    };
    static const struct command command = {.name = "try", .options = options};
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct args args = {0};
    struct err err = {0};
    int r = args_file_read(&args, arena, &command, "f", (const char *)data, size, &err);

    if (r < 0) {
        assert(strncmp(err.text, "f:", 2) == 0);
        assert(args.given_count == 0);
    } else {
        assert(args.given_count <= 3);
    }
    return 0;
}
