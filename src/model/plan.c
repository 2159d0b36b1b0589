/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

#include <stdlib.h>
#include <string.h>

struct plan *plan_free(struct plan *plan)
{
    if (plan)
        (void)arena_free(plan->arena);
    return NULL;
}

void plan_freep(struct plan **plan)
{
    *plan = plan_free(*plan);
}

static int compare_service(const void *name, const void *service)
{
    return strcmp(name, ((const struct plan_service *)service)->name);
}

const struct plan_service *plan_find_service(const struct plan *plan, const char *name)
{
    if (!plan->service_count)
        return NULL;
    return bsearch(name, plan->services, plan->service_count, sizeof(*plan->services),
                   compare_service);
}

unsigned plan_replicas(const struct plan *plan, const char *service, const char *cluster)
{
    const struct plan_service *s = plan_find_service(plan, service);

    for (size_t i = 0; s && i < s->placement_count; i++)
        if (strcmp(s->placements[i].cluster, cluster) == 0)
            return s->placements[i].replicas;
    return 0;
}
