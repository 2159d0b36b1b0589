/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <string.h>

#define WORD_MAX 40

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's rows, with one more for swapped neighbours. */
unsigned suggest_distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1] = {{0}};
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned changed = above[j - 1] + (a[i - 1] != b[j - 1]);

            row[j] = least(changed, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void suggest_add(struct suggest *suggest, const char *word, const char *candidate)
{
    size_t len = strlen(word);
    unsigned distance = suggest_distance(word, candidate);

    /* The beginning of a word is a good guess however much is missing. */
    if (len >= 2 && strncmp(word, candidate, len) == 0)
        distance = 1;
    /* One mistake in three letters; more is another word. */
    if (distance > 1 && distance > len / 3)
        return;
    if (len < 2 || (suggest->best && suggest->distance <= distance))
        return;
    suggest->best = candidate;
    suggest->distance = distance;
}
