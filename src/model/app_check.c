/* SPDX-License-Identifier: Apache-2.0 */
#include "model/app_check.h"

#include "base/map.h"
#include "base/scope.h"

#include <stdlib.h>
#include <string.h>

struct check {
    const struct app *app;
    struct arena *arena; /* texts, and what the checks need meanwhile */
    app_problem_fn *on_problem;
    void *ctx;
    size_t count;
};

/* Nobody reads more, and telling of each costs a walk along the cycle. */
#define PROBLEMS_MAX 100

static void report(struct check *check, const struct app_problem *problem)
{
    if (check->count >= PROBLEMS_MAX)
        return;
    check->count++;
    check->on_problem(check->ctx, problem);
}

static void check_networks(struct check *check, const struct service *service)
{
    for (size_t i = 0; i < service->network_count; i++) {
        const char *key = service->networks[i].network;

        if (!app_find_network(check->app, key))
            report(check,
                   &(struct app_problem){
                       .kind = PROBLEM_NETWORK,
                       .service = service,
                       .item = i,
                       .text = arena_printf(
                           check->arena, "network '%s' is not defined under 'networks'", key)});
    }
}

static void check_mounts(struct check *check, const struct service *service)
{
    struct map targets;

    map_init(&targets);
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct mount *mount = &service->mounts[i];
        struct app_problem problem = {.service = service, .item = i};

        if (mount->kind == MOUNT_VOLUME && *mount->source &&
            !app_find_volume(check->app, mount->source)) {
            problem.kind = PROBLEM_VOLUME;
            problem.text = arena_printf(
                check->arena, "volume '%s' is not defined under 'volumes'", mount->source);
            report(check, &problem);
        }
        if (map_set(&targets, mount->target, service->mounts)) {
            problem.kind = PROBLEM_MOUNT;
            problem.text =
                arena_printf(check->arena, "two mounts have the target '%s'", mount->target);
            report(check, &problem);
        }
    }
    map_fini(&targets);
}

static void check_dependencies(struct check *check, const struct service *service)
{
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct dependency *dependency = &service->dependencies[i];

        if (dependency->required && !app_find_service(check->app, dependency->service))
            report(check, &(struct app_problem){
                              .kind = PROBLEM_DEPENDENCY,
                              .service = service,
                              .item = i,
                              .text = arena_printf(check->arena,
                                                   "depends on the service '%s', which is "
                                                   "not defined",
                                                   dependency->service)});
    }
}

/* Depth-first search with a stack of its own: chains may be as long as the app. */
enum colour { WHITE, ON_PATH, DONE };

struct step {
    size_t service, item;
};

struct walk {
    struct step *path;
    unsigned char *colours;
    size_t depth;
};

/* "a -> b -> a" for the part of the path that begins at `first`. */
static const char *cycle_text(struct check *check, const struct walk *walk, size_t first)
{
    const struct service *services = check->app->services;
    enum { NAMED_MAX = 8 };
    size_t at = walk->depth;

    while (walk->path[at - 1].service != first)
        at--;
    const char *text = services[first].name;
    size_t length = walk->depth - at;
    for (size_t i = 0; i < length && i < NAMED_MAX; i++)
        text = arena_printf(check->arena, "%s -> %s", text,
                            services[walk->path[at + i].service].name);
    if (length > NAMED_MAX)
        text = arena_printf(check->arena, "%s -> (%zu more)", text, length - NAMED_MAX);
    return arena_printf(check->arena, "services depend on each other in a cycle: %s -> %s",
                        text, services[first].name);
}

static void walk_step(struct check *check, struct walk *walk)
{
    const struct app *app = check->app;
    struct step *top = &walk->path[walk->depth - 1];
    const struct service *service = &app->services[top->service];

    if (top->item == service->dependency_count) {
        walk->colours[top->service] = DONE;
        walk->depth--;
        return;
    }
    size_t item = top->item++;
    const struct service *next = app_find_service(app, service->dependencies[item].service);
    if (!next)
        return;
    size_t index = (size_t)(next - app->services);
    if (walk->colours[index] == WHITE) {
        walk->colours[index] = ON_PATH;
        walk->path[walk->depth++] = (struct step){index, 0};
    } else if (walk->colours[index] == ON_PATH && check->count < PROBLEMS_MAX) {
        report(check, &(struct app_problem){.kind = PROBLEM_CYCLE,
                                            .service = service,
                                            .item = item,
                                            .text = cycle_text(check, walk, index)});
    }
}

static void check_cycles(struct check *check)
{
    size_t count = check->app->service_count;
    struct walk walk = {
        .path = arena_array(check->arena, count, sizeof(*walk.path)),
        .colours = arena_alloc(check->arena, count),
    };

    for (size_t i = 0; i < count; i++) {
        if (walk.colours[i] != WHITE)
            continue;
        walk.colours[i] = ON_PATH;
        walk.path[walk.depth++] = (struct step){i, 0};
        while (walk.depth)
            walk_step(check, &walk);
    }
}

/* In the order in which they cover each other: all addresses, all of a family, single ones. */
enum reach { REACH_ALL, REACH_ALL_IPV4, REACH_ALL_IPV6, REACH_ONE };

