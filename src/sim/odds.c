/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/odds.h"

#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOURS_PER_YEAR 8760.0

/* A domain that is lost now and then; the next thing that happens to it. */
struct domain {
    const char *name;
    enum domain_level level;
    double next_hours; /* from the beginning */
    bool is_lost;
    /* Of its own, so that one more domain elsewhere leaves its losses where they were. */
    struct random random;
};

struct run {
    const struct odds_input *input;
    struct odds *odds;
    struct domain *domains;
    size_t domain_count;
    unsigned *losses; /* of each cluster: how many of its domains are lost */
    unsigned *left;   /* of each service */
    unsigned short_services;
};

/* Between 0 and 1, never 0: its logarithm is taken. */
static double draw(struct random *random)
{
    return ((double)(random_u64(random) >> 11) + 1) / 9007199254740993.0; /* 2^53 + 1 */
}

static double draw_exponential(struct random *random, double mean)
{
    return -log(draw(random)) * mean;
}

/* FNV-1a over the seed, the level and the name. */
static uint64_t seed_of(const struct run *run, const struct domain *domain)
{
    uint64_t hash = 14695981039346656037u ^ run->input->seed;

    hash = (hash ^ (uint64_t)domain->level) * 1099511628211u;
    for (const char *c = domain->name; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 1099511628211u;
    return hash;
}

static void draw_next(const struct run *run, struct domain *domain)
{
    const struct odds_rate *rate = &run->input->rates[domain->level];
    double mean = domain->is_lost ? rate->hours : HOURS_PER_YEAR / rate->per_year;

    domain->next_hours += draw_exponential(&domain->random, mean);
}

static bool is_known(const struct run *run, enum domain_level level, const char *name)
{
    for (size_t i = 0; i < run->domain_count; i++)
        if (run->domains[i].level == level && strcmp(run->domains[i].name, name) == 0)
            return true;
    return false;
}

static void add_domains(struct run *run, struct arena *arena)
{
    const struct fleet *fleet = run->input->fleet;

    run->domains =
        arena_array(arena, fleet->cluster_count * DOMAIN_LEVELS, sizeof(*run->domains));
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        for (size_t c = 0; c < fleet->cluster_count; c++) {
            const char *name = cluster_domain(&fleet->clusters[c], (enum domain_level)level);

            if (run->input->rates[level].per_year <= 0 ||
                is_known(run, (enum domain_level)level, name))
                continue;
            struct domain *domain = &run->domains[run->domain_count++];
            *domain = (struct domain){.name = name, .level = (enum domain_level)level};
            random_init(&domain->random, seed_of(run, domain));
            draw_next(run, domain);
        }
}

static bool is_short(const struct run *run, size_t service)
{
    return run->left[service] < run->odds->services[service].needed;
}

/* A cluster comes or goes: what its replicas do to their services. */
static void change_cluster(struct run *run, const char *cluster, bool is_there)
{
    const struct plan *plan = run->input->plan;

    for (size_t s = 0; s < plan->service_count; s++) {
        unsigned replicas = plan_replicas(plan, plan->services[s].name, cluster);
        bool was_short = is_short(run, s);

        run->left[s] = is_there ? run->left[s] + replicas : run->left[s] - replicas;
        if (is_short(run, s) == was_short)
            continue;
        run->odds->services[s].falls += !was_short;
        run->short_services = was_short ? run->short_services - 1 : run->short_services + 1;
    }
}

static void change_domain(struct run *run, struct domain *domain)
{
    const struct fleet *fleet = run->input->fleet;

    domain->is_lost = !domain->is_lost;
    for (size_t c = 0; c < fleet->cluster_count; c++) {
        const struct cluster *cluster = &fleet->clusters[c];

        if (strcmp(cluster_domain(cluster, domain->level), domain->name) != 0)
            continue;
        run->losses[c] = domain->is_lost ? run->losses[c] + 1 : run->losses[c] - 1;
        if (run->losses[c] == (domain->is_lost ? 1u : 0u))
            change_cluster(run, cluster->name, !domain->is_lost);
    }
    draw_next(run, domain);
}

static void add_hours(struct run *run, double hours)
{
    for (size_t s = 0; run->short_services && s < run->odds->count; s++) {
        struct odds_service *service = &run->odds->services[s];

        if (!is_short(run, s))
            continue;
        service->short_hours += hours;
        if (!run->left[s])
            service->dark_hours += hours;
    }
}

static struct domain *find_next(const struct run *run)
{
    struct domain *next = NULL;

    for (size_t i = 0; i < run->domain_count; i++)
        if (!next || run->domains[i].next_hours < next->next_hours)
            next = &run->domains[i];
    return next;
}

static void live(struct run *run)
{
    double end = HOURS_PER_YEAR * run->input->years, now = 0;

    for (;;) {
        struct domain *next = find_next(run);
        double until = next && next->next_hours < end ? next->next_hours : end;

        add_hours(run, until - now);
        now = until;
        if (!next || next->next_hours >= end)
            return;
        change_domain(run, next);
    }
}

static void per_year(struct odds *odds, const struct plan *plan, unsigned years)
{
    for (size_t s = 0; s < odds->count; s++) {
        odds->services[s].short_hours /= years;
        odds->services[s].dark_hours /= years;
        odds->services[s].falls /= years;
        if (!plan->services[s].pinned)
            odds->short_hours += odds->services[s].short_hours;
    }
}

struct odds *odds_make(const struct odds_input *input)
{
    const struct plan *plan = input->plan;
    struct arena *arena = arena_new();
    struct odds *odds = arena_new_in(arena, struct odds);
    struct run run = {.input = input, .odds = odds};

    assert(input->years >= 1);

    odds->arena = arena;
    odds->count = plan->service_count;
    odds->services = arena_array(arena, odds->count, sizeof(*odds->services));
    run.losses = arena_array(arena, input->fleet->cluster_count, sizeof(unsigned));
    run.left = arena_array(arena, odds->count, sizeof(unsigned));
    for (size_t s = 0; s < odds->count; s++) {
        odds->services[s] = (struct odds_service){.name = plan->services[s].name,
                                                  .needed = plan->services[s].needed};
        run.left[s] = plan->services[s].placed;
    }
    add_domains(&run, arena);
    live(&run);
    per_year(odds, plan, input->years);
    return odds;
}

struct odds *odds_free(struct odds *odds)
{
    if (odds)
        (void)arena_free(odds->arena);
    return NULL;
}

void odds_freep(struct odds **odds)
{
    *odds = odds_free(*odds);
}

unsigned odds_left(const struct plan_service *service, const struct fleet *fleet,
                   enum domain_level level, const char *domain)
{
    unsigned left = 0;

    for (size_t i = 0; i < service->placement_count; i++) {
        const struct cluster *cluster =
            fleet_find_cluster(fleet, service->placements[i].cluster);

        if (!cluster || strcmp(cluster_domain(cluster, level), domain) != 0)
            left += service->placements[i].replicas;
    }
    return left;
}
