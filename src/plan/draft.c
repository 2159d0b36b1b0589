/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/draft.h"

#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * The level that is survived when nobody says: of the fleet as it is written down, drained and
 * unreachable clusters included, so that bad weather never lowers what was promised.
 */
static struct survive default_survive(const struct topology *topology)
{
    struct survive survive = {{0}};

    if (topology->domain_count[DOMAIN_PROVIDER] >= 2)
        survive.count[DOMAIN_PROVIDER] = 1;
    else if (topology->cluster_count >= 2)
        survive.count[DOMAIN_CLUSTER] = 1;
    return survive;
}

struct survive draft_survive(const struct draft *draft, const struct topology *topology,
                             const struct job *job)
{
    const struct app *app = draft->input->app;

    return job->service->has_survive ? job->service->survive
           : app->has_survive        ? app->survive
                                     : default_survive(topology);
}

static void job_init(struct draft *draft, size_t i)
{
    const struct app *app = draft->input->app;
    struct job *job = &draft->jobs[i];

    job->service = &app->services[i];
    job->is_pinned = service_is_pinned(job->service);
    job->demand = demand_of(&draft->ledger, app, i);
    job->survive = draft_survive(draft, &draft->topology, job);
    job->reduced = survive_reduce(&draft->topology, &job->survive);
}

/* How hard a job is to place. */
struct hardness {
    uint32_t job;
    unsigned rank; /* pinned jobs need one large hole, then those with fixed ports */
    double share;  /* of all room in the fleet, of the scarcer resource */
};

static int compare_hardness(const void *a, const void *b)
{
    const struct hardness *x = a;
    const struct hardness *y = b;

    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    if (x->share < y->share || x->share > y->share)
        return x->share > y->share ? -1 : 1;
    return x->job < y->job ? -1 : x->job > y->job;
}

static void make_order(struct draft *draft)
{
    struct hardness *all = mem_array(draft->job_count + 1, sizeof(*all));
    double cpus = 1.0;
    double memory = 1.0;

    for (unsigned c = 0; c < draft->topology.cluster_count; c++) {
        cpus += (double)draft->ledger.entries[c].cpus_nano;
        memory += (double)draft->ledger.entries[c].memory_bytes;
    }
    for (size_t i = 0; i < draft->job_count; i++) {
        const struct job *job = &draft->jobs[i];
        double cpus_share = (double)job->demand.cpus_nano / cpus;
        double memory_share = (double)job->demand.memory_bytes / memory;
        double share = cpus_share > memory_share ? cpus_share : memory_share;

        all[i] = (struct hardness){(uint32_t)i, job->is_pinned ? 2u : job->demand.has_ports,
                                   share * job->service->replicas};
    }
    if (draft->job_count)
        qsort(all, draft->job_count, sizeof(*all), compare_hardness);
    for (size_t i = 0; i < draft->job_count; i++)
        draft->order[i] = all[i].job;
    free(all);
}

static void add_spot(struct draft *draft, struct spots *to, unsigned cluster, unsigned replicas)
{
    draft->spots =
        mem_grow(draft->spots, draft->spot_count, &draft->spot_capacity, sizeof(*draft->spots));
    draft->spots[draft->spot_count++] = (struct spot){cluster, replicas};
    to->count++;
}

static int compare_spot(const void *a, const void *b)
{
    const struct spot *x = a;
    const struct spot *y = b;

    return x->cluster < y->cluster ? -1 : x->cluster > y->cluster;
}

/* The clusters by name; the value points at the cluster. */
static void index_clusters(struct map *map, const struct fleet *fleet)
{
    map_init(map);
    for (size_t c = 0; c < fleet->cluster_count; c++)
        (void)map_set(map, fleet->clusters[c].name, &fleet->clusters[c]);
}

