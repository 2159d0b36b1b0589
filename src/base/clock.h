/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the clocks. Pure code gets times as parameters and never includes this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Milliseconds since an arbitrary point; never goes back. For durations and deadlines. */
uint64_t clock_monotonic_ms(void);

/* Milliseconds since 1970-01-01T00:00:00Z. For people and records only. */
int64_t clock_wall_ms(void);

#define CLOCK_TEXT_SIZE 32

/* Writes "2026-11-24T04:00:35.123Z" (RFC 3339). Returns `out`. */
const char *clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);
