/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images, and credentials for their registries out of Docker's config.json. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

/* "shop/web:3" is {"shop/web", "3"}. In the arena. */
struct docker_image {
    const char *repository; /* as it was written, without tag and digest */
    const char *tag;        /* or "sha256:..."; "latest" when there is neither */
    const char *registry;   /* "docker.io", "localhost:5000" */
};

void docker_image_split(struct arena *arena, const char *image, struct docker_image *out);

/*
 * The X-Registry-Auth header for the image, from the text of a config.json (key `auths`).
 * 0 with *header NULL when it has no credentials for that registry; -EINVAL when the text is
 * malformed. The header never appears in `err`.
 */
int docker_auth_header(struct arena *arena, const char *config, size_t len, const char *image,
                       const char **header, struct err *err) MUST_USE;
