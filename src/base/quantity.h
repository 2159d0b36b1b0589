/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers with units, as Docker and Compose write them. Exact: no floating point on the way.
 *
 * Functions return 0, -EINVAL for text of another form, or -ERANGE beyond `max`.
 */
#pragma once

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

/* "64GiB", "512m", "1.5 GB", "1024": powers of 1024 all, upper and lower case alike. */
int quantity_bytes(const char *text, uint64_t max, uint64_t *out) MUST_USE;

/* "1m30s", "1.5h", "100ms", "2d", "1w", "0": to nanoseconds. A number needs its unit. */
int quantity_duration_ns(const char *text, uint64_t max, uint64_t *out) MUST_USE;

/*
 * "0.5", "16", "1e3" is none: a decimal number times 10^digits, which is at most 9. Digits
 * beyond those are cut off.
 */
int quantity_decimal(const char *text, unsigned digits, uint64_t max, uint64_t *out) MUST_USE;

#define QUANTITY_TEXT_SIZE 64

/* "1m30s", "1h0m0s", "100ms", "0s": as Go writes a time.Duration. Returns `out`. */
const char *quantity_duration_text(uint64_t ns, char out[QUANTITY_TEXT_SIZE]);
