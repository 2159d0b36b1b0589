/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a fleet file: YAML with clusters and DNS, see docs/fleet.md.
 *
 * Pure: what it wants to know of the world it asks through struct surroundings.
 */
#pragma once

#include "base/attr.h"
#include "base/surroundings.h"
#include "model/fleet.h"
#include "model/problem.h"

#define FLEET_FILE_SIZE_MAX ((size_t)4 << 20) /* 4096 clusters take about 1 MiB */

/*
 * `drivers` are the names that `driver:` may have, NULL at the end; without it any name may.
 * Paths in the file are relative to its folder. `docker-context:` is looked up in
 * $DOCKER_CONFIG, else ~/.docker.
 *
 * Returns 0, or -EINVAL with what is wrong in `problems`. The fleet is the caller's.
 */
int fleet_file_read(struct fleet **out, const char *path, const char *const *drivers,
                    const struct surroundings *world, struct problems *problems) MUST_USE;
