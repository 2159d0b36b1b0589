/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FRACTION_DIGITS_MAX 18 /* 10^18 fits 64 bits */

/* 128 bits, so that number times unit cannot overflow before it is compared. */
__extension__ typedef unsigned __int128 wide;

/* A decimal number in pieces: whole + fraction / scale. */
struct decimal {
    uint64_t whole, fraction, scale;
};

/* Reads digits with at most one point; *text moves behind them. */
static int read_decimal(const char **text, struct decimal *out)
{
    struct decimal d = {.scale = 1};
    const char *at = *text;
    unsigned digits = 0;

    for (; *at >= '0' && *at <= '9'; at++, digits++) {
        if (d.whole > (UINT64_MAX - 9) / 10)
            return -ERANGE;
        d.whole = d.whole * 10 + (unsigned)(*at - '0');
    }
    if (*at == '.') {
        unsigned kept = 0;

        for (at++; *at >= '0' && *at <= '9'; at++, digits++) {
            if (kept++ >= FRACTION_DIGITS_MAX)
                continue;
            d.fraction = d.fraction * 10 + (unsigned)(*at - '0');
            d.scale *= 10;
        }
    }
    if (!digits)
        return -EINVAL;
    *text = at;
    *out = d;
    return 0;
}

/* number * unit, cut to a whole number; -ERANGE beyond `max`. */
static int multiply(const struct decimal *d, uint64_t unit, uint64_t max, uint64_t *out)
{
    wide value = (wide)d->whole * unit + (wide)d->fraction * unit / d->scale;

    if (value > max)
        return -ERANGE;
    *out = (uint64_t)value;
    return 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int quantity_bytes(const char *text, uint64_t max, uint64_t *out)
{
    static const char prefixes[] = "kmgtp";
    struct decimal d;
    uint64_t unit = 1;
    int r = read_decimal(&text, &d);

    if (r < 0)
        return r;
    text += *text == ' ';
    char first = lower(*text);
    const char *prefix = first ? strchr(prefixes, first) : NULL;
    if (prefix) {
        unit <<= 10 * (prefix - prefixes + 1);
        text++;
        if (lower(*text) == 'i' && lower(text[1]) == 'b')
            text++;
    }
    text += lower(*text) == 'b';
    return *text ? -EINVAL : multiply(&d, unit, max, out);
}

/* Longer names first where one begins another. */
static const struct {
    const char *name;
    uint64_t ns;
} duration_units[] = {
    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},
    {"ns", UINT64_C(1)},
    {"\xc2\xb5s", UINT64_C(1000)},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
    {"w", UINT64_C(604800000000000)},
};
#define DURATION_UNITS (sizeof(duration_units) / sizeof(duration_units[0]))

static uint64_t read_duration_unit(const char **text)
{
    for (size_t i = 0; i < DURATION_UNITS; i++) {
        size_t len = strlen(duration_units[i].name);

        if (strncmp(*text, duration_units[i].name, len) == 0) {
            *text += len;
            return duration_units[i].ns;
        }
    }
    return 0;
}

int quantity_duration_ns(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t total = 0;

    if (strcmp(text, "0") == 0) {
        *out = 0;
        return 0;
    }
    if (!*text)
        return -EINVAL;
    while (*text) {
        struct decimal d;
        uint64_t part = 0;
        int r = read_decimal(&text, &d);

        if (r < 0)
            return r;
        uint64_t unit = read_duration_unit(&text);
        if (!unit)
            return -EINVAL;
        r = multiply(&d, unit, max - total, &part);
        if (r < 0)
            return r;
        total += part;
    }
    *out = total;
    return 0;
}

int quantity_decimal(const char *text, unsigned digits, uint64_t max, uint64_t *out)
{
    struct decimal d;
    uint64_t unit = 1;
    int r = read_decimal(&text, &d);

    if (r < 0)
        return r;
    if (*text)
        return -EINVAL;
    while (digits--)
        unit *= 10;
    return multiply(&d, unit, max, out);
}

/* Digits behind the point, without zeros at the end: "s" of 1500 ms is "1.5s". */
static void print_fraction(char *out, size_t size, uint64_t value, uint64_t unit,
                           const char *name)
{
    char fraction[10];
    uint64_t rest = value % unit;
    size_t len = 0;

    if (!rest) {
        (void)snprintf(out, size, "%" PRIu64 "%s", value / unit, name);
        return;
    }
    for (; rest && len < sizeof(fraction) - 1; len++) {
        rest *= 10;
        fraction[len] = (char)('0' + rest / unit);
        rest %= unit;
    }
    fraction[len] = '\0';
    (void)snprintf(out, size, "%" PRIu64 ".%s%s", value / unit, fraction, name);
}

const char *quantity_duration_text(uint64_t ns, char out[QUANTITY_TEXT_SIZE])
{
    char seconds[QUANTITY_TEXT_SIZE / 2];
    uint64_t minutes = ns / UINT64_C(60000000000);

    if (!ns)
        (void)snprintf(out, QUANTITY_TEXT_SIZE, "0s");
    else if (ns < 1000)
        print_fraction(out, QUANTITY_TEXT_SIZE, ns, 1, "ns");
    else if (ns < 1000000)
        print_fraction(out, QUANTITY_TEXT_SIZE, ns, 1000, "\xc2\xb5s");
    else if (ns < 1000000000)
        print_fraction(out, QUANTITY_TEXT_SIZE, ns, 1000000, "ms");
    else if (!minutes)
        print_fraction(out, QUANTITY_TEXT_SIZE, ns, 1000000000, "s");
    if (!minutes)
        return out;
    print_fraction(seconds, sizeof(seconds), ns % UINT64_C(60000000000), 1000000000, "s");
    if (minutes < 60)
        (void)snprintf(out, QUANTITY_TEXT_SIZE, "%um%s", (unsigned)minutes, seconds);
    else
        (void)snprintf(out, QUANTITY_TEXT_SIZE, "%uh%um%s", (unsigned)(minutes / 60),
                       (unsigned)(minutes % 60), seconds);
    return out;
}
