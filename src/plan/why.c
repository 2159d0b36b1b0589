/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/why.h"

#include <string.h>

static const char *count_text(struct arena *arena, unsigned count)
{
    return count == 1 ? "one" : arena_printf(arena, "%u", count);
}

const char *why_survive(struct arena *arena, const struct survive *survive)
{
    const char *text = "";

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        unsigned count = survive->count[level];

        if (count)
            text = arena_printf(arena, "%s%sany %s %s%s", text, *text ? " or " : "",
                                count_text(arena, count), domain_level_name(level),
                                count > 1 ? "s" : "");
    }
    return text;
}

/* How many services say otherwise than the app. */
static size_t count_own(const struct draft *draft)
{
    size_t count = 0;

    for (size_t i = 0; i < draft->job_count; i++)
        count += draft->jobs[i].service->has_survive;
    return count;
}

static const char *source_of_app(struct arena *arena, const struct draft *draft)
{
    const struct app *app = draft->input->app;
    const struct topology *topology = &draft->topology;
    const char *what;

    if (app->has_survive) {
        what = why_survive(arena, &app->survive);
        return *what ? arena_printf(arena, "%s may be lost, as the file asks", what)
                     : "no loss has to be survived, as the file asks";
    }
    if (draft->survive_default.count[DOMAIN_PROVIDER])
        return arena_printf(arena,
                            "any one provider may be lost: the file does not say, and the "
                            "fleet has %u providers",
                            topology->domain_count[DOMAIN_PROVIDER]);
    if (draft->survive_default.count[DOMAIN_CLUSTER])
        return arena_printf(arena,
                            "any one cluster may be lost: the file does not say, and the "
                            "fleet has %u clusters of one provider",
                            topology->cluster_count);
    return arena_printf(arena,
                        "no loss can be survived: the file does not say, and the fleet has "
                        "%s",
                        topology->cluster_count ? "only one cluster" : "no clusters");
}

const char *why_source(struct arena *arena, const struct draft *draft)
{
    const char *source = source_of_app(arena, draft);
    size_t own = count_own(draft);

    if (!own)
        return source;
    return arena_printf(arena, "%s; %zu service%s for %s own", source, own,
                        own == 1 ? " asks" : "s ask", own == 1 ? "its" : "their");
}

/* How many domains of the level hold replicas of the job. */
static unsigned count_holding(struct draft *draft, const struct job *job,
                              enum domain_level level)
{
    const struct spot *spots = draft_spots(draft, job->placement);
    const unsigned *domain = draft->topology.domain[level];
    unsigned *load = draft->spread.load[level];
    unsigned count = 0;

    for (uint32_t i = 0; i < job->placement.count; i++)
        load[domain[spots[i].cluster]] = 0;
    for (uint32_t i = 0; i < job->placement.count; i++)
        count += load[domain[spots[i].cluster]]++ == 0;
    return count;
}

/* "any one of 3 providers or any 2 of 7 clusters". */
static const char *losses_text(struct arena *arena, struct draft *draft, const struct job *job)
{
    const char *text = "";

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        unsigned count = job->survive.count[level];

        if (count)
            text = arena_printf(arena, "%s%sany %s of %u %ss", text, *text ? " or " : "",
                                count_text(arena, count), count_holding(draft, job, level),
                                domain_level_name(level));
    }
    return text;
}

/* The resources whose shortage can make a total larger. */
enum resource { RESOURCE_PORTS, RESOURCE_CPUS, RESOURCE_MEMORY, RESOURCE_ALL };

static struct demand demand_without(struct demand demand, enum resource resource)
{
    if (resource == RESOURCE_PORTS || resource == RESOURCE_ALL)
        demand.has_ports = false;
    if (resource == RESOURCE_CPUS || resource == RESOURCE_ALL)
        demand.cpus_nano = 0;
    if (resource == RESOURCE_MEMORY || resource == RESOURCE_ALL)
        demand.memory_bytes = 0;
    return demand;
}

/* Whether the total of a placed job would be smaller if the resource were not short. */
static bool shrinks_without(struct draft *draft, const struct job *job, enum resource resource)
{
    struct demand demand = demand_without(job->demand, resource);
    struct question question = draft_question(draft, job, &demand);

    return spread_measure(&draft->spread, &question) == 0 && draft->spread.total < job->total;
}

/* "; 2 spare would do if host ports were not short", or "". */
static const char *shortage_text(struct arena *arena, struct draft *draft, struct job *job)
{
    static const char *const names[] = {"host ports were", "processors were", "memory were",
                                        "room were"};
    enum resource resource = RESOURCE_PORTS;

    if (job->is_free || !shrinks_without(draft, job, RESOURCE_ALL))
        return "";

    unsigned spare = draft->spread.total - job->service->replicas;
    draft_open(draft, job);
    while (resource < RESOURCE_ALL && !shrinks_without(draft, job, resource))
        resource++;
    draft_take(draft, job);
    return arena_printf(arena, "; %u spare would do if %s not short", spare, names[resource]);
}

static const char *why_pinned(struct arena *arena, struct draft *draft, const struct job *job)
{
    unsigned home = draft_spots(draft, job->placement)->cluster;

    return arena_printf(arena, "%u needed, %s %s: it keeps its data in one place",
                        job->service->replicas, job->service->replicas == 1 ? "in" : "all in",
                        draft->input->fleet->clusters[home].name);
}

const char *why_service(struct arena *arena, struct draft *draft, struct job *job)
{
    unsigned needed = job->service->replicas;

    if (job->state == JOB_OPEN)
        return "not placed: see what is refused";
    if (!needed)
        return "no replicas are asked for";
    if (job->is_pinned)
        return why_pinned(arena, draft, job);
    if (survive_is_empty(&job->survive))
        return arena_printf(arena, "%u needed, no spare: no loss has to be survived", needed);
    return arena_printf(arena, "%u needed + %u spare: %s may be lost%s", needed,
                        job->total - needed, losses_text(arena, draft, job),
                        shortage_text(arena, draft, job));
}

const char *why_warning(struct arena *arena, const struct draft *draft, const struct job *job)
{
    if (!job->is_pinned || !job->placement.count)
        return NULL;

    const char *service = job->service->name;
    unsigned home = draft_spots(draft, job->placement)->cluster;
    const char *cluster = draft->input->fleet->clusters[home].name;
    if (job->state == JOB_STAYS)
        return arena_printf(arena,
                            "%s stays in %s, which takes nothing new: its data is there. Move "
                            "the data and take the service down first, or say state: none",
                            service, cluster);
    return arena_printf(arena,
                        "%s does not survive the loss of %s: it keeps data in a volume or a "
                        "bind mount. Say state: replicated if the app copies its data itself, "
                        "or state: none if the data may be lost",
                        service, cluster);
}
