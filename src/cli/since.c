/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/since.h"

#include "base/number.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define YEARS_MAX_S (UINT64_C(100) * 366 * 86400)

/* "1h30m": numbers with units, each unit once at most is not asked for. */
static bool read_ago(const char *text, uint64_t *out_s)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t sum = 0;

    while (*text) {
        size_t len = strspn(text, "0123456789");
        uint64_t number, seconds = 0;

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (text[len] == units[i].unit)
                seconds = units[i].seconds;
        if (!seconds || number_read(text, len, 0, YEARS_MAX_S / seconds, &number) < 0)
            return false;
        sum += number * seconds;
        if (sum > YEARS_MAX_S)
            return false;
        text += len + 1;
    }
    *out_s = sum;
    return true;
}

/* The next `len` digits, which must be followed by `end`. */
static bool take(const char **text, size_t len, uint64_t max, const char *end, int *out)
{
    uint64_t number;

    if (strlen(*text) < len || number_read(*text, len, 0, max, &number) < 0)
        return false;
    *text += len;
    if (strncmp(*text, end, strlen(end)) != 0)
        return false;
    *text += strlen(end);
    *out = (int)number;
    return true;
}

/* RFC 3339 in UTC, or its date alone. */
static bool read_date(const char *text, int64_t *out_ms)
{
    struct tm tm = {0};
    int year, month, millis = 0;

    if (!take(&text, 4, 9999, "-", &year) || !take(&text, 2, 12, "-", &month) ||
        !take(&text, 2, 31, "", &tm.tm_mday) || year < 1970 || month < 1 || tm.tm_mday < 1)
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    if (*text == 'T' || *text == ' ') {
        text++;
        if (!take(&text, 2, 23, ":", &tm.tm_hour) || !take(&text, 2, 59, ":", &tm.tm_min) ||
            !take(&text, 2, 60, "", &tm.tm_sec))
            return false;
        if (*text == '.') {
            text++;
            if (!take(&text, 3, 999, "", &millis))
                return false;
        }
        if (*text++ != 'Z')
            return false;
    }
    if (*text)
        return false;

    int day = tm.tm_mday;
    time_t seconds = timegm(&tm);
    if (tm.tm_mday != day) /* timegm turns 30 February into 2 March */
        return false;
    *out_ms = (int64_t)seconds * 1000 + millis;
    return true;
}

int since_read(const char *text, int64_t now_ms, int64_t *out, struct err *err)
{
    uint64_t ago_s;
    int64_t at_ms;

    if (*text && read_ago(text, &ago_s)) {
        at_ms = now_ms - (int64_t)ago_s * 1000;
        *out = at_ms > 0 ? at_ms : 0;
        return 0;
    }
    if (!read_date(text, out))
        return err_set(err, -EINVAL,
                       "--since '%s': expected how long ago (10m, 1h30m) or when "
                       "(2026-11-24T04:00:35Z)",
                       text);
    return 0;
}
