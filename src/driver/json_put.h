/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of requests. Values are UTF-8, as app_check and the JSON readers guarantee, so that
 * nothing here can fail but for want of memory.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "model/strings.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

void json_put_text(json_t *object, const char *key, const char *text);
void json_put_bool(json_t *object, const char *key, bool value);
void json_put_integer(json_t *object, const char *key, uint64_t value);

/* Leaves out what is 0. */
void json_put_number(json_t *object, const char *key, uint64_t value);

/* An empty object, or array, as object[key]. Borrowed. */
json_t *json_put_object(json_t *object, const char *key);
json_t *json_put_array(json_t *object, const char *key);

/* An empty object at the end of the array. Borrowed. */
json_t *json_add_object(json_t *array);
void json_add_text(json_t *array, const char *text);

void json_put_strings(json_t *object, const char *key, const struct strings *strings);
void json_put_pairs(json_t *object, const struct key_values *pairs);

/* The text, in the arena. Releases `json`. */
const char *json_finish(struct arena *arena, json_t *json) MUST_USE;
