/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "driver/docker_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A config.json has a few hundred bytes; helpers and plugins make it a few thousand. */
#define CONFIG_SIZE_MAX ((size_t)1 << 20)

struct registry {
    char path[4096]; /* "" when there is no place to look */
    struct timespec modified;
    struct buf config;
};

struct registry *registry_new(void)
{
    struct registry *registry = mem_new(struct registry);
    const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

    buf_init(&registry->config, CONFIG_SIZE_MAX);
    if (folder)
        (void)snprintf(registry->path, sizeof(registry->path), "%s/config.json", folder);
    else if (home)
        (void)snprintf(registry->path, sizeof(registry->path), "%s/.docker/config.json", home);
    return registry;
}

static void wipe(struct registry *registry)
{
    if (registry->config.data)
        explicit_bzero(registry->config.data, registry->config.size);
    buf_clear(&registry->config);
}

struct registry *registry_free(struct registry *registry)
{
    if (!registry)
        return NULL;
    wipe(registry);
    buf_fini(&registry->config);
    free(registry);
    return NULL;
}

static void refresh(struct registry *registry)
{
    struct stat st;
    struct err err = {0};

    if (!registry->path[0] || stat(registry->path, &st) < 0) {
        wipe(registry);
        registry->modified = (struct timespec){0};
        return;
    }
    if (st.st_mtim.tv_sec == registry->modified.tv_sec &&
        st.st_mtim.tv_nsec == registry->modified.tv_nsec)
        return;
    registry->modified = st.st_mtim;
    wipe(registry);
    if (file_read(registry->path, &registry->config, &err) < 0)
        log_warn("registry=no-credentials error=%s", err.text);
}

const char *registry_auth(struct registry *registry, struct arena *arena, const char *image)
{
    struct err err = {0};
    const char *header = NULL;

    refresh(registry);
    if (!registry->config.len)
        return NULL;
    if (docker_auth_header(arena, registry->config.data, registry->config.len, image, &header,
                           &err) < 0)
        log_warn("registry=no-credentials file=%s error=%s", registry->path, err.text);
    return header;
}
