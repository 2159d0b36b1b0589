/* SPDX-License-Identifier: Apache-2.0 */
/* seawall simulate: what each loss would do, how often the promise would hold, what to buy. */
#include "base/number.h"
#include "base/quantity.h"
#include "cli/output.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"
#include "model/plan_json.h"
#include "plan/planner.h"
#include "sim/advice.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_simulate;

#define YEARS_DEFAULT 1000
#define NANO          1000000000.0

static const struct command_option options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    {.name = "fleet", .value = "FILE", .help = "Fleet file of the clusters (needed)"},
    {.name = "years", .value = "N", .help = "Simulated years (default: 1000)"},
    {.name = "seed", .value = "N", .help = "Other years of the same kind (default: 1)"},
    {.name = "provider-loss",
     .value = "N/LENGTH",
     .help = "Losses of one provider a year, and how long one lasts (default: 0.5/4h)"},
    {.name = "region-loss",
     .value = "N/LENGTH",
     .help = "The same of one region (default: 1/2h)"},
    {.name = "cluster-loss",
     .value = "N/LENGTH",
     .help = "The same of one cluster (default: 4/1h)"},
    OPTION_FORMAT,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall simulate --fleet fleet.yaml", "the Compose file here, with the usual losses"},
    {"seawall simulate --fleet fleet.yaml --provider-loss 2/8h", "with a bad provider"},
    EXAMPLE_END,
};

/* All that is said about one app on one fleet. */
struct study {
    struct app *app;
    struct fleet *fleet;
    struct plan *plan;
    struct odds_input input;
    struct odds *odds;
    struct advice *advice; /* NULL: no purchase helps */
};

/* What the user says. */

static const struct odds_rate rates_default[DOMAIN_LEVELS] = {
    [DOMAIN_CLUSTER] = {4, 1},
    [DOMAIN_REGION] = {1, 2},
    [DOMAIN_PROVIDER] = {0.5, 4},
};

/* "0.5/4h": so many a year, each so long. */
static int read_rate(const char *option, const char *text, struct odds_rate *out,
                     struct err *err)
{
    const char *slash = strchr(text, '/');
    char number[32];
    uint64_t micro, ns;

    if (slash && (size_t)(slash - text) < sizeof(number)) {
        (void)snprintf(number, sizeof(number), "%.*s", (int)(slash - text), text);
        if (quantity_decimal(number, 6, (uint64_t)(ODDS_PER_YEAR_MAX * 1e6), &micro) == 0 &&
            quantity_duration_ns(slash + 1, (uint64_t)(ODDS_HOURS_MAX * 3600 * NANO), &ns) ==
                0 &&
            ns > 0) {
            *out = (struct odds_rate){.per_year = (double)micro / 1e6,
                                      .hours = (double)ns / NANO / 3600};
            return 0;
        }
    }
    return err_set(err, -EINVAL,
                   "--%s '%s': expected losses a year and how long one lasts, such as 0.5/4h",
                   option, text);
}

static int read_rates(struct odds_rate rates[DOMAIN_LEVELS], const struct cli *cli,
                      struct err *err)
{
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        char option[32];

        (void)snprintf(option, sizeof(option), "%s-loss",
                       domain_level_name((enum domain_level)level));
        const char *text = args_value(&cli->args, option);
        rates[level] = rates_default[level];
        if (text && read_rate(option, text, &rates[level], err) < 0)
            return err->code;
    }
    return 0;
}

static int read_count(const struct cli *cli, const char *option, uint64_t otherwise,
                      uint64_t max, uint64_t *out, struct err *err)
{
    const char *text = args_value(&cli->args, option);

    *out = otherwise;
    if (!text || number_read(text, strlen(text), 1, max, out) == 0)
        return 0;
    return err_set(err, -EINVAL, "--%s '%s': expected a number from 1 to %llu", option, text,
                   (unsigned long long)max);
}

static int read_options(struct odds_input *input, const struct cli *cli, struct err *err)
{
    uint64_t years;

    if (read_rates(input->rates, cli, err) < 0 ||
        read_count(cli, "years", YEARS_DEFAULT, ODDS_YEARS_MAX, &years, err) < 0 ||
        read_count(cli, "seed", 1, UINT32_MAX, &input->seed, err) < 0)
        return err->code;
    input->years = (unsigned)years;
    return 0;
}

/* What each loss leaves. */

/* Visits every domain that holds a cluster, the widest first; a level that only repeats the
 * one above it is left out. */
