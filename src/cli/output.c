/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/mem.h"
#include "base/scope.h"
#include "cli/term.h"

#include <errno.h>
#include <stdio.h>

/* A table of all that a server may hold: 200,000 replicas of 200 bytes. */
#define TABLE_SIZE_MAX ((size_t)64 << 20)

static int dump(const json_t *json, size_t flags, struct err *err)
{
    if (json_dumpf(json, stdout, flags) < 0 || fputc('\n', stdout) == EOF)
        return err_set(err, -EIO, "write to standard output failed");
    return 0;
}

int output_json(const json_t *json, struct err *err)
{
    return dump(json, JSON_INDENT(2), err);
}

int output_json_line(const json_t *json, struct err *err)
{
    int r = dump(json, JSON_COMPACT, err);

    if (r == 0 && fflush(stdout) != 0)
        return err_sys(err, "write to standard output");
    return r;
}

int output_table(const struct table *table, struct err *err)
{
    struct buf text;

    buf_init(&text, TABLE_SIZE_MAX);
    int r = table_write(table, term_width(STDOUT_FILENO), &text);
    if (r < 0)
        (void)err_set(err, r, "the table is larger than %zu bytes; --format json has no limit",
                      TABLE_SIZE_MAX);
    else
        (void)fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return r;
}

void output_clean(const char *text)
{
    SCOPED(scope_free) char *copy = mem_strdup(text);

    table_clean(copy);
    (void)fputs(copy, stdout);
}

const char *output_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

long long output_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
