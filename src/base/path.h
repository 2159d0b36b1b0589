/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are when nobody says otherwise: file-hierarchy(7), XDG base directories. */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>

#define PATH_TEXT_SIZE 4096

/* "/run/seawall/NAME" for root, "$XDG_RUNTIME_DIR/seawall/NAME" for others. */
int path_runtime(char out[PATH_TEXT_SIZE], const char *name, struct err *err) MUST_USE;

/* "/var/lib/seawall/NAME" for root, "$XDG_STATE_HOME/seawall/NAME" for others. */
int path_state(char out[PATH_TEXT_SIZE], const char *name, struct err *err) MUST_USE;

/* The socket of the control plane: $SEAWALL_SOCKET, else path_runtime("seawall.sock"). */
int path_socket(char out[PATH_TEXT_SIZE], struct err *err) MUST_USE;

/* Makes the folder that `path` is in, and those above it, for the owner and group alone. */
int path_make_folder(const char *path, struct err *err) MUST_USE;
