/* SPDX-License-Identifier: Apache-2.0 */
/* Plain lists of text, owned by the arena of what contains them. */
#pragma once

#include <stddef.h>

struct strings {
    const char **items;
    size_t count;
};

struct key_value {
    const char *key;
    const char *value; /* never NULL */
};

/* Sorted by key, keys unique. */
struct key_values {
    struct key_value *items;
    size_t count;
};
