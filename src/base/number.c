/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <errno.h>

int number_read(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    int overflow = 0;

    if (len == 0)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        overflow |= __builtin_mul_overflow(value, 10U, &value);
        overflow |= __builtin_add_overflow(value, (unsigned)(text[i] - '0'), &value);
    }
    if (overflow || value < min || value > max)
        return -ERANGE;
    *out = value;
    return 0;
}
