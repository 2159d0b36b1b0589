/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/planner.h"

#include "plan/certificate.h"
#include "plan/draft.h"
#include "plan/refuse.h"
#include "plan/why.h"

#include <assert.h>

/*
 * Every pass that is not the last makes a service smaller, cheaper or less moved, so that they
 * end by themselves; three were the most in 100,000 random fleets. The limit is for the bug.
 */
#define PASSES_MAX 64

/* Orders of services that are tried before one is refused. */
#define ORDERS_MAX 8

/* Finding the least change takes milliseconds in a large fleet. */
#define REFUSALS_TOLD_MAX 20

/* One pass over all jobs, hardest first. Returns whether anybody gave back room. */
static bool place_all(struct draft *draft)
{
    bool has_given_back = false;

    for (size_t i = 0; i < draft->job_count; i++)
        if (draft_place(draft, &draft->jobs[draft->order[i]]))
            has_given_back = true;
    return has_given_back;
}

/*
 * As long as room is only taken, what was the best place for a service stays the best; once
 * some was given back, each gets to choose again.
 */
static void settle(struct draft *draft)
{
    unsigned passes = 0;

    while (place_all(draft) && ++passes < PASSES_MAX)
        ;
}

static bool is_any_open(const struct draft *draft)
{
    for (size_t i = 0; i < draft->job_count; i++)
        if (draft->jobs[i].state == JOB_OPEN)
            return true;
    return false;
}

/*
 * Places everything. Who finds no place is hard to place, whatever it looked like: all is done
 * again with those first, and what runs makes room if it must.
 */
static void place(struct draft *draft)
{
    if (draft->input->current)
        draft_reserve(draft);
    settle(draft);
    for (unsigned n = 0; n < ORDERS_MAX && is_any_open(draft); n++) {
        bool may_help = draft_promote_open(draft);

        settle(draft);
        if (!may_help)
            return;
    }
}

/* A plan while it is written. */
struct output {
    struct plan *plan;
    struct draft *draft;
    const char *const *names[DOMAIN_LEVELS]; /* of domains, in the plan's arena */
    size_t refusal_capacity, warning_capacity;
};

static void copy_names(struct output *out)
{
    const struct topology *topology = &out->draft->topology;
    struct arena *arena = out->plan->arena;

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        const char **names = arena_array(arena, topology->domain_count[level], sizeof(*names));

        for (unsigned d = 0; d < topology->domain_count[level]; d++)
            names[d] = arena_strdup(arena, topology->domain_name[level][d]);
        out->names[level] = names;
    }
}

static void write_placements(struct output *out, struct plan_service *service,
                             const struct job *job)
{
    const struct spot *spots = draft_spots(out->draft, job->placement);

    service->placements =
        arena_array(out->plan->arena, job->placement.count, sizeof(*service->placements));
    service->placement_count = job->placement.count;
    for (uint32_t i = 0; i < job->placement.count; i++) {
        service->placements[i] =
            (struct placement){out->names[DOMAIN_CLUSTER][spots[i].cluster], spots[i].replicas};
        service->placed += spots[i].replicas;
    }
}

static void add_warning(struct output *out, const char *warning)
{
    struct strings *warnings = &out->plan->warnings;

    warnings->items = arena_grow(out->plan->arena, warnings->items, warnings->count,
                                 &out->warning_capacity, sizeof(*warnings->items));
    warnings->items[warnings->count++] = warning;
}

static void add_refusal(struct output *out, struct refusal refusal)
{
    struct plan *plan = out->plan;

    plan->refusals = arena_grow(plan->arena, plan->refusals, plan->refusal_count,
                                &out->refusal_capacity, sizeof(*plan->refusals));
    plan->refusals[plan->refusal_count++] = refusal;
}

static void write_service(struct output *out, struct plan_service *service, struct job *job)
{
    struct arena *arena = out->plan->arena;
    bool is_placed = job->state != JOB_OPEN;

    *service = (struct plan_service){
        .name = arena_strdup(arena, job->service->name),
        .needed = job->service->replicas,
        .survive = job->survive,
        .pinned = job->is_pinned,
    };
    write_placements(out, service, job);
    service->why = why_service(arena, out->draft, job);
    certificate_make(service, arena, out->draft, job, out->names);
    service->survives = is_placed && service->certificate_count && certificate_holds(service);
    if (!is_placed)
        add_refusal(out, out->plan->refusal_count < REFUSALS_TOLD_MAX
                             ? refuse(arena, out->draft, job, service->name)
                             : (struct refusal){service->name, "there is no room for it either",
                                                "see to the others first"});

    const char *warning = why_warning(arena, out->draft, job);
    if (warning)
        add_warning(out, warning);
}

static struct plan *write_plan(struct draft *draft)
{
    struct arena *arena = arena_new();
    struct plan *plan = arena_new_in(arena, struct plan);
    struct output out = {.plan = plan, .draft = draft};

    plan->arena = arena;
    plan->app = arena_strdup(arena, draft->input->app->name);
    plan->survive_source = why_source(arena, draft);
    plan->services = arena_array(arena, draft->job_count, sizeof(*plan->services));
    plan->service_count = draft->job_count;
    copy_names(&out);
    for (size_t i = 0; i < draft->job_count; i++)
        write_service(&out, &plan->services[i], &draft->jobs[i]);
    return plan;
}

int planner_make(struct plan **out, const struct planner_input *input, struct err *err)
{
    struct draft draft;

    (void)err;
    draft_init(&draft, input);
    place(&draft);
    *out = write_plan(&draft);
    draft_fini(&draft);
    return 0;
}

int planner_make_alone(struct plan **out, const struct app *app, const struct fleet *fleet,
                       struct err *err)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct planner_room *rooms = arena_array(arena, fleet->cluster_count, sizeof(*rooms));
    struct planner_input input = {.app = app, .fleet = fleet, .rooms = rooms};

    for (size_t i = 0; i < fleet->cluster_count; i++) {
        const struct cluster *cluster = &fleet->clusters[i];

        rooms[i] = (struct planner_room){
            .usable = !cluster->drained,
            .cpus_nano = cluster->cpus_nano ? cluster->cpus_nano : UINT64_MAX,
            .memory_bytes = cluster->memory_bytes ? cluster->memory_bytes : UINT64_MAX,
        };
    }
    return planner_make(out, &input, err);
}