static void visit_losses(const struct study *study,
                         void (*visit)(void *ctx, enum domain_level level, const char *domain),
                         void *ctx)
{
    const struct fleet *fleet = study->fleet;

    for (int level = DOMAIN_PROVIDER; level >= DOMAIN_CLUSTER; level--)
        for (size_t c = 0; c < fleet->cluster_count; c++) {
            const char *name = cluster_domain(&fleet->clusters[c], (enum domain_level)level);
            bool is_first = true, is_wider = level == DOMAIN_PROVIDER;

            for (size_t i = 0; i < fleet->cluster_count; i++) {
                const struct cluster *other = &fleet->clusters[i];
                bool is_in = strcmp(cluster_domain(other, (enum domain_level)level), name) == 0;

                is_first = is_first && !(i < c && is_in);
                /* Something of the domain above is outside of this one. */
                is_wider =
                    is_wider ||
                    (!is_in && strcmp(cluster_domain(other, (enum domain_level)(level + 1)),
                                      cluster_domain(&fleet->clusters[c],
                                                     (enum domain_level)(level + 1))) == 0);
            }
            if (is_first && is_wider)
                visit(ctx, (enum domain_level)level, name);
        }
}

struct losses {
    const struct study *study;
    struct arena *arena;
    struct table *table;
    json_t *json;
};

static void add_loss_rows(void *ctx, enum domain_level level, const char *domain)
{
    struct losses *losses = ctx;
    const struct plan *plan = losses->study->plan;

    for (size_t s = 0; s < plan->service_count; s++) {
        const struct plan_service *service = &plan->services[s];
        unsigned left = odds_left(service, losses->study->fleet, level, domain);

        table_add(losses->table,
                  arena_printf(losses->arena, "%s %s", domain_level_name(level), domain));
        table_add(losses->table, service->name);
        table_add_number(losses->table, left);
        table_add_number(losses->table, service->needed);
        table_add(losses->table, left >= service->needed ? "goes on"
                                 : left                  ? "is short"
                                                         : "is gone");
    }
}

static void add_loss_json(void *ctx, enum domain_level level, const char *domain)
{
    struct losses *losses = ctx;
    const struct plan *plan = losses->study->plan;

    for (size_t s = 0; s < plan->service_count; s++)
        (void)json_array_append_new(
            losses->json,
            json_pack(
                "{s:s, s:s, s:s, s:I, s:I}", "level", domain_level_name(level), "lost", domain,
                "service", plan->services[s].name, "left",
                (json_int_t)odds_left(&plan->services[s], losses->study->fleet, level, domain),
                "needed", (json_int_t)plan->services[s].needed));
}

/* Printing. */

/* "0 s", "12 s", "3.4 min", "2.1 h": what is short in a year. */
static const char *span(struct arena *arena, double hours)
{
    double seconds = hours * 3600;

    if (seconds < 60)
        return arena_printf(arena, "%.0f s", seconds);
    if (seconds < 3600)
        return arena_printf(arena, "%.1f min", seconds / 60);
    return arena_printf(arena, "%.1f h", hours);
}

static const char *share(struct arena *arena, double hours)
{
    /* Rounded down, so that nothing looks better than it is. */
    return arena_printf(arena, "%.5f %%", floor((1 - hours / 8760) * 1e7) / 1e5);
}

static int print_odds(struct arena *arena, const struct study *study, struct err *err)
{
    static const char *const headers[] = {
        "SERVICE", "NEEDED", "ALL RUN", "SHORT A YEAR", "GONE A YEAR", "TIMES A YEAR", NULL};
    struct table table;

    table_init(&table, arena, headers);
    for (size_t s = 0; s < study->odds->count; s++) {
        const struct odds_service *service = &study->odds->services[s];

        table_add(&table, service->name);
        table_add_number(&table, service->needed);
        table_add(&table, share(arena, service->short_hours));
        table_add(&table, span(arena, service->short_hours));
        table_add(&table, span(arena, service->dark_hours));
        table_add(&table, arena_printf(arena, "%.3g", service->falls));
    }
    return output_table(&table, err);
}

static int print_losses(struct arena *arena, const struct study *study, struct err *err)
{
    static const char *const headers[] = {"LOST", "SERVICE", "LEFT", "NEEDED", "THEN IT", NULL};
    struct table table;
    struct losses losses = {.study = study, .arena = arena, .table = &table};

    table_init(&table, arena, headers);
    visit_losses(study, add_loss_rows, &losses);
    return output_table(&table, err);
}