/* What runs now, by number. Both lists of services are sorted by name. */
static void read_current(struct draft *draft)
{
    const struct plan *current = draft->input->current;
    const struct fleet *fleet = draft->input->fleet;
    struct map clusters;

    index_clusters(&clusters, fleet);
    for (size_t i = 0, j = 0; i < draft->job_count && j < current->service_count;) {
        const struct plan_service *service = &current->services[j];
        struct job *job = &draft->jobs[i];
        int order = strcmp(job->service->name, service->name);

        job->current.at = draft->spot_count;
        for (size_t k = 0; order == 0 && k < service->placement_count; k++) {
            const struct cluster *cluster = map_find(&clusters, service->placements[k].cluster);

            if (cluster && service->placements[k].replicas)
                add_spot(draft, &job->current, (unsigned)(cluster - fleet->clusters),
                         service->placements[k].replicas);
        }
        if (job->current.count > 1)
            qsort(&draft->spots[job->current.at], job->current.count, sizeof(struct spot),
                  compare_spot);
        i += order <= 0;
        j += order >= 0;
    }
    map_fini(&clusters);
}

void draft_init(struct draft *draft, const struct planner_input *input)
{
    const struct app *app = input->app;

    *draft = (struct draft){
        .input = input,
        .arena = arena_new(),
        .job_count = app->service_count,
        .jobs = mem_array(app->service_count + 1, sizeof(*draft->jobs)),
        .order = mem_array(app->service_count + 1, sizeof(*draft->order)),
    };
    topology_init(&draft->topology, draft->arena, input->fleet);
    ledger_init(&draft->ledger, app, input->rooms, draft->topology.cluster_count);
    spread_init(&draft->spread, &draft->topology);
    draft->caps = mem_array(draft->topology.cluster_count + 1, sizeof(*draft->caps));
    draft->current = mem_array(draft->topology.cluster_count + 1, sizeof(*draft->current));
    draft->survive_default = default_survive(&draft->topology);
    for (size_t i = 0; i < draft->job_count; i++)
        job_init(draft, i);
    make_order(draft);
    if (input->current)
        read_current(draft);
}

void draft_fini(struct draft *draft)
{
    spread_fini(&draft->spread);
    ledger_fini(&draft->ledger);
    free(draft->jobs);
    free(draft->order);
    free(draft->spots);
    free(draft->caps);
    free(draft->current);
    draft->arena = arena_free(draft->arena);
}

const struct spot *draft_spots(const struct draft *draft, struct spots spots)
{
    return &draft->spots[spots.at];
}

static bool holds_room(const struct job *job)
{
    return job->state == JOB_PLACED || job->state == JOB_RESERVED;
}

static void take_spots(struct draft *draft, const struct job *job)
{
    const struct spot *spots = draft_spots(draft, job->placement);

    for (uint32_t i = 0; i < job->placement.count; i++)
        ledger_take(&draft->ledger, &job->demand, spots[i].cluster, spots[i].replicas);
}

void draft_open(struct draft *draft, struct job *job)
{
    const struct spot *spots = draft_spots(draft, job->placement);

    for (uint32_t i = 0; holds_room(job) && i < job->placement.count; i++)
        ledger_give(&draft->ledger, &job->demand, spots[i].cluster, spots[i].replicas);
    job->state = JOB_OPEN;
}

void draft_take(struct draft *draft, struct job *job)
{
    assert(job->state == JOB_OPEN);

    job->state = JOB_PLACED;
    take_spots(draft, job);
}

void draft_reserve(struct draft *draft)
{
    for (size_t i = 0; i < draft->job_count; i++) {
        struct job *job = &draft->jobs[draft->order[i]];
        struct spots reserved = {.at = draft->spot_count};

        for (uint32_t j = 0; j < job->current.count; j++) {
            struct spot spot = draft_spots(draft, job->current)[j];
            unsigned replicas =
                ledger_cap(&draft->ledger, &job->demand, spot.cluster, spot.replicas);

            if (replicas)
                add_spot(draft, &reserved, spot.cluster, replicas);
        }
        job->placement = reserved;
        job->state = JOB_RESERVED;
        take_spots(draft, job);
    }
}

/* Adds the spots of a list to an array by cluster, or sets them to 0 there. */
static void scatter(const struct draft *draft, struct spots spots, unsigned *to, bool is_set)
{
    const struct spot *spot = draft_spots(draft, spots);

    for (uint32_t i = 0; i < spots.count; i++)
        to[spot[i].cluster] = is_set ? spot[i].replicas : 0;
}

