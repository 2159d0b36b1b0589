/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/explain.h"

#include "base/arena.h"
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A table gets a column per cluster as long as it fits a terminal. */
#define CLUSTER_COLUMNS_MAX 6
#define COLUMNS_MAX         (CLUSTER_COLUMNS_MAX + 4)

#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

struct text {
    struct buf *out;
    struct arena *arena; /* for cells; lives as long as plan_explain */
    bool colour;
    int failed; /* 0 or -EMSGSIZE, once */
};

static void add(struct text *text, const char *fmt, ...) PRINTF(2, 3);

static void add(struct text *text, const char *fmt, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, fmt);
    int len = vasprintf(&line, fmt, args);
    va_end(args);
    if (len < 0 || buf_add(text->out, line, (size_t)len) < 0)
        text->failed = -EMSGSIZE;
    if (len >= 0)
        free(line);
}

static const char *paint(const struct text *text, const char *colour)
{
    return text->colour ? colour : "";
}

static void add_heading(struct text *text, const char *heading)
{
    add(text, "\n%s%s%s\n", paint(text, BOLD), heading, paint(text, PLAIN));
}

/* Rows of cells. Numbers are right-aligned; so is the heading of their column. */
struct table {
    const char **cells; /* rows x columns */
    size_t count, capacity;
    size_t columns;
    unsigned numeric; /* set of 1u << column */
};

static void table_add(struct text *text, struct table *table, const char *cell)
{
    table->cells = arena_grow(text->arena, table->cells, table->count, &table->capacity,
                              sizeof(*table->cells));
    table->cells[table->count++] = cell;
}

static void table_add_number(struct text *text, struct table *table, unsigned number)
{
    table_add(text, table, number ? arena_printf(text->arena, "%u", number) : "-");
}

static void table_print_row(struct text *text, const struct table *table, size_t row,
                            const size_t widths[COLUMNS_MAX])
{
    const char *const *cells = &table->cells[row * table->columns];

    for (size_t i = 0; i < table->columns; i++) {
        bool is_last = i + 1 == table->columns;
        int width = (int)widths[i]; /* names are at most 253 bytes */

        if (table->numeric & 1u << i)
            add(text, "%s%*s", "  ", width, cells[i]);
        else
            add(text, "%s%-*s", "  ", is_last ? 0 : width, cells[i]);
    }
    add(text, "\n");
}

static void table_print(struct text *text, const struct table *table)
{
    size_t widths[COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(table->cells[i]);

        if (len > widths[i % table->columns])
            widths[i % table->columns] = len;
    }
    for (size_t row = 0; row * table->columns < table->count; row++) {
        add(text, "%s", row ? "" : paint(text, BOLD));
        table_print_row(text, table, row, widths);
        add(text, "%s", row ? "" : paint(text, PLAIN));
    }
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the clusters that get something, sorted. */
static struct strings clusters_used(struct arena *arena, const struct plan *plan)
{
    struct strings used = {NULL, 0};
    size_t capacity = 0;
    struct map seen;

    map_init(&seen);
    for (size_t i = 0; i < plan->service_count; i++) {
        const struct plan_service *service = &plan->services[i];

        for (size_t j = 0; j < service->placement_count; j++) {
            const char *name = service->placements[j].cluster;

            if (map_set(&seen, name, &seen))
                continue;
            used.items =
                arena_grow(arena, used.items, used.count, &capacity, sizeof(*used.items));
            used.items[used.count++] = name;
        }
    }
    map_fini(&seen);
    if (used.count)
        qsort(used.items, used.count, sizeof(*used.items), compare_text);
    return used;
}

/* "any 1 provider", "any 1 provider, any 2 clusters". */
static const char *survive_text(struct arena *arena, const struct survive *survive)
{
    const char *text = "";

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;)
        if (survive->count[level])
            text = arena_printf(arena, "%s%sany %u %s%s", text, *text ? ", " : "",
                                survive->count[level], domain_level_name(level),
                                survive->count[level] > 1 ? "s" : "");
    return text;
}

static bool is_refused(const struct plan *plan, const char *service)
{
    for (size_t i = 0; i < plan->refusal_count; i++)
        if (strcmp(plan->refusals[i].service, service) == 0)
            return true;
    return false;
}

static const char *survives_text(struct text *text, const struct plan *plan,
                                 const struct plan_service *service)
{
    if (service->survives)
        return survive_text(text->arena, &service->survive);
    if (is_refused(plan, service->name))
        return "no: refused";
    return service->pinned ? "no: pinned" : "no: not asked for";
}

/* "amber-1 2, birch-1 2". */
static const char *placed_text(struct arena *arena, const struct plan_service *service)
{
    const char *text = "";

    for (size_t i = 0; i < service->placement_count; i++)
        text = arena_printf(arena, "%s%s%s %u", text, i ? ", " : "",
                            service->placements[i].cluster, service->placements[i].replicas);
    return text;
}

