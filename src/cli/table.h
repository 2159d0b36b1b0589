/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and columns for people, as wide as needed and no wider than the terminal. Pure.
 *
 * Cells are copied into the arena. They may come from outside: control characters, which could
 * command the terminal, are shown as '?'.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <stddef.h>

#define TABLE_COLUMNS_MAX 12

struct table {
    struct arena *arena;
    const char *const *headers;
    size_t columns;
    size_t optional;    /* so many of the last columns are left out where there is no room */
    const char **cells; /* row by row */
    size_t cell_count, capacity;
};

/* `headers` ends with NULL and outlives the table. */
void table_init(struct table *table, struct arena *arena, const char *const *headers);

/* The next cell, from left to right, row after row. NULL and "" show as "-". */
void table_add(struct table *table, const char *cell);

/* A number as the next cell. */
void table_add_number(struct table *table, long long number);

size_t table_rows(const struct table *table);

/*
 * Appends the text. Beyond `width` columns (0: no limit) optional columns are left out, then
 * the widest ones cut, which "..." shows. Returns 0 or -EMSGSIZE.
 */
int table_write(const struct table *table, size_t width, struct buf *out) MUST_USE;

/* Makes text from outside harmless for a terminal, in place. */
void table_clean(char *text);
