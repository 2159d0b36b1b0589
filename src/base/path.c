/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int join(char out[PATH_TEXT_SIZE], const char *folder, const char *middle,
                const char *name, struct err *err)
{
    int len = snprintf(out, PATH_TEXT_SIZE, "%s%s/%s", folder, middle, name);

    if (len < 0 || len >= PATH_TEXT_SIZE)
        return err_set(err, -ENAMETOOLONG, "'%.100s...': path too long", folder);
    return 0;
}

int path_runtime(char out[PATH_TEXT_SIZE], const char *name, struct err *err)
{
    const char *folder = getenv("XDG_RUNTIME_DIR");

    if (geteuid() == 0)
        return join(out, "/run", "/seawall", name, err);
    if (!folder || !*folder)
        return err_set(err, -ENOENT,
                       "$XDG_RUNTIME_DIR is not set: say where the socket is with --socket");
    return join(out, folder, "/seawall", name, err);
}

int path_state(char out[PATH_TEXT_SIZE], const char *name, struct err *err)
{
    const char *folder = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (geteuid() == 0)
        return join(out, "/var/lib", "/seawall", name, err);
    if (folder && *folder)
        return join(out, folder, "/seawall", name, err);
    if (home && *home)
        return join(out, home, "/.local/state/seawall", name, err);
    return err_set(err, -ENOENT, "$HOME is not set: say where the state is with --state");
}

int path_socket(char out[PATH_TEXT_SIZE], struct err *err)
{
    const char *path = getenv("SEAWALL_SOCKET");

    if (!path || !*path)
        return path_runtime(out, "seawall.sock", err);
    if (snprintf(out, PATH_TEXT_SIZE, "%s", path) >= PATH_TEXT_SIZE)
        return err_set(err, -ENAMETOOLONG, "$SEAWALL_SOCKET: path too long");
    return 0;
}

int path_make_folder(const char *path, struct err *err)
{
    char folder[PATH_TEXT_SIZE];

    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
        return err_set(err, -ENAMETOOLONG, "'%.100s...': path too long", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0750) < 0 && errno != EEXIST)
            return err_sys(err, "make folder '%s'", folder);
        *slash = '/';
    }
    return 0;
}
