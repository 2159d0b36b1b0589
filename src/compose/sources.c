/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "compose/project.h"
#include "model/name.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *const file_names[] = {"compose.yaml", "compose.yml", "docker-compose.yaml",
                                         "docker-compose.yml", NULL};
static const char *const override_names[] = {"compose.override.yaml", "compose.override.yml",
                                             "docker-compose.override.yaml",
                                             "docker-compose.override.yml", NULL};

struct finder {
    struct project *project;
    const struct surroundings *world;
    struct arena *arena;
    size_t capacity;
};

static void add_file(struct finder *f, const char *path)
{
    struct strings *files = &f->project->files;

    files->items =
        arena_grow(f->arena, files->items, files->count, &f->capacity, sizeof(*files->items));
    files->items[files->count++] = path;
}

/* The first of `names` that is in the folder, or NULL. */
static const char *find_in(struct finder *f, const char *folder, const char *const *names)
{
    for (; *names; names++) {
        const char *path = path_join(f->arena, folder, *names);

        if (f->world->has_file(f->world->ctx, path))
            return path;
    }
    return NULL;
}

/* Here, else in the nearest folder above. */
static int find_around(struct finder *f, struct problems *problems)
{
    const char *here = path_clean(f->arena, f->world->work_dir);
    const char *folder = here;

    for (;;) {
        const char *file = find_in(f, folder, file_names);
        const char *override = file ? find_in(f, folder, override_names) : NULL;
        bool is_here = strcmp(folder, here) == 0;

        if (file)
            add_file(f, is_here ? path_name(f->arena, file) : file);
        if (override)
            add_file(f, is_here ? path_name(f->arena, override) : override);
        if (file)
            return 0;
        if (strcmp(folder, "/") == 0)
            return problems_add(problems, (struct place){0},
                                "no compose.yaml in %s or above it; name a file with -f", here);
        folder = path_folder(f->arena, folder);
    }
}

/* COMPOSE_FILE, parted by COMPOSE_PATH_SEPARATOR or a colon. */
static void add_listed(struct finder *f, const char *list, const char *separator)
{
    size_t separator_len = strlen(separator);

    while (*list) {
        const char *end = strstr(list, separator);
        size_t len = end ? (size_t)(end - list) : strlen(list);

        if (len)
            add_file(f, arena_strndup(f->arena, list, len));
        list += len + (end ? separator_len : 0);
    }
}

static int find_files(struct finder *f, const struct compose_input *input,
                      struct problems *problems)
{
    const char *list = environment_find(&f->project->env, "COMPOSE_FILE");
    const char *separator = environment_find(&f->project->env, "COMPOSE_PATH_SEPARATOR");

    for (size_t i = 0; i < input->file_count; i++)
        add_file(f, input->files[i]);
    if (!f->project->files.count && list)
        add_listed(f, arena_strdup(f->arena, list), separator && *separator ? separator : ":");
    return f->project->files.count ? 0 : find_around(f, problems);
}

static void find_folder(struct finder *f, const struct compose_input *input)
{
    const char *first = f->project->files.count ? f->project->files.items[0] : "-";
    const char *folder = input->folder             ? input->folder
                         : strcmp(first, "-") == 0 ? "."
                                                   : path_folder(f->arena, first);

    f->project->folder = path_join(f->arena, f->world->work_dir, folder);
    f->project->shown_folder = folder;
}

static int read_env_file(struct finder *f, const char *path, struct problems *problems)
{
    return environment_read(&f->project->env, f->arena,
                            path_join(f->arena, f->world->work_dir, path), path, problems);
}

static int read_env_files(struct finder *f, const struct compose_input *input,
                          struct problems *problems)
{
    const char *list = environment_find(&f->project->env, "COMPOSE_ENV_FILES");
    int result = 0;

    for (size_t i = 0; i < input->env_file_count; i++)
        if (read_env_file(f, input->env_files[i], problems) < 0)
            result = -EINVAL;
    if (input->env_file_count)
        return result;
    if (list && *list) {
        list = arena_strdup(f->arena, list);
        for (size_t len; *list; list += len + (list[len] == ',')) {
            len = strcspn(list, ",");
            if (len && read_env_file(f, arena_strndup(f->arena, list, len), problems) < 0)
                result = -EINVAL;
        }
        return result;
    }
    const char *path = path_join(f->arena, f->project->folder, ".env");
    if (!f->world->has_file(f->world->ctx, path))
        return 0;
    return environment_read(&f->project->env, f->arena, path, path, problems);
}

int project_find_sources(struct project *project, const struct compose_input *input,
                         struct problems *problems)
{
    struct finder f = {project, project->env.world, project->arena, 0};

    /* With files on the command line, .env may name none. */
    if (input->file_count) {
        if (find_files(&f, input, problems) < 0)
            return -EINVAL;
        find_folder(&f, input);
        return read_env_files(&f, input, problems);
    }
    /* .env in the current folder may set COMPOSE_FILE. */
    find_folder(&f, input);
    if (read_env_files(&f, input, problems) < 0 || find_files(&f, input, problems) < 0)
        return -EINVAL;
    const char *before = project->folder;
    find_folder(&f, input);
    if (strcmp(before, project->folder) == 0)
        return 0;
    return read_env_files(&f, input, problems);
}

/* As Compose makes it: lower case, what does not belong left out, and no sign in front. */
static const char *name_of_folder(struct arena *arena, const char *folder)
{
    const char *from = path_name(arena, folder);
    char *name = arena_alloc(arena, strlen(from) + 1);
    size_t len = 0;

    for (; *from; from++) {
        char c = (char)tolower((unsigned char)*from);
        bool is_sign = c == '-' || c == '_';

        if (((c >= 'a' && c <= 'z') || isdigit((unsigned char)c) || (is_sign && len)) &&
            len < APP_NAME_MAX)
            name[len++] = c;
    }
    return name;
}

static int check_name(struct project *project, const char *name, struct place place,
                      const char *source, struct problems *problems)
{
    if (!name_is_app(name))
        return problems_add(problems, place,
                            "%s: expected a project name of a-z, 0-9, '_' and '-', the first a "
                            "letter or digit, at most %d, found '%.80s'",
                            source, APP_NAME_MAX, name);
    project->name = name;
    return 0;
}

int project_find_name(struct project *project, const struct compose_input *input,
                      const struct node *named, struct problems *problems)
{
    const char *variable = environment_find(&project->env, "COMPOSE_PROJECT_NAME");
    struct place none = {0};

    if (input->name)
        return check_name(project, arena_strdup(project->arena, input->name), none,
                          "--project-name", problems);
    if (variable && *variable)
        return check_name(project, arena_strdup(project->arena, variable), none,
                          "COMPOSE_PROJECT_NAME", problems);
    if (named)
        return check_name(project, named->text, named->place, "name", problems);
    const char *name = name_of_folder(project->arena, project->folder);
    if (!*name)
        return problems_add(problems, none,
                            "the folder %s gives no project a name; give one with -p",
                            project->folder);
    return check_name(project, name, none, "the folder's name", problems);
}
