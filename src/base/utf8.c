/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the character at `text`, 0 when it is none. */
static size_t character_length(const unsigned char *text, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = text[0];
    size_t size = lead < 0x80       ? 1
                  : lead >> 5 == 6  ? 2
                  : lead >> 4 == 14 ? 3
                  : lead >> 3 == 30 ? 4
                                    : 0;
    uint32_t code = size > 1 ? lead & (0x7fu >> size) : lead;

    if (!size || size > len)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    if (size > 1 &&
        (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
        return 0;
    return size;
}

size_t utf8_valid_length(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t size = character_length((const unsigned char *)text + at, len - at);

        if (!size)
            break;
        at += size;
    }
    return at;
}

void utf8_clean(char *text)
{
    size_t len = strlen(text), at = 0;

    while (at < len) {
        size_t size = character_length((const unsigned char *)text + at, len - at);

        if (!size)
            text[at] = '?';
        else if ((unsigned char)text[at] < ' ' || text[at] == 0x7f)
            text[at] = ' ';
        at += size ? size : 1;
    }
}
