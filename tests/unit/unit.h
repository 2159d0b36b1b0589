/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka after the headers it needs. */
#pragma once

/* cmocka.h does not include what it uses, so these come first. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
/* clang-format on */