static void add_placements(struct text *text, const struct plan *plan)
{
    struct strings used = clusters_used(text->arena, plan);
    bool has_columns = used.count <= CLUSTER_COLUMNS_MAX;
    size_t cluster_columns = has_columns ? used.count : 1;
    struct table table = {.columns = 4 + cluster_columns, .numeric = 1u << 1 | 1u << 2};

    table_add(text, &table, "SERVICE");
    table_add(text, &table, "NEEDED");
    table_add(text, &table, "PLACED");
    for (size_t j = 0; has_columns && j < used.count; j++) {
        table_add(text, &table, used.items[j]);
        table.numeric |= 1u << (3 + j);
    }
    if (!has_columns)
        table_add(text, &table, "CLUSTERS");
    table_add(text, &table, "SURVIVES");

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct plan_service *service = &plan->services[i];

        table_add(text, &table, service->name);
        table_add_number(text, &table, service->needed);
        table_add_number(text, &table, service->placed);
        for (size_t j = 0; has_columns && j < used.count; j++)
            table_add_number(text, &table, plan_replicas(plan, service->name, used.items[j]));
        if (!has_columns)
            table_add(text, &table, placed_text(text->arena, service));
        table_add(text, &table, survives_text(text, plan, service));
    }
    table_print(text, &table);
}

static void add_certificate(struct text *text, const struct plan *plan)
{
    struct table table = {.columns = 4, .numeric = 1u << 2 | 1u << 3};

    table_add(text, &table, "SERVICE");
    table_add(text, &table, "LOST");
    table_add(text, &table, "LEFT");
    table_add(text, &table, "NEEDED");
    for (size_t i = 0; i < plan->service_count; i++) {
        const struct plan_service *service = &plan->services[i];

        for (size_t j = 0; j < service->certificate_count; j++) {
            const struct certificate_line *line = &service->certificate[j];

            table_add(text, &table, service->name);
            table_add(
                text, &table,
                arena_printf(text->arena, "%s %s", domain_level_name(line->level), line->lost));
            table_add_number(text, &table, line->left);
            table_add_number(text, &table, line->needed);
        }
    }
    if (table.count == table.columns)
        return;
    add_heading(text, "If this is lost, this is left");
    table_print(text, &table);
}

static void add_reasons(struct text *text, const struct plan *plan)
{
    struct table table = {.columns = 2};

    for (size_t i = 0; i < plan->service_count; i++) {
        table_add(text, &table, plan->services[i].name);
        table_add(text, &table, plan->services[i].why);
    }
    if (!table.count)
        return;
    add_heading(text, "Why");
    bool colour = text->colour;
    text->colour = false; /* no row of this table is a heading */
    table_print(text, &table);
    text->colour = colour;
}

static void add_warnings(struct text *text, const struct plan *plan)
{
    if (plan->warnings.count)
        add_heading(text, "Warnings");
    for (size_t i = 0; i < plan->warnings.count; i++)
        add(text, "  %s%s%s\n", paint(text, YELLOW), plan->warnings.items[i],
            paint(text, PLAIN));
}

static void add_refusals(struct text *text, const struct plan *plan)
{
    if (plan->refusal_count)
        add_heading(text, "Refused: nothing is changed");
    for (size_t i = 0; i < plan->refusal_count; i++) {
        const struct refusal *refusal = &plan->refusals[i];

        add(text, "  %s%s%s: %s\n", paint(text, RED), refusal->service, paint(text, PLAIN),
            refusal->reason);
        if (*refusal->fix)
            add(text, "    what would do: %s\n", refusal->fix);
    }
}

static void add_diff(struct text *text, const struct diff *diff)
{
    static const char signs[] = {[CHANGE_KEEP] = ' ',
                                 [CHANGE_START] = '+',
                                 [CHANGE_REMOVE] = '-',
                                 [CHANGE_REPLACE] = '~'};
    static const char *const colours[] = {[CHANGE_KEEP] = "",
                                          [CHANGE_START] = GREEN,
                                          [CHANGE_REMOVE] = RED,
                                          [CHANGE_REPLACE] = YELLOW};

    add_heading(text, "Changes");
    if (diff_is_empty(diff))
        add(text, "  none: what runs is what the plan says\n");
    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];

        if (change->what != CHANGE_KEEP)
            add(text, "  %s%c %s in %s: %u -> %u (%s)%s\n", paint(text, colours[change->what]),
                signs[change->what], change->service, change->cluster, change->from, change->to,
                change_what_name(change->what), paint(text, PLAIN));
    }
}

int plan_explain(struct buf *out, const struct plan *plan, const struct diff *diff, bool colour)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct text text = {.out = out, .arena = arena, .colour = colour};

    add(&text, "%s%s%s: %s\n\n", paint(&text, BOLD), plan->app, paint(&text, PLAIN),
        plan->survive_source);
    add_placements(&text, plan);
    add_certificate(&text, plan);
    add_reasons(&text, plan);
    add_warnings(&text, plan);
    add_refusals(&text, plan);
    if (diff && !plan->refusal_count)
        add_diff(&text, diff);
    return text.failed;
}

int plan_summarize(struct buf *out, const struct plan *plan, bool colour)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct text text = {.out = out, .arena = arena, .colour = colour};

    add_placements(&text, plan);
    add_warnings(&text, plan);
    return text.failed;
}