static int print_study(struct arena *arena, const struct study *study, struct err *err)
{
    const struct odds_rate *rates = study->input.rates;

    printf("What each loss leaves, with no action by anybody:\n\n");
    if (print_losses(arena, study, err) < 0)
        return err->code;
    printf("\n%u years, with losses a year and their length: provider %g/%s, region %g/%s, "
           "cluster %g/%s:\n\n",
           study->input.years, rates[DOMAIN_PROVIDER].per_year,
           span(arena, rates[DOMAIN_PROVIDER].hours), rates[DOMAIN_REGION].per_year,
           span(arena, rates[DOMAIN_REGION].hours), rates[DOMAIN_CLUSTER].per_year,
           span(arena, rates[DOMAIN_CLUSTER].hours));
    if (print_odds(arena, study, err) < 0)
        return err->code;
    if (study->advice)
        printf(
            "\nWhat would help most: %s. The services that are not pinned would be short for "
            "%s a year instead of %s.\n",
            study->advice->text, span(arena, study->advice->short_hours),
            span(arena, study->odds->short_hours));
    else
        printf("\nNo single cluster would make it better.\n");
    return 0;
}

static json_t *rates_json(const struct odds_rate rates[DOMAIN_LEVELS])
{
    json_t *json = json_object();

    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        (void)json_object_set_new(json, domain_level_name((enum domain_level)level),
                                  json_pack("{s:f, s:f}", "per_year", rates[level].per_year,
                                            "hours", rates[level].hours));
    return json;
}

static json_t *odds_json(const struct odds *odds)
{
    json_t *services = json_object();

    for (size_t s = 0; s < odds->count; s++) {
        const struct odds_service *service = &odds->services[s];

        (void)json_object_set_new(
            services, service->name,
            json_pack("{s:I, s:f, s:f, s:f}", "needed", (json_int_t)service->needed,
                      "short_hours_per_year", service->short_hours, "gone_hours_per_year",
                      service->dark_hours, "falls_per_year", service->falls));
    }
    return services;
}

static int print_json(const struct study *study, struct err *err)
{
    struct losses losses = {.study = study, .json = json_array()};

    visit_losses(study, add_loss_json, &losses);
    json_t *advice =
        study->advice
            ? json_pack("{s:s, s:f, s:I}", "buy", study->advice->text, "short_hours_per_year",
                        study->advice->short_hours, "placed", (json_int_t)study->advice->placed)
            : json_null();
    json_t *json =
        json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:f, s:o}", "plan", plan_to_json(study->plan),
                  "losses", losses.json, "years", (json_int_t)study->input.years, "seed",
                  (json_int_t)study->input.seed, "rates", rates_json(study->input.rates),
                  "services", odds_json(study->odds), "short_hours_per_year",
                  study->odds->short_hours, "advice", advice);
    int r = output_json(json, err);

    json_decref(json);
    return r;
}

/* Running. */

static int study_run(struct cli *cli, struct study *study, struct err *err)
{
    int r = planner_make_alone(&study->plan, study->app, study->fleet, err);

    if (r < 0)
        return r;
    if (study->plan->refusal_count) {
        if (!cli->is_json && plan_print(study->plan, NULL, err) < 0)
            return err->code;
        (void)err_set(err, -EPERM, "refused: %s: %s", study->plan->refusals[0].service,
                      study->plan->refusals[0].reason);
        return CLI_REFUSED;
    }
    study->input.plan = study->plan;
    study->input.fleet = study->fleet;
    study->odds = odds_make(&study->input);
    study->advice = advice_make(study->app, &study->input, study->odds);
    r = cli->is_json ? print_json(study, err) : print_study(cli->arena, study, err);
    return r < 0 ? r : CLI_DONE;
}

static void study_fini(struct study *study)
{
    study->advice = advice_free(study->advice);
    study->odds = odds_free(study->odds);
    study->plan = plan_free(study->plan);
    study->fleet = fleet_free(study->fleet);
    study->app = app_free(study->app);
}

static int simulate_run(struct cli *cli, struct err *err)
{
    SCOPED(project_freep) struct project *project = NULL;
    SCOPED(study_fini) struct study study = {0};
    const char *fleet = args_value(&cli->args, "fleet");

    if (!fleet) {
        (void)err_set(err, -EINVAL, "which clusters? Name a fleet file with --fleet FILE");
        return CLI_USAGE;
    }
    if (read_options(&study.input, cli, err) < 0)
        return CLI_USAGE;
    int r = user_files_project(&project, cli, err);
    if (r == 0)
        r = user_files_app(&study.app, cli, project, err);
    if (r == 0)
        r = user_files_fleet(&study.fleet, cli, fleet, err);
    return r < 0 ? user_files_exit(r) : study_run(cli, &study, err);
}

const struct command command_simulate = {
    .name = "simulate",
    .summary = "Show what each loss would do, and what to buy against it",
    .text = "Plans the app on the clusters of a fleet file, takes away each provider, region "
            "and cluster in turn, then lives through many years of losses drawn from the given "
            "rates. Domains fail independently of each other, nothing is moved meanwhile, and "
            "a loss of a provider takes all of its clusters. Last comes the one cluster that, "
            "bought in addition, would help most. Needs no server and changes nothing.",
    .options = options,
    .examples = examples,
    .run = simulate_run,
};
