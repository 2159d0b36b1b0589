/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/kubernetes_mirror.h"

#include <ctype.h>
#include <string.h>

struct suffix {
    const char *text;
    double factor;
};

/* clang-format off */
static const struct suffix suffixes[] = {
    {"", 1}, {"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9},
    {"T", 1e12}, {"P", 1e15}, {"E", 1e18}, {"Ki", 1024.0}, {"Mi", 1048576.0},
    {"Gi", 1073741824.0}, {"Ti", 1099511627776.0}, {"Pi", 1125899906842624.0},
    {"Ei", 1152921504606846976.0},
};
/* clang-format on */

/* "e3", "E-2": false when it is none. */
static bool read_exponent(const char *text, double *factor)
{
    int exponent = 0, sign = 1;

    if (*text != 'e' && *text != 'E')
        return false;
    text++;
    if (*text == '-' || *text == '+')
        sign = *text++ == '-' ? -1 : 1;
    if (!isdigit((unsigned char)*text) || strlen(text) > 3)
        return false;
    for (; isdigit((unsigned char)*text); text++)
        exponent = exponent * 10 + (*text - '0');
    for (*factor = 1; exponent > 0; exponent--)
        *factor = sign > 0 ? *factor * 10 : *factor / 10;
    return *text == '\0';
}

bool kubernetes_quantity(const char *text, double scale, uint64_t *out)
{
    double value = 0, place = 1, factor = 0;
    bool has_digit = false, is_known = false;

    if (*text == '+')
        text++;
    for (; isdigit((unsigned char)*text); text++, has_digit = true)
        value = value * 10 + (*text - '0');
    if (*text == '.')
        for (text++; isdigit((unsigned char)*text); text++, has_digit = true)
            value += (*text - '0') * (place /= 10);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && !is_known; i++) {
        is_known = strcmp(suffixes[i].text, text) == 0;
        factor = suffixes[i].factor;
    }
    if (!has_digit || (!is_known && !read_exponent(text, &factor)))
        return false;
    /* A little less before rounding up, so that 0.1 does not become one more than it is. */
    value = value * factor * scale * (1 - 1e-12);
    if (value >= 18446744073709549568.0) {
        *out = UINT64_MAX;
        return true;
    }
    *out = (uint64_t)value;
    *out += (double)*out < value;
    return true;
}
