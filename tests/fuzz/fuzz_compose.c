/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever reads as a Compose file prints as JSON; whatever makes an app makes one that the API
 * takes. Every file that the input names is the input itself.
 */
#include "base/surroundings.h"
#include "compose/compose.h"
#include "model/app_json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    const struct input *input = ctx;

    if (strstr(path, "missing"))
        return err_set(err, -ENOENT, "open '%s': not there", path);
    if (buf_add(out, input->data, input->size) < 0)
        return err_set(err, -EFBIG, "too large");
    return 0;
}

static bool has_file(void *ctx, const char *path)
{
    (void)ctx;
    return strstr(path, "missing") == NULL && strstr(path, ".env") == NULL;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "HOME") == 0 ? "/h" : strcmp(name, "A") == 0 ? "a$b" : NULL;
}

static void check_app(const struct project *project, const struct surroundings *world,
                      struct problems *problems)
{
    struct app *app = NULL, *again = NULL;
    struct err err = {0};

    if (project_to_app(&app, project, world, problems) < 0) {
        assert(problems->errors > 0);
        return;
    }
    json_t *json = app_to_json(app);
    assert(app_from_json(&again, json, &err) == 0);
    json_decref(json);
    again = app_free(again);
    app = app_free(app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[] = {"compose.yaml"};
    static const char *const profiles[] = {"*"};
    struct input in = {data, size};
    const struct surroundings world = {&in, read_file, has_file, get_variable, "/w"};

    for (int is_lenient = 0; is_lenient < 2; is_lenient++) {
        const struct compose_input input = {.files = files,
                                            .file_count = 1,
                                            .name = "fuzz",
                                            .profiles = profiles,
                                            .profile_count = 1,
                                            .is_lenient = is_lenient};
        struct arena *arena = arena_new();
        struct project *project = NULL;
        struct problems problems;

        problems_init(&problems, arena);
        if (compose_load(&project, &input, &world, &problems) < 0) {
            assert(problems.errors > 0);
        } else {
            json_t *json = project_to_json(project);
            char *text = json_dumps(json, JSON_COMPACT);

            assert(text);
            free(text);
            json_decref(json);
            check_app(project, &world, &problems);
        }
        project = project_free(project);
        (void)arena_free(arena);
    }
    return 0;
}
