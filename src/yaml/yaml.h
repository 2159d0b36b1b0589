/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML 1.2 text to trees with positions: anchors and aliases resolved, merge keys (`<<`)
 * merged.
 *
 * Hostile input is expected: size, depth, the number of values (aliases count as what they
 * stand for) and encoding are checked, and what is wrong is told with line and column.
 */
#pragma once

#include "base/attr.h"
#include "yaml/node.h"

#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX                                                     \
    1000000 /* 10,000 services of a hundred values each; 100 MiB of memory \
             */

struct yaml_documents {
    struct node **items; /* those that are not empty */
    size_t count;
};

/*
 * `file` names the text in problems, and lives as long as the arena. Returns 0, or -EINVAL with
 * `problems`. A text without any document is not a problem: count is 0.
 */
int yaml_read(struct yaml_documents *out, struct arena *arena, const char *file,
              const char *text, size_t len, struct problems *problems) MUST_USE;
