/* SPDX-License-Identifier: Apache-2.0 */
#include "model/observation.h"

const char *replica_state_name(enum replica_state state)
{
    static const char *const names[] = {"created", "running", "restarting",
                                        "paused",  "exited",  "dead"};

    return names[state];
}

const char *replica_health_name(enum replica_health health)
{
    static const char *const names[] = {"", "starting", "healthy", "unhealthy"};

    return names[health];
}

struct observation *observation_free(struct observation *observation)
{
    if (observation)
        (void)arena_free(observation->arena);
    return NULL;
}
