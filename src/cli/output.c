/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/mem.h"
#include "base/scope.h"
#include "cli/term.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A table of all that a server may hold: 200,000 replicas of 200 bytes. */
#define TABLE_SIZE_MAX ((size_t)64 << 20)

static int dump(const json_t *json, size_t flags, struct err *err)
{
    /* jansson escapes the controls of ASCII; those above it would reach the terminal. */
    if (term_is_terminal(STDOUT_FILENO))
        flags |= JSON_ENSURE_ASCII;
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

static json_t *clean_text(const char *text)
{
    SCOPED(scope_free) char *copy = mem_strdup(text);

    table_clean(copy);
    return json_string(copy);
}

static json_t *clean_object(json_t *object)
{
    json_t *copy = json_object(), *value;
    const char *key;

    json_object_foreach(object, key, value)
    {
        SCOPED(scope_free) char *clean_key = mem_strdup(key);

        table_clean(clean_key);
        (void)json_object_set_new(copy, clean_key, output_clean_json(value));
    }
    return copy;
}

/* As deep as jansson reads: 2048 levels. */
json_t *output_clean_json(const json_t *json)
{
    json_t *same = (json_t *)(uintptr_t)json; /* jansson counts references in what it reads */

    if (json_is_string(json))
        return clean_text(json_string_value(json));
    if (json_is_object(json))
        return clean_object(same);
    if (!json_is_array(json))
        return json_incref(same);

    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(json); i++)
        (void)json_array_append_new(copy, output_clean_json(json_array_get(json, i)));
    return copy;
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
