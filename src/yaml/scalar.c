/* SPDX-License-Identifier: Apache-2.0 */
/* What a plain scalar is: the core schema of YAML 1.2, with the numbers that Compose knows. */
#include "yaml/node.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 400 /* DBL_MAX has 309 digits */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool is_digit_of(char c, unsigned base)
{
    if (base == 16 && strchr("abcdefABCDEF", c))
        return c != '\0';
    return c >= '0' && (unsigned)(c - '0') < (base < 10 ? base : 10);
}

/* 0x1f, 0o17, 0b11; a leading 0 alone is octal too, as everywhere before YAML 1.2. */
static const char *skip_prefix(const char *text, unsigned *base)
{
    *base = 10;
    if (text[0] != '0' || !text[1])
        return text;
    switch (text[1]) {
    case 'x':
    case 'X':
        *base = 16;
        return text + 2;
    case 'o':
    case 'O':
        *base = 8;
        return text + 2;
    case 'b':
    case 'B':
        *base = 2;
        return text + 2;
    default:
        *base = 8;
        return text + 1;
    }
}

/* Digits of a base, with '_' between them, after the sign. False when it is no whole number. */
static bool read_digits(const char *text, unsigned base, bool is_negative, int64_t *out)
{
    uint64_t value = 0;
    bool any = false;

    for (; *text; text++) {
        if (*text == '_' && any)
            continue;
        if (!is_digit_of(*text, base))
            return false;
        unsigned digit =
            *text <= '9' ? (unsigned)(*text - '0') : ((unsigned)*text | 0x20u) - 'a' + 10;
        any = true;
        if (value > ((uint64_t)INT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    if (!any)
        return false;
    *out = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_integer(const char *text, int64_t *out)
{
    bool is_negative = *text == '-';
    unsigned base;

    text = skip_prefix(text + (*text == '-' || *text == '+'), &base);
    return read_digits(text, base, is_negative, out);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(const char *text)
{
    size_t whole, fraction = 0;

    text += *text == '-' || *text == '+';
    whole = strspn(text, "0123456789");
    text += whole;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (!whole && !fraction)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        size_t digits = strspn(text, "0123456789");
        if (!digits)
            return false;
        text += digits;
    }
    return !*text;
}

static bool read_float(const char *text, double *out)
{
    static const char *const infinite[] = {".inf",  ".Inf",  ".INF", "+.inf",
                                           "+.Inf", "+.INF", NULL};
    static const char *const negative[] = {"-.inf", "-.Inf", "-.INF", NULL};
    static const char *const not_a_number[] = {".nan", ".NaN", ".NAN", NULL};

    if (is_one_of(text, infinite)) {
        *out = (double)INFINITY;
    } else if (is_one_of(text, negative)) {
        *out = -(double)INFINITY;
    } else if (is_one_of(text, not_a_number)) {
        *out = (double)NAN;
    } else {
        if (!looks_like_float(text))
            return false;
        *out = strtod(text, NULL);
    }
    return true;
}

void node_resolve(struct node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    const char *text = node->text;

    if (is_one_of(text, nulls)) {
        node->kind = NODE_NULL;
    } else if (is_one_of(text, trues)) {
        node->kind = NODE_BOOL;
        node->boolean = true;
    } else if (is_one_of(text, falses)) {
        node->kind = NODE_BOOL;
        node->boolean = false;
    } else if (!strchr("+-.0123456789", *text) || strlen(text) > NUMBER_TEXT_MAX) {
        node->kind = NODE_TEXT;
    } else if (read_integer(text, &node->integer)) {
        node->kind = NODE_INT;
    } else if (read_float(text, &node->number)) {
        node->kind = NODE_FLOAT;
    } else {
        node->kind = NODE_TEXT;
    }
}

void node_resolve_decimal(struct node *node)
{
    const char *text = node->text;
    size_t sign = *text == '-' || *text == '+';

    if (strchr(text, '_') || strlen(text) > NUMBER_TEXT_MAX)
        return;
    if (read_digits(text + sign, 10, *text == '-', &node->integer))
        node->kind = NODE_INT;
    else if (looks_like_float(text) && read_float(text, &node->number))
        node->kind = NODE_FLOAT;
}
