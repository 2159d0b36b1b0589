/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"

#include <inttypes.h>
#include <string.h>

const char *amount_bytes(struct arena *arena, uint64_t bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t whole = bytes, rest = 0;
    size_t unit = 0;

    for (; whole >= 1024; unit++) {
        rest = whole % 1024;
        whole /= 1024;
    }
    uint64_t tenths = rest * 10 / 1024;
    if (!tenths)
        return arena_printf(arena, "%" PRIu64 "%s", whole, names[unit]);
    return arena_printf(arena, "%" PRIu64 ".%" PRIu64 "%s", whole, tenths, names[unit]);
}

const char *amount_cpus(struct arena *arena, double cpus)
{
    char *text = arena_printf(arena, "%.2f", cpus);
    size_t len = strlen(text);

    while (text[len - 1] == '0')
        text[--len] = '\0';
    if (text[len - 1] == '.')
        text[--len] = '\0';
    return text;
}
