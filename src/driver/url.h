/* SPDX-License-Identifier: Apache-2.0 */
/* Text in paths and queries. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"

/* Everything but unreserved characters as %XX (RFC 3986). In the arena. */
const char *url_escape(struct arena *arena, const char *text) MUST_USE;
