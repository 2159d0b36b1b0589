/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to whole numbers, checked: instead of strtol and atoi, which accept blanks, signs,
 * trailing rubbish and overflow without a word.
 */
#pragma once

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the decimal digits text[0..len) as a number from `min` to `max`. Returns 0, -EINVAL
 * when there is anything but digits (or nothing at all), or -ERANGE.
 */
int number_read(const char *text, size_t len, uint64_t min, uint64_t max,
                uint64_t *out) MUST_USE;
