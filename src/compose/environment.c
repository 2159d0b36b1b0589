/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/environment.h"

#include <string.h>

const char *environment_find(const struct environment *env, const char *name)
{
    const char *value = NULL;

    if (env->project_name && strcmp(name, "COMPOSE_PROJECT_NAME") == 0)
        return env->project_name;
    value = env->parent ? environment_find(env->parent, name)
                        : env->world->get_variable(env->world->ctx, name);
    return value ? value : dotenv_find(&env->files, name);
}

static const char *find(const void *ctx, const char *name)
{
    return environment_find(ctx, name);
}

struct variables environment_variables(const struct environment *env)
{
    return (struct variables){find, env};
}

int environment_read(struct environment *env, struct arena *arena, const char *path,
                     const char *shown, struct problems *problems)
{
    const struct variables variables = environment_variables(env);
    struct err err = {0};
    struct buf text;

    buf_init(&text, DOTENV_SIZE_MAX);
    int r = env->world->read_file(env->world->ctx, path, &text, &err);
    if (r < 0)
        r = problems_add(problems, (struct place){shown, 0, 0}, "%s", err.text);
    else
        r = dotenv_read(&env->files, arena, shown, buf_text(&text), false, &variables,
                        problems);
    buf_fini(&text);
    return r;
}