struct question draft_question(struct draft *draft, const struct job *job,
                               const struct demand *demand)
{
    unsigned needed = job->service->replicas;

    bool is_free = ledger_caps(&draft->ledger, demand, needed, draft->caps);
    return (struct question){
        .topology = &draft->topology,
        .entries = draft->ledger.entries,
        .needed = needed,
        .survive = job->reduced,
        .caps = draft->caps,
        .current = draft->current,
        .is_free = is_free,
    };
}

/* Replicas of the list that run now where they are. */
static unsigned count_kept(const struct draft *draft, struct spots spots)
{
    const struct spot *spot = draft_spots(draft, spots);
    unsigned kept = 0;

    for (uint32_t i = 0; i < spots.count; i++) {
        unsigned now = draft->current[spot[i].cluster];

        kept += spot[i].replicas < now ? spot[i].replicas : now;
    }
    return kept;
}

/* The replicas of draft->spread as spots. */
static struct spots gather(struct draft *draft)
{
    struct spots spots = {.at = draft->spot_count};

    for (unsigned c = 0; c < draft->topology.cluster_count; c++)
        if (draft->spread.replicas[c])
            add_spot(draft, &spots, c, draft->spread.replicas[c]);
    return spots;
}

/* Whether `before` had replicas where `after` has fewer. */
static bool gives_back(const struct draft *draft, struct spots before, struct spots after)
{
    const struct spot *old = draft_spots(draft, before);
    const struct spot *new = draft_spots(draft, after);

    for (uint32_t i = 0, j = 0; i < before.count; i++) {
        while (j < after.count && new[j].cluster < old[i].cluster)
            j++;
        if (j == after.count || new[j].cluster != old[i].cluster ||
            new[j].replicas < old[i].replicas)
            return true;
    }
    return false;
}

/*
 * The placement for draft->spread as it was measured: what the job held before (`before`) if
 * nothing is better, else what runs now if nothing is better, else a new one.
 */
static struct spots choose(struct draft *draft, const struct job *job,
                           const struct question *question, struct spots before,
                           bool was_placed)
{
    bool is_as_good =
        was_placed && job->total == draft->spread.total && job->cost == draft->spread.cost;

    if (spread_keeps(&draft->spread, question))
        return job->current;

    size_t spot_count = draft->spot_count;
    spread_fill(&draft->spread, question);
    struct spots after = gather(draft);
    if (!is_as_good || count_kept(draft, after) > count_kept(draft, before))
        return after;
    draft->spot_count = spot_count;
    return before;
}

/* The least total and cost, in draft->spread. Returns 0 or SPREAD_IMPOSSIBLE. */
static int place_spread(struct draft *draft, struct job *job, bool was_placed)
{
    struct spots before = job->placement;
    struct question question = draft_question(draft, job, &job->demand);

    scatter(draft, job->current, draft->current, true);
    int r = spread_measure(&draft->spread, &question);
    if (r == 0)
        job->placement = choose(draft, job, &question, before, was_placed);
    scatter(draft, job->current, draft->current, false);
    if (r != 0)
        return r;
    job->total = draft->spread.total;
    job->cost = draft->spread.cost;
    job->is_free = question.is_free;
    job->state = JOB_PLACED;
    return 0;
}

unsigned draft_home(const struct draft *draft, const struct job *job)
{
    const struct spot *spots = draft_spots(draft, job->current);
    uint32_t best = 0;

    if (!job->is_pinned || !job->current.count)
        return draft->topology.cluster_count;
    for (uint32_t i = 1; i < job->current.count; i++)
        if (spots[i].replicas > spots[best].replicas)
            best = i;
    return spots[best].cluster;
}

static bool is_emptier(const struct entry *a, const struct entry *b)
{
    if (a->share < b->share || a->share > b->share)
        return a->share < b->share;
    return a->replicas < b->replicas;
}

static bool has_room_for_all(const struct draft *draft, const struct job *job, unsigned c)
{
    unsigned needed = job->service->replicas;

    return ledger_cap(&draft->ledger, &job->demand, c, needed) == needed;
}

