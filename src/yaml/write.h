/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as YAML for people: blocks instead of braces, quotes where another reading is possible.
 * Any reader of YAML 1.1 or 1.2 gets back what was written. Pure.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"

#include <jansson.h>

/* Deeper values are not written: nothing that was read is. */
#define YAML_WRITE_DEPTH_MAX 200

/*
 * Appends the document. Keys are sorted; `first`, NULL at the end, are those of the outermost
 * mapping that come before the others. Returns 0, -EMSGSIZE, or -ELOOP when it is too deep.
 */
int yaml_write(struct buf *out, const json_t *json, const char *const *first) MUST_USE;
