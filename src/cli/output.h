/* SPDX-License-Identifier: Apache-2.0 */
/* Answers on standard output: one JSON document, JSON lines, or a table. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "cli/table.h"

#include <jansson.h>

/* A whole document, indented. */
int output_json(const json_t *json, struct err *err) MUST_USE;

/* One line of a stream, flushed at once: whoever reads it waits for it. */
int output_json_line(const json_t *json, struct err *err) MUST_USE;

/* As wide as the terminal allows. */
int output_table(const struct table *table, struct err *err) MUST_USE;

/* Text that may hold control characters from outside, which are shown as '?'. */
void output_clean(const char *text);

/*
 * A copy whose keys and texts no terminal obeys, for answers that are turned into words by code
 * that does not know of terminals. A new reference.
 */
json_t *output_clean_json(const json_t *json) MUST_USE;

/* Members of answers: "", 0 and false when they are not there or of another type. */
const char *output_text(const json_t *object, const char *key);
long long output_number(const json_t *object, const char *key);
