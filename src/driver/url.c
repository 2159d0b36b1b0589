/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/url.h"

#include <string.h>

const char *url_escape(struct arena *arena, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, strlen(text) * 3 + 1), *at = out;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (strchr(plain, c)) {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = hex[c >> 4];
            *at++ = hex[c & 15];
        }
    }
    return out;
}
