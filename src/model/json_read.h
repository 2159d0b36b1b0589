/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of JSON objects into the model: every key is known, every value has its type
 * and its bounds, every complaint names the place ("services.web.needed: ...").
 *
 * `where` is the path of the object in the document, "" for the document itself. Functions
 * return 0, or -EINVAL with `err` set; outputs are set only on success. Text is copied into
 * the arena.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "model/strings.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of one text: no argument or variable of a process may be longer (MAX_ARG_STRLEN). */
#define JSON_TEXT_MAX 131071

/* The members of an object in the order of their keys, whatever their order in the text. */
struct json_member {
    const char *key; /* in the arena */
    json_t *value;   /* borrowed */
};

struct json_members {
    struct json_member *items;
    size_t count;
};

struct json_members json_members_sorted(struct arena *arena, const json_t *json);

/* "services" and "web" make "services.web". In the arena. */
const char *json_where(struct arena *arena, const char *where, const char *key);

/* Fails unless `json` is an object whose keys are all in `keys`, which ends with NULL. */
int json_read_keys(const json_t *json, const char *where, const char *const *keys,
                   struct err *err) MUST_USE;

/* Fails unless `json` is an object, or an array, with at most `count_max` members. */
int json_read_object(const json_t *json, const char *where, size_t count_max,
                     struct err *err) MUST_USE;
int json_read_array(const json_t *json, const char *where, size_t count_max,
                    struct err *err) MUST_USE;

/* The members of the object `json`. A missing one is an error. */
int json_read_text(const json_t *json, const char *where, const char *key, struct arena *arena,
                   const char **out, struct err *err) MUST_USE;
int json_read_unsigned(const json_t *json, const char *where, const char *key, uint64_t max,
                       uint64_t *out, struct err *err) MUST_USE;
int json_read_bool(const json_t *json, const char *where, const char *key, bool *out,
                   struct err *err) MUST_USE;
int json_read_strings(const json_t *json, const char *where, const char *key, size_t count_max,
                      struct arena *arena, struct strings *out, struct err *err) MUST_USE;

/* A number from `min` to `max`. */
int json_read_number(const json_t *json, const char *where, const char *key, unsigned min,
                     unsigned max, unsigned *out, struct err *err) MUST_USE;
int json_read_port(const json_t *json, const char *where, const char *key, unsigned min,
                   uint16_t *out, struct err *err) MUST_USE;

/* The index in `texts`, which ends with NULL. */
int json_read_enum(const json_t *json, const char *where, const char *key,
                   const char *const *texts, struct arena *arena, unsigned *out,
                   struct err *err) MUST_USE;
