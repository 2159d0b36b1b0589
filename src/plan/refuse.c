/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/refuse.h"

#include "plan/why.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A fleet that lacks more clusters than this is better told to ask for less. */
#define CLUSTERS_ADDED_MAX 64

/* Caps told one by one; of more clusters only the sum. */
#define CAPS_TOLD_MAX 6

#define NO_CLUSTER UINT_MAX

/* What would be possible if something were different. */
struct trial {
    struct arena *arena; /* of the texts; what a trial needs for itself is there as well */
    struct draft *draft;
    const struct job *job;
    const struct question *question;
    unsigned home; /* the cluster with the data of a pinned job, or NO_CLUSTER */
};

/* Whether the question has an answer, in scratch memory that fits its topology. */
static bool is_possible(const struct trial *trial, struct spread *spread,
                        const struct question *question)
{
    if (!trial->job->is_pinned)
        return spread_measure(spread, question) == 0;
    for (unsigned c = 0; c < question->topology->cluster_count; c++)
        if (question->caps[c] >= question->needed &&
            (trial->home == NO_CLUSTER || trial->home == c))
            return true;
    return false;
}

/* The same with another cap for one cluster. */
static bool is_possible_with(const struct trial *trial, unsigned c, unsigned cap)
{
    unsigned before = trial->draft->caps[c];

    trial->draft->caps[c] = cap;
    bool possible = is_possible(trial, &trial->draft->spread, trial->question);
    trial->draft->caps[c] = before;
    return possible;
}

/* What fits an unusable cluster, were it usable. */
static unsigned cap_if_usable(const struct trial *trial, unsigned c)
{
    struct entry *entry = &trial->draft->ledger.entries[c];
    bool before = entry->usable;

    entry->usable = true;
    unsigned cap =
        ledger_cap(&trial->draft->ledger, &trial->job->demand, c, trial->question->needed);
    entry->usable = before;
    return cap;
}

static const char *cluster_name(const struct trial *trial, unsigned c)
{
    return trial->draft->input->fleet->clusters[c].name;
}

/* Fixing the fleet. */

static const char *fix_by_return(const struct trial *trial)
{
    const struct fleet *fleet = trial->draft->input->fleet;

    for (unsigned c = 0; c < fleet->cluster_count; c++) {
        if (trial->draft->ledger.entries[c].usable ||
            !is_possible_with(trial, c, cap_if_usable(trial, c)))
            continue;
        return fleet->clusters[c].drained
                   ? arena_printf(trial->arena,
                                  "let %s take replicas again (seawall fleet drain %s --undo)",
                                  fleet->clusters[c].name, fleet->clusters[c].name)
                   : arena_printf(trial->arena, "wait until %s can be used again",
                                  fleet->clusters[c].name);
    }
    return NULL;
}

