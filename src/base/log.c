/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* The one variable of the process that every thread may read: how much to say. */
static _Atomic int level_max = LOG_LEVEL_INFO;

void log_level_set(enum log_level level)
{
    atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

PRINTF(2, 0)
static void write_line(enum log_level level, const char *fmt, va_list args)
{
    static const char prefixes[][4] = {"<3>", "<4>", "<6>", "<7>"};
    char line[1024];

    if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
        return;

    int used = snprintf(line, sizeof(line), "%s", isatty(STDERR_FILENO) ? "" : prefixes[level]);
    int more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, fmt, args);
    if (more < 0)
        return;

    size_t len = (size_t)used + (size_t)more;
    if (len > sizeof(line) - 2)
        len = sizeof(line) - 2;
    /* Text from outside must not forge a second line. */
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' ';
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0) {
        /* Nobody to tell. */
    }
}

#define LOG_FUNCTION(name, level)     \
    void name(const char *fmt, ...)   \
    {                                 \
        va_list args;                 \
        va_start(args, fmt);          \
        write_line(level, fmt, args); \
        va_end(args);                 \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
