/* SPDX-License-Identifier: Apache-2.0 */
#include "health/status_line.h"

#include <errno.h>
#include <stdbool.h>

/* '#' is a digit, 'C' a class: 1 to 5. A reason phrase or the end of the line follows. */
static const char pattern[STATUS_LINE_SIZE + 1] = "HTTP/1.# C##";

static bool fits(char wanted, char found)
{
    switch (wanted) {
    case '#':
        return found >= '0' && found <= '9';
    case 'C':
        return found >= '1' && found <= '5';
    default:
        return found == wanted;
    }
}

int status_line_add(struct status_line *line, const char *data, size_t len, unsigned *status)
{
    for (size_t i = 0; i < len && line->len < STATUS_LINE_SIZE; i++) {
        if (!fits(pattern[line->len], data[i]))
            return -EPROTO;
        line->text[line->len++] = data[i];
    }
    if (line->len < STATUS_LINE_SIZE)
        return STATUS_LINE_MORE;
    *status = (unsigned)(line->text[9] - '0') * 100 + (unsigned)(line->text[10] - '0') * 10 +
              (unsigned)(line->text[11] - '0');
    return 0;
}
