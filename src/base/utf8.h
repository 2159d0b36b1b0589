/* SPDX-License-Identifier: Apache-2.0 */
/* Is it UTF-8 (RFC 3629)? No overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stddef.h>

/* How many bytes from the start are valid: `len` when all are. */
size_t utf8_valid_length(const char *text, size_t len);

/* Puts '?' for every byte that is not UTF-8, and a space for every control character. */
void utf8_clean(char *text);
