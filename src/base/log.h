/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line, one fact, `key=value`, to stderr for journald. Only server/ and cli/ log.
 *
 * Lines carry a syslog level prefix (<3> to <7>, sd-daemon(3)) unless stderr is a terminal.
 */
#pragma once

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are dropped. LOG_LEVEL_INFO at start. */
void log_level_set(enum log_level level);

void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
