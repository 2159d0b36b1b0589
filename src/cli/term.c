/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool term_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

bool term_has_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (!term_is_terminal(fd) || (no_colour && *no_colour))
        return false;
    return term && *term && strcmp(term, "dumb") != 0;
}

size_t term_width(int fd)
{
    struct winsize size;

    if (!term_is_terminal(fd))
        return 0;
    /* Serial lines and some test terminals say 0. */
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

size_t term_height(int fd)
{
    struct winsize size;

    if (!term_is_terminal(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : 24;
}
