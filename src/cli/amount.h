/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts as people read them. Pure. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"

#include <stdint.h>

/* "64GiB", "1.5GiB", "512B": rounded down to a tenth, so that nothing looks larger than it is.
 */
const char *amount_bytes(struct arena *arena, uint64_t bytes) MUST_USE;

/* CPUs: "16", "1.5"; rounded to a hundredth. */
const char *amount_cpus(struct arena *arena, double cpus) MUST_USE;
