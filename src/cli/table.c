/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define GAP       3 /* blanks between columns, as docker and kubectl have */
#define WIDTH_MIN 8 /* a column is not cut below this */

/* A byte that goes on with a UTF-8 character and takes no column of its own. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += !is_continuation(*text);
    return width;
}

void table_clean(char *text)
{
    for (char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
        /* C1 controls arrive as two bytes in UTF-8: 0xc2 0x80 to 0xc2 0x9f. */
        if ((unsigned char)at[0] == 0xc2 && ((unsigned char)at[1] & 0xe0) == 0x80)
            at[0] = at[1] = '?';
    }
}

void table_init(struct table *table, struct arena *arena, const char *const *headers)
{
    *table = (struct table){.arena = arena, .headers = headers};
    while (headers[table->columns])
        table->columns++;
    assert(table->columns > 0);
    assert(table->columns <= TABLE_COLUMNS_MAX);
}

void table_add(struct table *table, const char *cell)
{
    table->cells = arena_grow(table->arena, table->cells, table->cell_count, &table->capacity,
                              sizeof(*table->cells));
    char *copy = arena_strdup(table->arena, cell && *cell ? cell : "-");
    table_clean(copy);
    table->cells[table->cell_count++] = copy;
}

void table_add_number(struct table *table, long long number)
{
    table_add(table, arena_printf(table->arena, "%lld", number));
}

size_t table_rows(const struct table *table)
{
    return table->cell_count / table->columns;
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
    for (size_t c = 0; c < table->columns; c++)
        widths[c] = width_of(table->headers[c]);
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t width = width_of(table->cells[i]);

        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
}

static size_t row_width(const size_t widths[TABLE_COLUMNS_MAX], size_t columns)
{
    size_t total = GAP * (columns - 1);

    for (size_t c = 0; c < columns; c++)
        total += widths[c];
    return total;
}

/*
 * Leaves out what is optional, then takes from the widest columns, until the row fits or
 * nothing more can be taken. Returns the number of columns that are left.
 */
static size_t fit(const struct table *table, size_t widths[TABLE_COLUMNS_MAX], size_t limit)
{
    size_t columns = table->columns;

    while (columns > table->columns - table->optional && row_width(widths, columns) > limit)
        columns--;
    for (size_t total = row_width(widths, columns); total > limit; total--) {
        size_t widest = 0;

        for (size_t c = 1; c < columns; c++)
            if (widths[c] > widths[widest])
                widest = c;
        if (widths[widest] <= WIDTH_MIN)
            break;
        widths[widest]--;
    }
    return columns;
}

/* The text in exactly `width` columns, or less if it is the last cell. */
static int write_cell(struct buf *out, const char *text, size_t width, bool is_last)
{
    size_t has = width_of(text);
    size_t shown = has > width ? width - 3 : has;
    size_t len = 0;

    for (size_t left = shown; text[len]; len++)
        if (!is_continuation(text[len]) && left-- == 0)
            break;
    if (buf_add(out, text, len) < 0 || buf_add(out, "...", has > width ? 3 : 0) < 0)
        return -1;
    if (is_last)
        return buf_add(out, "\n", 1);
    return buf_printf(out, "%*s", (int)(GAP + (has > width ? 0 : width - has)), "");
}

int table_write(const struct table *table, size_t width, struct buf *out)
{
    size_t widths[TABLE_COLUMNS_MAX], start = out->len, columns = table->columns;
    size_t count = table_rows(table) * table->columns;

    measure(table, widths);
    if (width)
        columns = fit(table, widths, width);
    for (size_t i = 0; i < table->columns + count; i++) {
        size_t c = i % table->columns;
        const char *text =
            i < table->columns ? table->headers[i] : table->cells[i - table->columns];

        if (c >= columns)
            continue;
        if (write_cell(out, text, widths[c], c + 1 == columns) < 0) {
            buf_cut(out, start);
            return -EMSGSIZE;
        }
    }
    return 0;
}
