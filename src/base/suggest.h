/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": how far two words are apart. Pure. */
#pragma once

#include <stddef.h>

/*
 * Typing mistakes between the two: letters added, left out, exchanged, or swapped with their
 * neighbour. Words beyond 40 letters count as far apart.
 */
unsigned suggest_distance(const char *a, const char *b);

/* Remembers the best candidate so far; start with {0}. */
struct suggest {
    const char *best; /* NULL: nothing is near enough */
    unsigned distance;
};

/* Weighs one candidate for the mistyped word. */
void suggest_add(struct suggest *suggest, const char *word, const char *candidate);
