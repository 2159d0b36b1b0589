/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INDENT 2

/* What some reader takes for something else than text: YAML 1.1 knows more words than 1.2. */
static bool is_word_with_meaning(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n",   "~"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* Text that is itself without quotes: no number, no indicator, nothing that ends a scalar. */
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
    static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/"
                               "0123456789.-+@=$(){};<>%^!&*'\",|~?[] :";
    size_t len = strlen(text);

    if (!len || !strchr(letters, text[0]) || text[strspn(text, more)] != '\0')
        return false;
    if (text[len - 1] == ' ' || text[len - 1] == ':' || strstr(text, ": "))
        return false;
    return !is_word_with_meaning(text);
}

static int add(struct buf *out, const char *text)
{
    return buf_add(out, text, strlen(text));
}

static int add_line(struct buf *out, unsigned indent)
{
    int r = out->len ? add(out, "\n") : 0;

    return r < 0 ? r : buf_printf(out, "%*s", (int)indent, "");
}

/* JSON's own form: a quoted text of YAML may hold all that JSON's may. */
static int add_as_json(struct buf *out, const json_t *json)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    int r = text ? add(out, text) : -EMSGSIZE;

    free(text);
    return r;
}

static int add_text(struct buf *out, const char *text)
{
    if (is_plain(text))
        return add(out, text);

    json_t *json = json_string(text);
    int r = add_as_json(out, json);
    json_decref(json);
    return r;
}

static bool is_block(const json_t *json)
{
    return json_object_size(json) || json_array_size(json);
}

static int add_value(struct buf *out, const json_t *json, unsigned indent, unsigned depth);

static int add_map(struct buf *out, const json_t *json, unsigned indent, unsigned depth,
                   bool goes_on)
{
    json_t *map = (json_t *)(uintptr_t)json; /* jansson's iterators are not const */
    const char *key;
    json_t *value;

    json_object_foreach(map, key, value)
    {
        int r = goes_on ? 0 : add_line(out, indent);

        goes_on = false;
        if (r == 0)
            r = add_text(out, key);
        if (r == 0)
            r = add(out, is_block(value) ? ":" : ": ");
        if (r == 0)
            r = add_value(out, value, indent + INDENT, depth + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_list(struct buf *out, const json_t *json, unsigned indent, unsigned depth)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *value = json_array_get(json, i);
        bool is_map = json_object_size(value) > 0;
        int r = add_line(out, indent);

        if (r == 0)
            r = add(out, json_array_size(value) ? "-" : "- ");
        /* A map begins on the line of its dash. */
        if (r == 0 && depth >= YAML_WRITE_DEPTH_MAX)
            r = -ELOOP;
        if (r == 0)
            r = is_map ? add_map(out, value, indent + INDENT, depth + 1, true)
                       : add_value(out, value, indent + INDENT, depth + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_value(struct buf *out, const json_t *json, unsigned indent, unsigned depth)
{
    if (depth > YAML_WRITE_DEPTH_MAX)
        return -ELOOP;
    if (json_object_size(json))
        return add_map(out, json, indent, depth, false);
    if (json_array_size(json))
        return add_list(out, json, indent, depth);
    if (json_is_string(json))
        return add_text(out, json_string_value(json));
    return add_as_json(out, json);
}

int yaml_write(struct buf *out, const json_t *json)
{
    struct buf text;

    buf_init(&text, out->size_max);
    int r = add_value(&text, json, 0, 0);
    if (r == 0)
        r = add(&text, "\n");
    if (r == 0)
        r = buf_add(out, text.data, text.len);
    buf_fini(&text);
    return r;
}