struct fixed_port {
    const struct service *service;
    size_t item;
    const struct port *port;
    enum reach reach;
};

static enum reach port_reach(const struct port *port)
{
    if (!port->host_ip)
        return REACH_ALL;
    if (strcmp(port->host_ip, "0.0.0.0") == 0)
        return REACH_ALL_IPV4;
    return strcmp(port->host_ip, "::") == 0 ? REACH_ALL_IPV6 : REACH_ONE;
}

static int compare_number(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_fixed_port(const void *left, const void *right)
{
    const struct fixed_port *a = left;
    const struct fixed_port *b = right;
    int order = compare_number(a->port->published_first, b->port->published_first);

    if (!order)
        order = compare_number(a->port->protocol, b->port->protocol);
    if (!order)
        order = compare_number(a->reach, b->reach);
    if (!order && a->reach == REACH_ONE)
        order = strcmp(a->port->host_ip, b->port->host_ip);
    if (!order)
        order = (a->service > b->service) - (a->service < b->service);
    return order ? order : (a->item > b->item) - (a->item < b->item);
}

static bool same_published(const struct port *a, const struct port *b)
{
    return a->published_first == b->published_first && a->protocol == b->protocol;
}

/*
 * Of the ports before `at` with the same number and protocol, one that covers its address.
 * `first` has the earliest port of each reach. NULL when the port is free.
 */
static const struct fixed_port *find_clash(const struct fixed_port *const first[REACH_ONE],
                                           const struct fixed_port *previous,
                                           const struct fixed_port *at)
{
    if (first[REACH_ALL])
        return first[REACH_ALL];
    if (at->reach == REACH_ALL)
        return NULL;

    bool is_ipv6 = strchr(at->port->host_ip, ':') != NULL;
    const struct fixed_port *family = first[is_ipv6 ? REACH_ALL_IPV6 : REACH_ALL_IPV4];
    if (family)
        return family;
    if (previous && previous->reach == REACH_ONE && at->reach == REACH_ONE &&
        strcmp(previous->port->host_ip, at->port->host_ip) == 0)
        return previous;
    return NULL;
}

static void report_clash(struct check *check, const struct fixed_port *at,
                         const struct fixed_port *other)
{
    const struct port *port = other->port;
    const char *protocol = port->protocol == PORT_UDP ? "udp" : "tcp";
    const char *ip = port->host_ip ? port->host_ip : "all addresses";
    const char *text =
        at->service == other->service
            ? arena_printf(check->arena, "port %u/%s is published twice by '%s' (on %s)",
                           port->published_first, protocol, at->service->name, ip)
            : arena_printf(check->arena,
                           "port %u/%s is published by '%s' already (on %s): no Engine could "
                           "run both",
                           port->published_first, protocol, other->service->name, ip);

    report(check, &(struct app_problem){.kind = PROBLEM_PORT,
                                        .service = at->service,
                                        .item = at->item,
                                        .other = other->service,
                                        .other_item = other->item,
                                        .text = text});
}

static struct fixed_port *collect_fixed_ports(struct check *check, size_t *count)
{
    struct fixed_port *fixed = NULL;
    size_t capacity = 0;

    *count = 0;
    for (size_t i = 0; i < check->app->service_count; i++) {
        const struct service *service = &check->app->services[i];

        for (size_t j = 0; j < service->port_count; j++) {
            const struct port *port = &service->ports[j];

            /* Of a range the engine takes what is free. */
            if (!port->published_first || port->published_first != port->published_last)
                continue;
            fixed = arena_grow(check->arena, fixed, *count, &capacity, sizeof(*fixed));
            fixed[(*count)++] = (struct fixed_port){service, j, port, port_reach(port)};
        }
    }
    return fixed;
}

static void check_ports(struct check *check)
{
    const struct fixed_port *first[REACH_ONE] = {NULL};
    const struct fixed_port *previous = NULL;
    size_t count = 0;
    struct fixed_port *fixed = collect_fixed_ports(check, &count);

    if (count)
        qsort(fixed, count, sizeof(*fixed), compare_fixed_port);
    for (size_t i = 0; i < count; i++) {
        const struct fixed_port *at = &fixed[i];

        if (previous && !same_published(previous->port, at->port)) {
            memset(first, 0, sizeof(first));
            previous = NULL;
        }
        const struct fixed_port *clash = find_clash(first, previous, at);
        if (clash)
            report_clash(check, at, clash);
        if (at->reach < REACH_ONE && !first[at->reach])
            first[at->reach] = at;
        previous = at;
    }
}

size_t app_check(const struct app *app, app_problem_fn *on_problem, void *ctx)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    struct check check = {.app = app, .arena = arena, .on_problem = on_problem, .ctx = ctx};

    for (size_t i = 0; i < app->service_count; i++) {
        check_networks(&check, &app->services[i]);
        check_mounts(&check, &app->services[i]);
        check_dependencies(&check, &app->services[i]);
    }
    check_cycles(&check);
    check_ports(&check);
    return check.count;
}
