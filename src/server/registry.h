/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for registries, from Docker's config.json, read again whenever it changes.
 *
 * They are never written to the state, a log or an error text.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"

struct registry;

/* Reads $DOCKER_CONFIG/config.json, else ~/.docker/config.json, if it is there. */
struct registry *registry_new(void) MUST_USE;

/* Wipes what it holds. Accepts NULL. Returns NULL. */
struct registry *registry_free(struct registry *registry);

/* The value of X-Registry-Auth for the image, in `arena`; NULL: there are no credentials. */
const char *registry_auth(struct registry *registry, struct arena *arena, const char *image);
