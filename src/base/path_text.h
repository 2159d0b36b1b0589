/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: nothing here asks the file system. Results are in the arena. */
#pragma once

#include "base/arena.h"

/* Without "//", "." and "x/..": "/a/b", "../c"; "." for nothing. */
const char *path_clean(struct arena *arena, const char *path);

/* `path` as seen from `folder`, cleaned; absolute paths stay what they are. */
const char *path_join(struct arena *arena, const char *folder, const char *path);

/* "/a" of "/a/b", "." of "b", "/" of "/a". */
const char *path_folder(struct arena *arena, const char *path);

/* "b" of "/a/b" and of "b"; "/" of "/". */
const char *path_name(struct arena *arena, const char *path);
