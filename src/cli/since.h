/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as users write them for --since. Pure. */
#pragma once

#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

/*
 * How long ago ("90s", "10m", "1h30m", "2d"), or when, in UTC ("2026-11-24",
 * "2026-11-24T04:00:35Z", "2026-11-24T04:00:35.123Z"). Sets *out to milliseconds since 1970.
 * -EINVAL with a text for the user.
 */
int since_read(const char *text, int64_t now_ms, int64_t *out, struct err *err) MUST_USE;
