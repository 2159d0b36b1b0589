/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the planner on a made-up app and fleet of a given size.
 *
 *     bench_plan SERVICES CLUSTERS [RUNS]
 *
 * Ten regions of five providers; three in four services leave the number of losses to the
 * default, any one provider; some publish fixed ports, some keep data. Prints the medians:
 * {"plan_ms", "replan_ms", "rss_kb_max", "replicas", "refused"}. Replanning is after the loss
 * of one cluster, from what ran before.
 */
#include "base/mem.h"
#include "base/number.h"
#include "base/random.h"
#include "plan/planner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MAX 32
#define CPU      UINT64_C(1000000000)
#define MIB      (UINT64_C(1) << 20)

static const char *const providers[] = {"amber", "birch", "coral", "dune", "ember"};
static const char *const regions[] = {"north", "south"};

/* Not getrusage, which remembers whoever started this program. */
static long rss_kb_max(void)
{
    char line[128];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "re");

    while (file && fgets(line, sizeof(line), file)) {
        uint64_t number = 0;
        size_t len = strcspn(line, "0123456789");

        if (strncmp(line, "VmHWM:", 6) == 0 &&
            number_read(line + len, strspn(line + len, "0123456789"), 1, INT32_MAX, &number) ==
                0)
            kb = (long)number;
    }
    if (file)
        (void)fclose(file);
    return kb;
}

struct size {
    uint64_t services, clusters, runs;
};

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Room for twice of what is asked, unevenly; costs differ between providers. */
static void make_fleet(struct fleet *fleet, struct planner_room *rooms, struct random *random,
                       const struct size *size)
{
    uint64_t share = size->services * 4 / size->clusters + 1;

    fleet->clusters = arena_array(fleet->arena, size->clusters, sizeof(*fleet->clusters));
    fleet->cluster_count = size->clusters;
    for (size_t c = 0; c < size->clusters; c++) {
        fleet->clusters[c] = (struct cluster){
            .name = arena_printf(fleet->arena, "cluster-%05zu", c),
            .driver = "docker",
            .provider = providers[c % 5],
            .region = regions[c / 5 % 2],
            .cost_micro = 1000000 + c % 5 / 2 * 100000,
        };
        rooms[c] = (struct planner_room){
            .usable = true,
            .cpus_nano = share * CPU * (3 + random_below(random, 3)) / 4,
            .memory_bytes = share * 512 * MIB * (3 + random_below(random, 3)) / 4,
        };
    }
}

static void make_service(struct service *service, struct arena *arena, struct random *random,
                         size_t s)
{
    static struct mount volume = {.kind = MOUNT_VOLUME, .source = "data", .target = "/data"};

    *service = (struct service){
        .name = arena_printf(arena, "service-%06zu", s),
        .replicas = 1 + random_below(random, 5),
        .cpus_reservation_nano = (1 + random_below(random, 8)) * CPU / 10,
        .memory_reservation_bytes = (1 + random_below(random, 8)) * 32 * MIB,
    };
    if (s % 20 == 0) {
        service->mounts = &volume;
        service->mount_count = 1;
    } else if (s % 10 == 1) {
        service->ports = arena_new_in(arena, struct port);
        service->port_count = 1;
        *service->ports = (struct port){.published_first = (uint16_t)(1024 + s % 60000),
                                        .published_last = (uint16_t)(1024 + s % 60000),
                                        .target = 80};
    } else if (s % 4 == 2) {
        service->has_survive = true;
        service->survive.count[DOMAIN_CLUSTER] = 1 + random_below(random, 2);
    }
}

static void make_app(struct app *app, struct random *random, const struct size *size)
{
    app->name = "bench";
    app->services = arena_array(app->arena, size->services, sizeof(*app->services));
    app->service_count = size->services;
    for (size_t s = 0; s < size->services; s++)
        make_service(&app->services[s], app->arena, random, s);
}

static struct plan *plan_timed(const struct planner_input *input, double *took_ms)
{
    struct plan *plan = NULL;
    struct err err = {0};
    double began = now_ms();

    int r = planner_make(&plan, input, &err);
    assert(r == 0); /* fails when out of memory only */
    *took_ms = now_ms() - began;
    return plan;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_double);
    return values[count / 2];
}

static void measure(const struct size *size)
{
    struct app app = {.arena = arena_new()};
    struct fleet fleet = {.arena = arena_new()};
    struct planner_room *rooms = mem_array(size->clusters, sizeof(*rooms));
    struct planner_input input = {&app, &fleet, rooms, NULL};
    struct random random;
    double plan_ms[RUNS_MAX], replan_ms[RUNS_MAX];
    uint64_t replicas = 0;
    size_t refused = 0;

    random_init(&random, 1);
    make_fleet(&fleet, rooms, &random, size);
    make_app(&app, &random, size);
    for (size_t run = 0; run < size->runs; run++) {
        input.current = NULL;
        struct plan *plan = plan_timed(&input, &plan_ms[run]);
        size_t lost = random_below(&random, (uint32_t)size->clusters);

        replicas = 0;
        for (size_t s = 0; s < plan->service_count; s++)
            replicas += plan->services[s].placed;
        input.current = plan;
        rooms[lost].usable = false;
        struct plan *after = plan_timed(&input, &replan_ms[run]);
        rooms[lost].usable = true;
        refused = plan->refusal_count + after->refusal_count;
        (void)plan_free(plan);
        (void)plan_free(after);
    }

    (void)printf("{\"plan_ms\": %.2f, \"replan_ms\": %.2f, \"rss_kb_max\": %ld, "
                 "\"replicas\": %llu, \"refused\": %zu}\n",
                 median(plan_ms, size->runs), median(replan_ms, size->runs), rss_kb_max(),
                 (unsigned long long)replicas, refused);
    free(rooms);
    (void)arena_free(app.arena);
    (void)arena_free(fleet.arena);
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    return text && number_read(text, strlen(text), 1, max, out) == 0;
}

int main(int argc, char **argv)
{
    struct size size = {.runs = 5};

    if (argc < 3 || !read_number(argv[1], APP_SERVICES_MAX, &size.services) ||
        !read_number(argv[2], FLEET_CLUSTERS_MAX, &size.clusters) ||
        (argc > 3 && !read_number(argv[3], RUNS_MAX, &size.runs))) {
        (void)fprintf(stderr, "usage: bench_plan SERVICES CLUSTERS [RUNS]\n");
        return 2;
    }
    measure(&size);
    return 0;
}
