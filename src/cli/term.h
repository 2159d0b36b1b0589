/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminal behind a descriptor can do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool term_is_terminal(int fd);

/* A terminal, and the user has not said NO_COLOR (https://no-color.org) or TERM=dumb. */
bool term_has_colour(int fd);

/* Columns and lines; 0: not a terminal, no limit. Asked anew each time: windows change. */
size_t term_width(int fd);
size_t term_height(int fd);
