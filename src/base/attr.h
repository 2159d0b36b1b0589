/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes, spelled once. */
#pragma once

#define MUST_USE     __attribute__((__warn_unused_result__))
#define PRINTF(f, a) __attribute__((__format__(__printf__, f, a)))
#define NORETURN     __attribute__((__noreturn__))

/* Runs `fn(&variable)` when the variable goes out of scope. */
#define SCOPED(fn) __attribute__((__cleanup__(fn)))
