/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/kubernetes_internal.h"

#include <stdint.h>
#include <string.h>

/* Room for "-published" and "-<revision>" within the 63 bytes of a DNS label. */
#define NAME_MAX_LEN 50
#define HASH_LEN     9 /* "-" and eight digits */

/* FNV-1a: keeps apart what was made alike, not a secret. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

static char to_allowed(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

const char *kubernetes_name(struct arena *arena, const char *name)
{
    size_t len = strlen(name), from = 0, out_len = 0;
    char *out = arena_alloc(arena, NAME_MAX_LEN + 3);

    while (name[from] && to_allowed(name[from]) == '-')
        from++;
    /* A Service's name begins with a letter (RFC 1035). */
    if (name[from] >= '0' && name[from] <= '9') {
        out[out_len++] = 'n';
        out[out_len++] = '-';
    }
    for (size_t i = from; i < len && out_len < NAME_MAX_LEN; i++)
        out[out_len++] = to_allowed(name[i]);
    while (out_len && out[out_len - 1] == '-')
        out_len--;
    out[out_len] = '\0';
    if (strcmp(out, name) == 0)
        return out;

    if (out_len > NAME_MAX_LEN - HASH_LEN)
        out_len = NAME_MAX_LEN - HASH_LEN;
    while (out_len && out[out_len - 1] == '-')
        out_len--;
    return arena_printf(arena, "%.*s-%08x", out_len ? (int)out_len : 1, out_len ? out : "n",
                        (unsigned)hash(name));
}
