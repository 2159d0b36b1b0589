/* SPDX-License-Identifier: Apache-2.0 */
#include "model/json_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(const json_t *json)
{
    switch (json ? (int)json_typeof(json) : -1) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    default:
        return "nothing";
    }
}

/* "where.key", or whichever of the two is there. */
#define PLACE_FMT           "%s%s%s"
#define PLACE_ARG(where, k) (where), *(where) && *(k) ? "." : "", (k)

static int wrong_type(const json_t *json, const char *where, const char *key,
                      const char *wanted, struct err *err)
{
    const char *place = *where || *key ? "" : "the document";

    return err_set(err, -EINVAL, "%s" PLACE_FMT ": found %s, expected %s", place,
                   PLACE_ARG(where, key), type_name(json), wanted);
}

const char *json_where(struct arena *arena, const char *where, const char *key)
{
    return arena_printf(arena, PLACE_FMT, PLACE_ARG(where, key));
}

static int compare_member(const void *a, const void *b)
{
    return strcmp(((const struct json_member *)a)->key, ((const struct json_member *)b)->key);
}

struct json_members json_members_sorted(struct arena *arena, const json_t *json)
{
    json_t *object = (json_t *)(uintptr_t)json; /* the iterators change nothing */
    size_t size = json_object_size(object);
    struct json_members members = {arena_array(arena, size, sizeof(*members.items)), 0};

    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i))
        members.items[members.count++] = (struct json_member){
            arena_strdup(arena, json_object_iter_key(i)), json_object_iter_value(i)};
    if (members.count)
        qsort(members.items, members.count, sizeof(*members.items), compare_member);
    return members;
}

static bool is_known(const char *const *keys, const char *key)
{
    for (; *keys; keys++)
        if (strcmp(*keys, key) == 0)
            return true;
    return false;
}

int json_read_keys(const json_t *json, const char *where, const char *const *keys,
                   struct err *err)
{
    if (!json_is_object(json))
        return wrong_type(json, where, "", "an object", err);

    /* jansson's iterators take a pointer that is not const, and change nothing. */
    json_t *object = (json_t *)(uintptr_t)json;
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i))
        if (!is_known(keys, json_object_iter_key(i)))
            return err_set(err, -EINVAL, PLACE_FMT ": unknown key",
                           PLACE_ARG(where, json_object_iter_key(i)));
    return 0;
}

int json_read_object(const json_t *json, const char *where, size_t count_max, struct err *err)
{
    if (!json_is_object(json))
        return wrong_type(json, where, "", "an object", err);
    if (json_object_size(json) > count_max)
        return err_set(err, -EINVAL, "%s: found %zu members, at most %zu are possible", where,
                       json_object_size(json), count_max);
    return 0;
}

int json_read_array(const json_t *json, const char *where, size_t count_max, struct err *err)
{
    if (!json_is_array(json))
        return wrong_type(json, where, "", "an array", err);
    if (json_array_size(json) > count_max)
        return err_set(err, -EINVAL, "%s: found %zu items, at most %zu are possible", where,
                       json_array_size(json), count_max);
    return 0;
}

/* Text without NUL bytes, which C would cut short without a word. */
static int read_text(const json_t *value, const char *where, const char *key,
                     struct arena *arena, const char **out, struct err *err)
{
    if (!json_is_string(value))
        return wrong_type(value, where, key, "a string", err);

    size_t len = json_string_length(value);
    if (len > JSON_TEXT_MAX)
        return err_set(err, -EINVAL,
                       PLACE_FMT ": found %zu bytes of text, at most %d are possible",
                       PLACE_ARG(where, key), len, JSON_TEXT_MAX);
    if (strlen(json_string_value(value)) != len)
        return err_set(err, -EINVAL, PLACE_FMT ": found a NUL byte in the text",
                       PLACE_ARG(where, key));
    *out = arena_strndup(arena, json_string_value(value), len);
    return 0;
}

int json_read_text(const json_t *json, const char *where, const char *key, struct arena *arena,
                   const char **out, struct err *err)
{
    return read_text(json_object_get(json, key), where, key, arena, out, err);
}

int json_read_unsigned(const json_t *json, const char *where, const char *key, uint64_t max,
                       uint64_t *out, struct err *err)
{
    const json_t *value = json_object_get(json, key);

    if (!json_is_integer(value))
        return wrong_type(value, where, key, "an integer", err);
    if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
        return err_set(
            err, -EINVAL, PLACE_FMT ": found %" JSON_INTEGER_FORMAT ", expected 0 to %llu",
            PLACE_ARG(where, key), json_integer_value(value), (unsigned long long)max);
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

int json_read_bool(const json_t *json, const char *where, const char *key, bool *out,
                   struct err *err)
{
    const json_t *value = json_object_get(json, key);

    if (!json_is_boolean(value))
        return wrong_type(value, where, key, "a boolean", err);
    *out = json_is_true(value);
    return 0;
}

int json_read_strings(const json_t *json, const char *where, const char *key, size_t count_max,
                      struct arena *arena, struct strings *out, struct err *err)
{
    const json_t *array = json_object_get(json, key);
    const char *place = json_where(arena, where, key);

    if (json_read_array(array, place, count_max, err) < 0)
        return err->code;

    size_t count = json_array_size(array);
    const char **items = arena_array(arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        if (read_text(json_array_get(array, i), place, "", arena, &items[i], err) < 0)
            return err->code;
    *out = (struct strings){items, count};
    return 0;
}

int json_read_number(const json_t *json, const char *where, const char *key, unsigned min,
                     unsigned max, unsigned *out, struct err *err)
{
    uint64_t value = 0;

    if (json_read_unsigned(json, where, key, max, &value, err) < 0)
        return err->code;
    if (value < min)
        return err_set(err, -EINVAL, PLACE_FMT ": found %u, expected %u to %u",
                       PLACE_ARG(where, key), (unsigned)value, min, max);
    *out = (unsigned)value;
    return 0;
}

int json_read_port(const json_t *json, const char *where, const char *key, unsigned min,
                   uint16_t *out, struct err *err)
{
    unsigned port = 0;

    if (json_read_number(json, where, key, min, UINT16_MAX, &port, err) < 0)
        return err->code;
    *out = (uint16_t)port;
    return 0;
}

int json_read_enum(const json_t *json, const char *where, const char *key,
                   const char *const *texts, struct arena *arena, unsigned *out,
                   struct err *err)
{
    const char *text = NULL;
    const char *expected = NULL;

    if (json_read_text(json, where, key, arena, &text, err) < 0)
        return err->code;
    for (unsigned i = 0; texts[i]; i++) {
        if (strcmp(text, texts[i]) == 0) {
            *out = i;
            return 0;
        }
        const char *glue = !i ? "" : texts[i + 1] ? ", " : " or ";
        expected = arena_printf(arena, "%s%s%s", i ? expected : "", glue, texts[i]);
    }
    return err_set(err, -EINVAL, PLACE_FMT ": found '%.40s', expected %s",
                   PLACE_ARG(where, key), text, expected);
}