/*
 * The cheapest cluster that has room for all of it: of equals the one where it is placed
 * already, `before`, then the emptiest.
 */
static unsigned cheapest_home(const struct draft *draft, const struct job *job, unsigned before)
{
    const struct topology *topology = &draft->topology;
    unsigned best = topology->cluster_count;

    for (unsigned i = 0; i < topology->cluster_count; i++) {
        unsigned c = topology->by_cost[i];

        if (best < topology->cluster_count && topology->cost[c] > topology->cost[best])
            break;
        if (!has_room_for_all(draft, job, c))
            continue;
        if (c == before)
            return c;
        if (best == topology->cluster_count ||
            is_emptier(&draft->ledger.entries[c], &draft->ledger.entries[best]))
            best = c;
    }
    return best;
}

/* All replicas in one cluster: where the data is, else the cheapest. */
static int place_pinned(struct draft *draft, struct job *job, bool was_placed)
{
    unsigned needed = job->service->replicas;
    unsigned nowhere = draft->topology.cluster_count;
    unsigned home = draft_home(draft, job);
    bool is_new = home == nowhere;

    if (is_new)
        home = cheapest_home(
            draft, job, was_placed ? draft_spots(draft, job->placement)->cluster : nowhere);
    if (home == nowhere)
        return SPREAD_IMPOSSIBLE;

    bool stays = !is_new && !draft->ledger.entries[home].usable;
    if (!stays && !has_room_for_all(draft, job, home))
        return SPREAD_IMPOSSIBLE;
    job->placement = (struct spots){.at = draft->spot_count};
    add_spot(draft, &job->placement, home, needed);
    job->total = needed;
    job->cost = draft->topology.cost[home] * needed;
    job->state = stays ? JOB_STAYS : JOB_PLACED;
    return 0;
}

bool draft_place(struct draft *draft, struct job *job)
{
    bool was_placed = job->state == JOB_PLACED;
    struct spots before = holds_room(job) ? job->placement : (struct spots){0};
    int r = 0;

    if (was_placed && job->is_free)
        return false;
    draft_open(draft, job);
    if (!job->service->replicas) {
        job->placement = (struct spots){0};
        job->state = JOB_PLACED;
    } else if (job->is_pinned) {
        r = place_pinned(draft, job, was_placed);
    } else {
        r = place_spread(draft, job, was_placed);
    }
    if (r != 0)
        job->placement = (struct spots){0};
    else if (job->state == JOB_PLACED)
        take_spots(draft, job);
    return gives_back(draft, before, job->placement);
}

/* Whether the job, alone in the fleet as it is left, finds no place. */
static bool is_hopeless(struct draft *draft, struct job *job)
{
    size_t spot_count = draft->spot_count;
    bool is_placed;

    (void)draft_place(draft, job);
    is_placed = job->state != JOB_OPEN;
    draft_open(draft, job);
    job->placement = (struct spots){0};
    draft->spot_count = spot_count;
    return !is_placed;
}

bool draft_promote_open(struct draft *draft)
{
    uint32_t *order = mem_array(draft->job_count + 1, sizeof(*order));
    bool *was_open = mem_array(draft->job_count + 1, sizeof(*was_open));
    size_t count = 0;

    for (size_t i = 0; i < draft->job_count; i++) {
        was_open[i] = draft->jobs[i].state == JOB_OPEN;
        draft_open(draft, &draft->jobs[i]);
    }
    for (size_t i = 0; i < draft->job_count; i++) {
        struct job *job = &draft->jobs[draft->order[i]];

        if (!was_open[draft->order[i]])
            continue;
        job->is_hopeless = job->is_hopeless || is_hopeless(draft, job);
        if (!job->is_hopeless)
            order[count++] = draft->order[i];
    }
    bool is_any = count > 0;
    for (size_t i = 0; i < draft->job_count; i++)
        if (!was_open[draft->order[i]] || draft->jobs[draft->order[i]].is_hopeless)
            order[count++] = draft->order[i];
    memcpy(draft->order, order, count * sizeof(*order));
    free(order);
    free(was_open);
    return is_any;
}
