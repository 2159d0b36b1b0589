/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that change the fleet. The context is a struct server_parts. */
#pragma once

#include "server/backend.h"

void fleet_command_apply(void *ctx, struct fleet *fleet, struct backend_done done);
void fleet_command_remove(void *ctx, const char *name, bool force, struct backend_done done);
void fleet_command_drain(void *ctx, const char *name, bool undo, struct backend_done done);
