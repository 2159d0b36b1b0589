/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
    va_list args;

    assert(code < 0);

    err->code = code;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    utf8_clean(err->text);
    return code;
}

int err_sys(struct err *err, const char *fmt, ...)
{
    int saved = errno ? errno : EIO;
    char reason[96];
    va_list args;

    err->code = -saved;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);

    size_t used = strlen(err->text);
    const char *text = strerror_r(saved, reason, sizeof(reason));
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
    utf8_clean(err->text);
    return err->code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char context[sizeof(err->text)];
    char text[sizeof(err->text)];
    va_list args;

    assert(err->code < 0);

    va_start(args, fmt);
    int used = vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    if (used < 0)
        return err->code;

    memcpy(text, err->text, sizeof(text));
    /* A long chain loses its end, never its beginning: the place comes first. */
    (void)snprintf(err->text, sizeof(err->text), "%.200s: %.270s", context, text);
    utf8_clean(err->text);
    return err->code;
}
