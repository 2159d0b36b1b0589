/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/certificate.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A domain that holds replicas. */
struct holding {
    unsigned domain, replicas;
};

/* All of them at one level, fullest first, then by name. */
struct holdings {
    struct holding *items;
    unsigned count;
};

/* A set of holdings to lose at once, by their numbers, ascending. */
struct loss {
    unsigned at[CERTIFICATE_COUNT_MAX];
    unsigned replicas;
    bool is_done; /* written and followed up */
};

/* What the lines of one level are made from. */
struct context {
    struct plan_service *out;
    struct arena *arena;
    const char *const *names;
    enum domain_level level;
    struct holdings holdings;
};

static int compare_holding(const void *a, const void *b)
{
    const struct holding *x = a;
    const struct holding *y = b;

    if (x->replicas != y->replicas)
        return x->replicas > y->replicas ? -1 : 1;
    return x->domain < y->domain ? -1 : x->domain > y->domain;
}

static int compare_domain(const void *a, const void *b)
{
    const struct holding *x = a;
    const struct holding *y = b;

    return x->domain < y->domain ? -1 : x->domain > y->domain;
}

/* In the memory of the caller: one holding for each spot is enough. */
static void collect_holdings(struct holdings *holdings, struct draft *draft,
                             const struct job *job, enum domain_level level)
{
    const struct spot *spots = draft_spots(draft, job->placement);
    const unsigned *domain = draft->topology.domain[level];
    unsigned *load = draft->spread.load[level];

    holdings->count = 0;
    for (uint32_t i = 0; i < job->placement.count; i++)
        load[domain[spots[i].cluster]] = 0;
    for (uint32_t i = 0; i < job->placement.count; i++) {
        unsigned d = domain[spots[i].cluster];

        if (!load[d])
            holdings->items[holdings->count++].domain = d;
        load[d] += spots[i].replicas;
    }
    for (unsigned i = 0; i < holdings->count; i++)
        holdings->items[i].replicas = load[holdings->items[i].domain];
}

static struct certificate_line *add_line(struct context *context, const char *lost,
                                         unsigned replicas)
{
    struct certificate_line *line =
        &context->out->certificate[context->out->certificate_count++];

    *line = (struct certificate_line){
        .level = context->level,
        .lost = lost,
        .left = context->out->placed - replicas,
        .needed = context->out->needed,
    };
    return line;
}

static void add_each(struct context *context)
{
    const struct holdings *holdings = &context->holdings;

    qsort(holdings->items, holdings->count, sizeof(*holdings->items), compare_domain);
    for (unsigned i = 0; i < holdings->count; i++)
        (void)add_line(context, context->names[holdings->items[i].domain],
                       holdings->items[i].replicas);
}

/* "amber, birch and 3 more". `lost` is sorted by name. */
static const char *lost_text(const struct context *context, const struct holding *lost,
                             unsigned count)
{
    const char *text = "";

    for (unsigned i = 0; i < count && i < CERTIFICATE_NAMES_MAX; i++)
        text = arena_printf(context->arena, "%s%s%s", text, i ? ", " : "",
                            context->names[lost[i].domain]);
    if (count > CERTIFICATE_NAMES_MAX)
        text =
            arena_printf(context->arena, "%s and %u more", text, count - CERTIFICATE_NAMES_MAX);
    return text;
}

/* The loss of the `count` fullest. */
static void add_worst(struct context *context, unsigned count)
{
    struct holding *lost = context->holdings.items;
    unsigned replicas = 0;

    qsort(lost, count, sizeof(*lost), compare_domain);
    for (unsigned i = 0; i < count; i++)
        replicas += lost[i].replicas;
    (void)add_line(context, lost_text(context, lost, count), replicas);
}

/* The combinations that are known, of which each that is done made its neighbours known. */
struct losses {
    struct loss items[1 + CERTIFICATE_LINES_MAX * CERTIFICATE_COUNT_MAX];
    unsigned count, size; /* `size` holdings in each */
};

