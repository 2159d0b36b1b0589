/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory from the heap.
 *
 * A small allocation that fails aborts the process, which is restarted: no caller checks
 * mem_new, mem_array and mem_strdup. A size that comes from outside goes through mem_try,
 * whose result is checked.
 */
#pragma once

#include "base/attr.h"

#include <stddef.h>

#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

/* Zeroed. Never NULL. Released with free(). */
void *mem_alloc(size_t size) MUST_USE;
void *mem_array(size_t count, size_t size) MUST_USE;
char *mem_strdup(const char *s) MUST_USE;
char *mem_strndup(const char *s, size_t len) MUST_USE;
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) MUST_USE;

/* Zeroed, or NULL. For sizes that come from outside. */
void *mem_try(size_t size) MUST_USE;

/*
 * Makes room for one more element of `size` bytes in a heap array that doubles as it grows.
 * Returns the array, which may have moved; *capacity follows. Never NULL.
 */
void *mem_grow(void *array, size_t count, size_t *capacity, size_t size) MUST_USE;
