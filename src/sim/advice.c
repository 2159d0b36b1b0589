/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/advice.h"

#include "plan/planner.h"

#include <string.h>

/* What is not worth its name: less than a second a year. */
#define GAIN_HOURS_MIN (1.0 / 3600)

#define NEW_NAME "zz-new"

/* The fleet with one more cluster like `model`, of its provider or of a new one. */
static struct fleet *buy(const struct fleet *fleet, const struct cluster *model,
                         bool is_new_provider)
{
    struct fleet *bought = fleet_copy(fleet, 1);
    struct cluster cluster = *model;

    cluster.name = NEW_NAME;
    cluster.region = NEW_NAME;
    cluster.drained = false;
    if (is_new_provider)
        cluster.provider = NEW_NAME;
    fleet_put(bought, &cluster);
    return bought;
}

static unsigned sum_placed(const struct plan *plan)
{
    unsigned sum = 0;

    for (size_t s = 0; s < plan->service_count; s++)
        sum += plan->services[s].placed;
    return sum;
}

/* Keeps the purchase if it is better than the best so far. */
static void try_purchase(struct advice *best, const struct app *app,
                         const struct odds_input *input, const struct cluster *model,
                         bool is_new_provider)
{
    SCOPED(fleet_freep) struct fleet *fleet = buy(input->fleet, model, is_new_provider);
    SCOPED(plan_freep) struct plan *plan = NULL;
    struct err err;

    if (planner_make_alone(&plan, app, fleet, &err) < 0 || plan->refusal_count)
        return;
    struct odds_input with = *input;
    with.fleet = fleet;
    with.plan = plan;
    struct odds *odds = odds_make(&with);
    if (odds->short_hours < best->short_hours - GAIN_HOURS_MIN) {
        best->short_hours = odds->short_hours;
        best->placed = sum_placed(plan);
        best->text =
            is_new_provider
                ? arena_printf(best->arena, "a cluster like %s of a new provider", model->name)
                : arena_printf(best->arena, "one more cluster like %s, of %s", model->name,
                               model->provider);
    }
    (void)odds_free(odds);
}

/* The first cluster of its provider that is not drained stands for what the provider sells. */
static bool is_model(const struct fleet *fleet, size_t index)
{
    if (fleet->clusters[index].drained)
        return false;
    for (size_t i = 0; i < index; i++)
        if (!fleet->clusters[i].drained &&
            strcmp(fleet->clusters[i].provider, fleet->clusters[index].provider) == 0)
            return false;
    return true;
}

struct advice *advice_make(const struct app *app, const struct odds_input *input,
                           const struct odds *odds)
{
    struct arena *arena = arena_new();
    struct advice *best = arena_new_in(arena, struct advice);
    bool has_new_provider = false;

    *best = (struct advice){.arena = arena, .short_hours = odds->short_hours};
    for (size_t i = 0; i < input->fleet->cluster_count; i++) {
        if (!is_model(input->fleet, i))
            continue;
        try_purchase(best, app, input, &input->fleet->clusters[i], false);
        if (!has_new_provider)
            try_purchase(best, app, input, &input->fleet->clusters[i], true);
        has_new_provider = true;
    }
    return best->text ? best : advice_free(best);
}

struct advice *advice_free(struct advice *advice)
{
    if (advice)
        (void)arena_free(advice->arena);
    return NULL;
}

void advice_freep(struct advice **advice)
{
    *advice = advice_free(*advice);
}
