/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"

#include <stdbool.h>
#include <string.h>

static bool is_parent(const char *part, size_t len)
{
    return len == 2 && part[0] == '.' && part[1] == '.';
}

/* Where the last part of out[0..len) begins. */
static size_t last_part(const char *out, size_t len)
{
    while (len && out[len - 1] != '/')
        len--;
    return len;
}

const char *path_clean(struct arena *arena, const char *path)
{
    char *out = arena_alloc(arena, strlen(path) + 2);
    bool is_absolute = *path == '/';
    size_t root = is_absolute, len = root;

    out[0] = '/';
    for (size_t part_len; *path; path += part_len) {
        path += strspn(path, "/");
        part_len = strcspn(path, "/");
        if (!part_len || (part_len == 1 && *path == '.'))
            continue;
        size_t last = last_part(out, len) < root ? root : last_part(out, len);
        bool can_go_up = len > root && !is_parent(out + last, len - last);
        if (is_parent(path, part_len) && (can_go_up || is_absolute)) {
            len = last > root ? last - 1 : root;
            continue;
        }
        if (len > root)
            out[len++] = '/';
        memcpy(out + len, path, part_len);
        len += part_len;
    }
    if (!len)
        out[len++] = '.';
    out[len] = '\0';
    return out;
}

const char *path_join(struct arena *arena, const char *folder, const char *path)
{
    if (*path == '/')
        return path_clean(arena, path);
    return path_clean(arena, arena_printf(arena, "%s/%s", *folder ? folder : ".", path));
}

const char *path_folder(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return path_clean(arena, arena_strndup(arena, path, (size_t)(slash - path) + 1));
}

const char *path_name(struct arena *arena, const char *path)
{
    const char *clean = path_clean(arena, path);
    const char *slash = strrchr(clean, '/');

    return slash && slash[1] ? slash + 1 : clean;
}
