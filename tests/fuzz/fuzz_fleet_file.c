/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as a fleet file is a fleet that the API takes. */
#include "base/surroundings.h"
#include "fleet/fleet_file.h"
#include "model/fleet_json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

/* The fleet file, and every context's meta.json, are the input. */
static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
    const struct input *input = ctx;

    (void)path;
    if (buf_add(out, input->data, input->size) < 0)
        return err_set(err, -EFBIG, "too large");
    return 0;
}

static bool has_file(void *ctx, const char *path)
{
    (void)ctx;
    return strstr(path, "ca.pem") != NULL;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const struct surroundings world = {&input, read_file, has_file, get_variable, "/w"};
    struct arena *arena = arena_new();
    struct fleet *fleet = NULL;
    struct problems problems;

    problems_init(&problems, arena);
    if (fleet_file_read(&fleet, "fleet.yaml", NULL, &world, &problems) == 0) {
        struct fleet *again = NULL;
        struct err err = {0};
        json_t *json = fleet_to_json(fleet);

        assert(fleet_from_json(&again, json, &err) == 0);
        json_decref(json);
        again = fleet_free(again);
    } else {
        assert(problems.errors > 0);
    }
    fleet = fleet_free(fleet);
    (void)arena_free(arena);
    return 0;
}
