/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds which host ports where, and how many more replicas of a service fit.
 *
 * A replica takes one port out of each published range of its service. Services whose ranges
 * overlap share them: n replicas fit a cluster if every window of ports holds no more
 * replicas whose ranges lie inside it than it has free ports (Hall's condition, which for
 * intervals is exact). Two host addresses do not compete, unless one of them is "all
 * addresses"; what others hold counts for every address. Ports that the engine chooses are
 * never short.
 *
 * The app and the rooms must outlive it. Released with ports_free.
 */
#pragma once

#include "base/attr.h"
#include "model/app.h"
#include "plan/planner.h"

struct ports;

struct ports *ports_new(const struct app *app, const struct planner_room *rooms,
                        unsigned cluster_count) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct ports *ports_free(struct ports *ports);

/* Whether the service, a number in app->services, publishes a fixed port. */
bool ports_any(const struct ports *ports, size_t service);

/* How many more replicas of the service the ports of the cluster allow, at most `max`. */
unsigned ports_cap(struct ports *ports, size_t service, unsigned cluster, unsigned max);

/* The service has `replicas` more in the cluster, or fewer when negative. */
void ports_add(struct ports *ports, size_t service, unsigned cluster, int replicas);
