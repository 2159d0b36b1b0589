/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads Compose files as `seawall config` does, for tests that compare with what others say.
 *
 * usage: compose_tool [--lenient] NAME FILE...
 *
 * Prints canonical JSON and exits 0, or prints the problems, one a line, and exits 1.
 */
#include "base/file.h"
#include "base/scope.h"
#include "compose/compose.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    (void)ctx;
    return file_read(path, out, err);
}

static bool has_file(void *ctx, const char *path)
{
    (void)ctx;
    return access(path, F_OK) == 0;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        (void)fprintf(stderr, "%s\n", problem_text(problems->arena, &problems->items[i]));
}

int main(int argc, char **argv)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    SCOPED(project_freep) struct project *project = NULL;
    bool is_lenient = argc > 1 && strcmp(argv[1], "--lenient") == 0;
    int first = is_lenient ? 2 : 1;
    char folder[PATH_MAX];
    struct problems problems;

    if (argc < first + 2 || !getcwd(folder, sizeof(folder)))
        return 2;
    const struct surroundings world = {NULL, read_file, has_file, get_variable, folder};
    const struct compose_input input = {
        .name = argv[first],
        .files = (const char *const *)&argv[first + 1],
        .file_count = (size_t)(argc - first - 1),
        .is_lenient = is_lenient,
    };
    problems_init(&problems, arena);
    if (compose_load(&project, &input, &world, &problems) < 0) {
        print_problems(&problems);
        return 1;
    }
    json_t *json = project_to_json(project);
    int r = json_dumpf(json, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(json);
    return r < 0 || fflush(stdout) != 0;
}
