/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as a file of variables has names; whatever does not says where. */
#include "compose/dotenv.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find(const void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "A") == 0 ? "a" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct variables variables = {find, NULL};
    struct arena *arena = arena_new();
    struct problems problems;

    for (int is_raw = 0; is_raw < 2; is_raw++) {
        const char *text = arena_strndup(arena, (const char *)data, size);
        struct dotenv env = {0};

        problems_init(&problems, arena);
        if (dotenv_read(&env, arena, ".env", text, is_raw, &variables, &problems) < 0)
            assert(problems.errors > 0);
        for (size_t i = 0; i < env.count; i++)
            assert(*env.items[i].name);
    }
    (void)arena_free(arena);
    return 0;
}