static void add_loss(struct losses *losses, const struct holdings *holdings, struct loss loss)
{
    size_t size = losses->size * sizeof(loss.at[0]);

    for (unsigned i = 0; i < losses->count; i++)
        if (memcmp(losses->items[i].at, loss.at, size) == 0)
            return;
    loss.is_done = false;
    loss.replicas = 0;
    for (unsigned i = 0; i < losses->size; i++)
        loss.replicas += holdings->items[loss.at[i]].replicas;
    losses->items[losses->count++] = loss;
}

/* The worst that is not done, NULL when all are. */
static struct loss *worst_loss(struct losses *losses)
{
    struct loss *worst = NULL;

    for (unsigned i = 0; i < losses->count; i++)
        if (!losses->items[i].is_done &&
            (!worst || losses->items[i].replicas > worst->replicas))
            worst = &losses->items[i];
    return worst;
}

/* The combinations that differ by one step to the next emptier holding. */
static void add_neighbours(struct losses *losses, const struct holdings *holdings,
                           struct loss loss)
{
    for (unsigned i = 0; i < losses->size; i++) {
        unsigned next = loss.at[i] + 1;
        unsigned end = i + 1 < losses->size ? loss.at[i + 1] : holdings->count;
        struct loss neighbour = loss;

        if (next == end)
            continue;
        neighbour.at[i] = next;
        add_loss(losses, holdings, neighbour);
    }
}

/* The worst combinations of `count` holdings, best first search from the very worst. */
static void add_combinations(struct context *context, unsigned count)
{
    const struct holdings *holdings = &context->holdings;
    struct losses losses = {.size = count};
    struct loss first = {.replicas = 0};
    struct loss *loss;

    for (unsigned i = 0; i < count; i++)
        first.at[i] = i;
    add_loss(&losses, holdings, first);
    for (unsigned n = 0; n < CERTIFICATE_LINES_MAX && (loss = worst_loss(&losses)); n++) {
        struct holding lost[CERTIFICATE_COUNT_MAX];

        for (unsigned i = 0; i < count; i++)
            lost[i] = holdings->items[loss->at[i]];
        qsort(lost, count, sizeof(*lost), compare_domain);
        (void)add_line(context, lost_text(context, lost, count), loss->replicas);
        loss->is_done = true;
        add_neighbours(&losses, holdings, *loss);
    }
}

static void add_level(struct context *context, unsigned count)
{
    struct holdings *holdings = &context->holdings;

    if (count > holdings->count)
        count = holdings->count;
    if (count == 1) {
        add_each(context);
        return;
    }
    qsort(holdings->items, holdings->count, sizeof(*holdings->items), compare_holding);
    if (count > CERTIFICATE_COUNT_MAX)
        add_worst(context, count);
    else
        add_combinations(context, count);
}

/* How many lines there may be for a placement with that many spots. */
static size_t lines_max(const struct survive *survive, size_t spot_count)
{
    size_t lines = 0;

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (survive->count[level])
            lines += survive->count[level] == 1 ? spot_count : CERTIFICATE_LINES_MAX;
    return lines;
}

void certificate_make(struct plan_service *out, struct arena *arena, struct draft *draft,
                      const struct job *job, const char *const *const names[DOMAIN_LEVELS])
{
    size_t spot_count = job->placement.count;
    struct context context = {.out = out, .arena = arena};

    out->certificate_count = 0;
    if (!spot_count || survive_is_empty(&job->survive))
        return;
    context.holdings.items = mem_array(spot_count, sizeof(struct holding));
    out->certificate =
        arena_array(arena, lines_max(&job->survive, spot_count), sizeof(*out->certificate));
    for (unsigned level = DOMAIN_LEVELS; level-- > 0;) {
        if (!job->survive.count[level])
            continue;
        context.level = level;
        context.names = names[level];
        collect_holdings(&context.holdings, draft, job, level);
        add_level(&context, job->survive.count[level]);
    }
    free(context.holdings.items);
}

bool certificate_holds(const struct plan_service *service)
{
    for (size_t i = 0; i < service->certificate_count; i++)
        if (service->certificate[i].left < service->certificate[i].needed)
            return false;
    return true;
}
