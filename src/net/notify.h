/* SPDX-License-Identifier: Apache-2.0 */
/* What a process tells the service manager that started it: sd_notify(3), without its library.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"

/*
 * Sends `text`, "READY=1" or "STOPPING=1", to the socket that $NOTIFY_SOCKET names. 0, also
 * when there is none: then nobody waits for it.
 */
int notify_send(const char *text, struct err *err) MUST_USE;
