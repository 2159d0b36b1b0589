/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as a kubeconfig names a server that can be asked. */
#include "fleet/kubeconfig.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

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
    (void)path;
    return true;
}

static const char *get_variable(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const struct surroundings world = {&input, read_file, has_file, get_variable, "/w"};
    struct arena *arena = arena_new();
    struct kubeconfig config;
    struct err err = {0};

    if (kubeconfig_read(&config, arena, "kubeconfig:///k/config", &world, &err) == 0) {
        assert(strncmp(config.server, "http", 4) == 0);
        assert(!config.exec.command || config.exec.api_version);
    } else {
        assert(err.code < 0 && err.text[0]);
    }
    (void)arena_free(arena);
    return 0;
}
