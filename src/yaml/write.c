/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/write.h"

#include "base/mem.h"
#include "base/scope.h"

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

static int add_member(struct buf *out, const char *key, const json_t *value, unsigned indent,
                      unsigned depth)
{
    int r = add_text(out, key);

    if (r == 0)
        r = add(out, is_block(value) ? ":" : ": ");
    return r < 0 ? r : add_value(out, value, indent + INDENT, depth + 1);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys in the order in which they are written; released with free(). */
static const char **sorted_keys(const json_t *json)
{
    json_t *map = (json_t *)(uintptr_t)json; /* jansson's iterators are not const */
    const char **keys = mem_array(json_object_size(json), sizeof(*keys));
    const char *key;
    json_t *value;
    size_t count = 0;

    json_object_foreach(map, key, value) keys[count++] = key;
    qsort(keys, count, sizeof(*keys), compare_text);
    return keys;
}

/* `goes_on`: the first key stands where the text is now, after a dash. */
static int add_map(struct buf *out, const json_t *json, unsigned indent, unsigned depth,
                   bool goes_on)
{
    SCOPED(scope_free) const char **keys = sorted_keys(json);

    for (size_t i = 0; i < json_object_size(json); i++) {
        int r = goes_on && i == 0 ? 0 : add_line(out, indent);

        if (r == 0)
            r = add_member(out, keys[i], json_object_get(json, keys[i]), indent, depth);
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

/* The outermost mapping: some keys first, then the others. */
static int add_document(struct buf *out, const json_t *json, const char *const *first)
{
    json_t *rest = json_is_object(json) ? json_copy((json_t *)(uintptr_t)json) : NULL;
    int r = 0;

    for (; r == 0 && rest && first && *first; first++) {
        const json_t *value = json_object_get(json, *first);

        if (!value)
            continue;
        r = add_line(out, 0);
        if (r == 0)
            r = add_member(out, *first, value, 0, 0);
        (void)json_object_del(rest, *first);
    }
    if (r == 0 && (json_object_size(rest) || !out->len))
        r = add_value(out, rest ? rest : json, 0, 0);
    json_decref(rest);
    return r;
}

int yaml_write(struct buf *out, const json_t *json, const char *const *first)
{
    struct buf text;

    buf_init(&text, out->size_max);
    int r = add_document(&text, json, first);
    if (r == 0)
        r = add(&text, "\n");
    if (r == 0)
        r = buf_add(out, text.data, text.len);
    buf_fini(&text);
    return r;
}