/* The least cap of the cluster that does, at most `max`; 0: none. */
static unsigned least_cap(const struct trial *trial, unsigned c, unsigned max)
{
    unsigned low = trial->question->caps[c] + 1;
    unsigned high = max;

    if (low > high || !is_possible_with(trial, c, high))
        return 0;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (is_possible_with(trial, c, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return high;
}

static unsigned cap_of_ports(const struct trial *trial, unsigned c)
{
    struct demand demand = trial->job->demand;

    demand.cpus_nano = 0;
    demand.memory_bytes = 0;
    return ledger_cap(&trial->draft->ledger, &demand, c, trial->question->needed);
}

static const char *cpus_text(struct arena *arena, uint64_t nano)
{
    char text[40];
    int len =
        snprintf(text, sizeof(text), "%llu.%09llu", (unsigned long long)(nano / 1000000000),
                 (unsigned long long)(nano % 1000000000));

    while (len > 0 && text[len - 1] == '0')
        len--;
    if (len > 0 && text[len - 1] == '.')
        len--;
    return arena_printf(arena, "%.*s CPU%s", len, text, nano == 1000000000 ? "" : "s");
}

static const char *memory_text(struct arena *arena, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    unsigned unit = 0;

    while (unit < 3 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    return arena_printf(arena, "%llu %s", (unsigned long long)bytes, units[unit]);
}

/* "free host ports 80 to 82 in birch-1", of all fixed ports of the service. */
static const char *free_ports_text(const struct trial *trial, unsigned c)
{
    const struct service *service = trial->job->service;
    const char *text = "";

    for (size_t i = 0; i < service->port_count; i++) {
        const struct port *port = &service->ports[i];

        if (!port->published_first)
            continue;
        text = arena_printf(trial->arena, "%s%s%u", text, *text ? ", " : "",
                            port->published_first);
        if (port->published_last != port->published_first)
            text = arena_printf(trial->arena, "%s to %u", text, port->published_last);
    }
    return arena_printf(trial->arena, "free host ports %s in %s", text, cluster_name(trial, c));
}

/* "give birch-1 0.5 CPUs and 64 MiB more"; NULL when it lacks neither. */
static const char *more_room_text(const struct trial *trial, unsigned c, unsigned cap)
{
    const struct demand *demand = &trial->job->demand;
    const struct entry *entry = &trial->draft->ledger.entries[c];
    uint64_t cpus = demand->cpus_nano * cap;
    uint64_t memory = demand->memory_bytes * cap;
    bool lacks_cpus = cpus > entry->cpus_nano;
    bool lacks_memory = memory > entry->memory_bytes;

    if (!lacks_cpus && !lacks_memory)
        return NULL;
    return arena_printf(trial->arena, "give %s %s%s%s more", cluster_name(trial, c),
                        lacks_cpus ? cpus_text(trial->arena, cpus - entry->cpus_nano) : "",
                        lacks_cpus && lacks_memory ? " and " : "",
                        lacks_memory ? memory_text(trial->arena, memory - entry->memory_bytes)
                                     : "");
}

/* What it takes that the cluster takes `cap` replicas. */
static const char *cap_text(const struct trial *trial, unsigned c, unsigned cap)
{
    const char *room = more_room_text(trial, c, cap);

    if (cap <= cap_of_ports(trial, c))
        return room;
    const char *ports = free_ports_text(trial, c);
    return room ? arena_printf(trial->arena, "%s, and %s", ports, room) : ports;
}

/*
 * More room in the cluster that lacks the least. Of processors and memory; with `max` also of
 * host ports, which others would have to free.
 */
static const char *fix_by_room(const struct trial *trial, unsigned max)
{
    unsigned best = NO_CLUSTER, best_cap = 0;

    for (unsigned c = 0; c < trial->draft->topology.cluster_count; c++) {
        if (!trial->draft->ledger.entries[c].usable)
            continue;
        unsigned cap = least_cap(trial, c, max ? max : cap_of_ports(trial, c));
        if (cap && (best == NO_CLUSTER ||
                    cap - trial->question->caps[c] < best_cap - trial->question->caps[best])) {
            best = c;
            best_cap = cap;
        }
    }
    return best == NO_CLUSTER ? NULL : cap_text(trial, best, best_cap);
}

/* A larger fleet: the topology of the draft, and clusters behind it. */
struct extension {
    struct topology topology;
    struct question question;
    unsigned *caps;
};

/* Copies `count` numbers into an array with room for `added` more. */
static unsigned *copy_numbers(struct arena *arena, const unsigned *from, unsigned count,
                              unsigned added)
{
    unsigned *to = arena_array(arena, count + added, sizeof(*to));

    memcpy(to, from, count * sizeof(*to));
    return to;
}

/* `added` clusters: beside cluster `like`, or, when it is NO_CLUSTER, of a provider each. */
static void extend(const struct trial *trial, struct extension *out, unsigned like,
                   unsigned added)
{
    const struct topology *old = &trial->draft->topology;
    struct arena *arena = trial->arena;
    unsigned count = old->cluster_count;
    uint64_t *cost = arena_array(arena, count + added, sizeof(*cost));
    unsigned *by_cost = copy_numbers(arena, old->by_cost, count, added);
    struct entry *entries = arena_array(arena, count + added, sizeof(*entries));

    *out = (struct extension){.topology = *old, .question = *trial->question};
    memcpy(cost, old->cost, count * sizeof(*cost));
    for (unsigned i = 0; i < added; i++)
        by_cost[count + i] = count + i;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        unsigned *domain = copy_numbers(arena, old->domain[level], count, added);

        for (unsigned i = 0; i < added; i++)
            domain[count + i] = like != NO_CLUSTER && level != DOMAIN_CLUSTER
                                    ? domain[like]
                                    : out->topology.domain_count[level]++;
        out->topology.domain[level] = domain;
    }
    out->topology.cluster_count = count + added;
    out->topology.cost = cost;
    out->topology.by_cost = by_cost;
    out->caps = copy_numbers(arena, trial->question->caps, count, added);
    out->question.topology = &out->topology;
    out->question.entries = entries;
    out->question.caps = out->caps;
    out->question.current = arena_array(arena, count + added, sizeof(unsigned));
    struct survive survive = draft_survive(trial->draft, &out->topology, trial->job);
    out->question.survive = survive_reduce(&out->topology, &survive);
}

/* The least room of each new cluster that does, at most `max`; 0: none. */
static unsigned least_room(const struct trial *trial, unsigned like, unsigned added,
                           unsigned max)
{
    struct extension extension;
    struct spread spread;
    unsigned low = 1, high = max + 1;

    extend(trial, &extension, like, added);
    spread_init(&spread, &extension.topology);
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        for (unsigned i = 0; i < added; i++)
            extension.caps[trial->draft->topology.cluster_count + i] = middle;
        if (is_possible(trial, &spread, &extension.question))
            high = middle;
        else
            low = middle + 1;
    }
    spread_fini(&spread);
    return high <= max ? high : 0;
}

static const char *replicas_text(struct arena *arena, unsigned count)
{
    return arena_printf(arena, "%u replica%s of it", count, count == 1 ? "" : "s");
}

/* One more cluster in a region that is there, of the provider that needs the least room. */
static const char *fix_by_cluster(const struct trial *trial, unsigned max)
{
    const struct fleet *fleet = trial->draft->input->fleet;
    const unsigned *region = trial->draft->topology.domain[DOMAIN_REGION];
    unsigned region_count = trial->draft->topology.domain_count[DOMAIN_REGION];
    bool *is_tried = arena_array(trial->arena, region_count + 1, sizeof(*is_tried));
    unsigned best = NO_CLUSTER, best_room = 0;

    for (unsigned c = 0; c < fleet->cluster_count; c++) {
        if (is_tried[region[c]])
            continue;
        is_tried[region[c]] = true;
        unsigned room = least_room(trial, c, 1, max);

        if (room && (best == NO_CLUSTER || room < best_room)) {
            best = c;
            best_room = room;
        }
    }
    if (best == NO_CLUSTER)
        return NULL;
    return arena_printf(trial->arena,
                        "add a cluster to region %s of provider %s, with room for %s",
                        fleet->clusters[best].region, fleet->clusters[best].provider,
                        replicas_text(trial->arena, best_room));
}

static const char *fix_by_providers(const struct trial *trial, unsigned max)
{
    for (unsigned added = 1; added <= CLUSTERS_ADDED_MAX; added++) {
        unsigned room = least_room(trial, NO_CLUSTER, added, max);

        if (!room)
            continue;
        const char *replicas = replicas_text(trial->arena, room);
        return added == 1 ? arena_printf(trial->arena,
                                         "add a cluster of another provider, with room for %s",
                                         replicas)
                          : arena_printf(trial->arena,
                                         "add %u clusters of %u other providers, each with "
                                         "room for %s",
                                         added, added, replicas);
    }
    return NULL;
}

static const char *fix_fleet(const struct trial *trial)
{
    unsigned max = service_replicas_per_host_max(trial->job->service);
    const char *fix = fix_by_return(trial);

    if (max > trial->question->needed)
        max = trial->question->needed;
    if (!fix)
        fix = fix_by_room(trial, 0);
    if (!fix && trial->home == NO_CLUSTER)
        fix = fix_by_cluster(trial, max);
    if (!fix && trial->home == NO_CLUSTER)
        fix = fix_by_providers(trial, max);
    return fix ? fix : fix_by_room(trial, max);
}

/* Fixing the file. */

static bool is_possible_asking(const struct trial *trial, unsigned needed,
                               const struct survive *survive)
{
    struct question question = *trial->question;
    unsigned cluster_count = trial->draft->topology.cluster_count;
    unsigned *caps = copy_numbers(trial->arena, question.caps, cluster_count, 0);

    for (unsigned c = 0; c < cluster_count; c++)
        caps[c] = caps[c] < needed ? caps[c] : needed;
    question.caps = caps;
    question.needed = needed;
    question.survive = survive_reduce(question.topology, survive);
    return is_possible(trial, &trial->draft->spread, &question);
}

static const char *fix_by_replicas(const struct trial *trial)
{
    unsigned low = 0, high = trial->question->needed - 1;

    while (low < high) {
        unsigned middle = low + (high - low + 1) / 2;

        if (is_possible_asking(trial, middle, &trial->job->survive))
            low = middle;
        else
            high = middle - 1;
    }
    return low ? arena_printf(trial->arena, "ask for %u replica%s", low, low == 1 ? "" : "s")
               : NULL;
}

/* One loss less at a time, at the level where most are asked for. */
static const char *fix_by_survive(const struct trial *trial)
{
    struct survive survive = trial->job->survive;

    while (!survive_is_empty(&survive)) {
        unsigned most = 0;

        for (unsigned level = 1; level < DOMAIN_LEVELS; level++)
            if (survive.count[level] >= survive.count[most])
                most = level;
        survive.count[most]--;
        if (!is_possible_asking(trial, trial->question->needed, &survive))
            continue;
        return survive_is_empty(&survive)
                   ? "ask to survive no loss"
                   : arena_printf(trial->arena, "ask to survive the loss of %s only",
                                  why_survive(trial->arena, &survive));
    }
    return NULL;
}

static const char *fix_by_ports(const struct trial *trial)
{
    struct demand demand = trial->job->demand;

    demand.has_ports = false;
    struct question question = draft_question(trial->draft, trial->job, &demand);
    bool possible = is_possible(trial, &trial->draft->spread, &question);
    (void)draft_question(trial->draft, trial->job, &trial->job->demand);
    return possible ? "publish no fixed host port" : NULL;
}

static const char *fix_file(const struct trial *trial)
{
    const char *fix = fix_by_replicas(trial);

    if (!fix && !trial->job->is_pinned)
        fix = fix_by_survive(trial);
    return fix ? fix : fix_by_ports(trial);
}

/* Where neither alone helps: as many as one cluster can publish ports for, and room for them.
 */
static const char *fix_both(const struct trial *trial)
{
    unsigned max = service_replicas_per_host_max(trial->job->service);
    struct question question = *trial->question;
    struct trial smaller = *trial;

    if (max >= question.needed)
        return "";
    question.needed = max;
    smaller.question = &question;
    const char *fleet = fix_fleet(&smaller);
    return fleet ? arena_printf(trial->arena, "ask for %u replica%s, and %s", max,
                                max == 1 ? "" : "s", fleet)
                 : "publish no fixed host port";
}

/* The reason. */

/* "it has to survive the loss of any 2 providers, which takes 3; the fleet has 2"; or NULL. */
static const char *reason_of_domains(const struct trial *trial)
{
    const struct topology *topology = &trial->draft->topology;

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        struct survive alone = {{0}};
        unsigned count = trial->job->survive.count[level];

        if (trial->job->is_pinned || !count || topology->domain_count[level] > count)
            continue;
        alone.count[level] = count;
        return arena_printf(trial->arena,
                            "it has to survive the loss of %s, which takes %u; the fleet has "
                            "%u",
                            why_survive(trial->arena, &alone), count + 1,
                            topology->domain_count[level]);
    }
    return NULL;
}

