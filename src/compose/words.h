/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a command into words as a shell would, without running one. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "model/strings.h"

/*
 * Blanks part words; 'text', "text" and \c keep them together; \n and \t are what they are in
 * C. Nothing is expanded. `*rest` is what was not read: it begins with one of ;&|<>, where a
 * shell would end the command, or is empty. Words are in the arena.
 *
 * Returns 0, or -EINVAL when a quote is not closed or a backslash ends the text.
 */
int words_split(struct strings *out, struct arena *arena, const char *text,
                const char **rest) MUST_USE;
