/* SPDX-License-Identifier: Apache-2.0 */
/* The control plane: `seawall server`. */
#pragma once

#include "cli/command.h"

extern const struct command command_server;