/* What is short: without asking for it there would be a place. */
static const char *what_is_short(const struct trial *trial)
{
    static const char *const names[] = {"host ports are", "processors are", "memory is"};

    for (unsigned i = 0; i < 3; i++) {
        struct demand demand = trial->job->demand;

        if (i == 0)
            demand.has_ports = false;
        else if (i == 1)
            demand.cpus_nano = 0;
        else
            demand.memory_bytes = 0;
        struct question question = draft_question(trial->draft, trial->job, &demand);
        if (is_possible(trial, &trial->draft->spread, &question))
            return names[i];
    }
    return "room is";
}

/* "2 in amber-1, none in birch-1". */
static const char *caps_text(const struct trial *trial)
{
    unsigned cluster_count = trial->draft->topology.cluster_count;
    const unsigned *caps = trial->question->caps;
    const char *text = "";
    uint64_t sum = 0;

    for (unsigned c = 0; c < cluster_count; c++)
        sum += caps[c];
    if (cluster_count > CAPS_TOLD_MAX || !cluster_count)
        return arena_printf(trial->arena, "%llu in all clusters", (unsigned long long)sum);
    for (unsigned c = 0; c < cluster_count; c++)
        text =
            arena_printf(trial->arena, "%s%s%s in %s%s", text, c ? ", " : "",
                         caps[c] ? arena_printf(trial->arena, "%u", caps[c]) : "none",
                         cluster_name(trial, c),
                         trial->draft->ledger.entries[c].usable ? "" : " (takes nothing new)");
    return text;
}

