/* SPDX-License-Identifier: Apache-2.0 */
/* Steering: `seawall nameserver`. */
#pragma once

#include "cli/command.h"

extern const struct command command_nameserver;
