/* SPDX-License-Identifier: Apache-2.0 */
/* Surroundings on paper: files and variables that exist in a test alone. */
#pragma once

#include "base/surroundings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct paper_file {
    const char *path; /* absolute, or relative to "/shop" */
    const char *text;
};

struct paper_world {
    const struct paper_file *files;    /* path NULL at the end; may be NULL */
    const char *const (*variables)[2]; /* name NULL at the end; may be NULL */
    struct surroundings surroundings;
};

static const struct paper_file *paper_find(const struct paper_world *world, const char *path)
{
    static const char here[] = "/shop/";

    if (strncmp(path, here, strlen(here)) == 0)
        path += strlen(here);
    for (const struct paper_file *file = world->files; file && file->path; file++)
        if (strcmp(file->path, path) == 0)
            return file;
    return NULL;
}

static int paper_read(void *ctx, const char *path, struct buf *out, struct err *err)
{
    const struct paper_file *file = paper_find(ctx, path);

    if (!file)
        return err_set(err, -ENOENT, "open '%s': No such file or directory", path);
    if (buf_add(out, file->text, strlen(file->text)) < 0)
        return err_set(err, -EFBIG, "read '%s': larger than the limit of %zu bytes", path,
                       out->size_max);
    return 0;
}

static bool paper_has(void *ctx, const char *path)
{
    return paper_find(ctx, path) != NULL;
}

static const char *paper_variable(void *ctx, const char *name)
{
    const struct paper_world *world = ctx;

    for (size_t i = 0; world->variables && world->variables[i][0]; i++)
        if (strcmp(world->variables[i][0], name) == 0)
            return world->variables[i][1];
    return NULL;
}

static const struct surroundings *paper_surroundings(struct paper_world *world)
{
    world->surroundings =
        (struct surroundings){world, paper_read, paper_has, paper_variable, "/shop"};
    return &world->surroundings;
}