/* Leaves the caps of the scratch changed: the last to be asked. */
static const char *reason(const struct trial *trial)
{
    const char *text = reason_of_domains(trial);
    unsigned needed = trial->question->needed;

    if (text)
        return text;
    if (!trial->draft->topology.cluster_count)
        return "the fleet has no clusters";
    const char *room = caps_text(trial);
    const char *loss =
        trial->job->is_pinned ? "" : why_survive(trial->arena, &trial->job->survive);
    return arena_printf(
        trial->arena, "%u replica%s%s%s not fit%s: %s short; there is room for %s", needed,
        needed == 1 ? "" : "s",
        *loss ? arena_printf(trial->arena, " that survive%s the loss of %s",
                             needed == 1 ? "s" : "", loss)
              : "",
        needed == 1 ? " does" : " do", trial->job->is_pinned ? " one cluster" : "",
        what_is_short(trial), room);
}

struct refusal refuse(struct arena *arena, struct draft *draft, const struct job *job,
                      const char *name)
{
    struct arena *scratch = arena_new();
    struct question question = draft_question(draft, job, &job->demand);
    struct trial trial = {.arena = scratch,
                          .draft = draft,
                          .job = job,
                          .question = &question,
                          .home = draft_home(draft, job)};

    if (trial.home == draft->topology.cluster_count)
        trial.home = NO_CLUSTER;
    const char *fleet = fix_fleet(&trial);
    const char *file = fix_file(&trial);
    const char *both = fleet || file ? "" : fix_both(&trial);
    const char *why = reason(&trial);
    struct refusal refusal = {
        .service = name,
        .reason = arena_strdup(arena, why),
        .fix = arena_printf(arena, "%s%s%s%s", fleet ? fleet : "", fleet && file ? "; or " : "",
                            file ? file : "", both),
    };
    (void)arena_free(scratch);
    return refusal;
}
