/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args_config.h"

#include "base/file.h"
#include "cli/args_file.h"

int args_config_read(struct cli *cli, struct err *err)
{
    const char *path = args_value(&cli->args, "config");
    struct buf text;

    if (!path)
        return 0;
    buf_init(&text, ARGS_FILE_SIZE_MAX);
    int r = file_read(path, &text, err);
    if (r == 0)
        r = args_file_read(&cli->args, cli->arena, cli->command, path, buf_text(&text),
                           text.len, err);
    buf_fini(&text);
    return r;
}
