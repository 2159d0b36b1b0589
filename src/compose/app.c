/* SPDX-License-Identifier: Apache-2.0 */
/* From the canonical tree to what Seawall runs. */
#include "base/map.h"
#include "base/quantity.h"
#include "base/scope.h"
#include "compose/app_build.h"
#include "model/app_check.h"
#include "model/app_json.h"
#include "model/json_read.h"
#include "model/name.h"

#include <errno.h>
#include <string.h>

void build_complain(struct builder *b, const struct node *node, const char *key,
                    const char *expected)
{
    (void)shape_complain(&b->shaping, node, key, expected);
}

const char *build_copy(struct builder *b, const struct node *node)
{
    const char *text = node_as_text(b->shaping.arena, node);

    if (!text)
        return "";
    if (strlen(text) > JSON_TEXT_MAX) {
        (void)problems_add(b->shaping.problems, node->place,
                           "a text of %zu bytes, expected at most %d: no process could be "
                           "given more",
                           strlen(text), JSON_TEXT_MAX);
        return "";
    }
    return arena_strdup(b->app->arena, text);
}

const char *build_text(struct builder *b, const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_TEXT && *node->text ? build_copy(b, node) : NULL;
}

static bool has_room(struct builder *b, const struct node *node)
{
    if (node->count <= APP_ITEMS_MAX)
        return true;
    (void)problems_add(b->shaping.problems, node->place, "%zu items, expected at most %d",
                       node->count, APP_ITEMS_MAX);
    return false;
}

struct strings build_strings(struct builder *b, const struct node *list)
{
    struct strings out = {0};

    if (!list || list->kind != NODE_LIST || !has_room(b, list))
        return out;
    out.items = arena_array(b->app->arena, list->count, sizeof(*out.items));
    out.count = list->count;
    for (size_t i = 0; i < list->count; i++)
        out.items[i] = build_copy(b, list->items[i].value);
    return out;
}

struct key_values build_pairs(struct builder *b, const struct node *map)
{
    struct key_values out = {0};

    if (!map || map->kind != NODE_MAP || !has_room(b, map))
        return out;
    out.items = arena_array(b->app->arena, map->count, sizeof(*out.items));
    for (size_t i = 0; i < map->count; i++) {
        const struct node_item *item = &map->items[i];

        if (!*item->key || strchr(item->key, '=') || strlen(item->key) > JSON_TEXT_MAX)
            (void)problems_add(b->shaping.problems, item->place,
                               "found the name '%.80s', expected one that is not empty and "
                               "has no '='",
                               item->key);
        else if (item->value->kind != NODE_NULL)
            out.items[out.count++] = (struct key_value){arena_strdup(b->app->arena, item->key),
                                                        build_copy(b, item->value)};
    }
    return out;
}

unsigned build_number(struct builder *b, const struct node *map, const char *key,
                      unsigned otherwise, unsigned max)
{
    const struct node *node = node_find(map, key);

    if (!node)
        return otherwise;
    if (node->integer >= 0 && node->integer <= max)
        return (unsigned)node->integer;
    build_complain(b, node, key, arena_printf(b->shaping.arena, "a number from 0 to %u", max));
    return otherwise;
}

uint64_t build_duration_ns(struct builder *b, const struct node *map, const char *key,
                           uint64_t max_ns)
{
    const struct node *node = node_find(map, key);
    char longest[QUANTITY_TEXT_SIZE];
    uint64_t ns = 0;

    if (node && quantity_duration_ns(node->text, max_ns, &ns) < 0)
        build_complain(b, node, key,
                       arena_printf(b->shaping.arena, "at most %s",
                                    quantity_duration_text(max_ns, longest)));
    return ns;
}

/* What the file says and Seawall would not do is refused, key by key. */
static void refuse_keys(struct builder *b, const struct shape *shape, const struct node *node)
{
    for (size_t i = 0; !node_is_scalar(node) && i < node->count; i++) {
        const struct node_item *item = &node->items[i];
        const struct shape_key *key = shape->keys ? shape_find_key(shape, item->key) : NULL;
        const struct shape *below = key ? key->shape : shape->values;

        if (shape->keys && (!key || key->flags & KEY_HARMLESS))
            continue;
        if (!node_is_scalar(item->value) && !item->value->count)
            continue; /* "ipam: {}", as `docker compose config` prints it, asks for nothing */
        if (key && !(key->flags & KEY_RUN))
            (void)problems_refuse(b->shaping.problems, item->place,
                                  "%s: not supported yet; Seawall would run the app without it",
                                  item->key);
        else if (below)
            refuse_keys(b, below, item->value);
    }
}

/* Networks and volumes: those that a service uses. */

static void collect_used(const struct app *app, struct map *networks, struct map *volumes)
{
    for (size_t i = 0; i < app->service_count; i++) {
        struct service *service = &app->services[i];

        for (size_t j = 0; j < service->network_count; j++)
            (void)map_set(networks, service->networks[j].network, service);
        for (size_t j = 0; j < service->mount_count; j++)
            if (service->mounts[j].kind == MOUNT_VOLUME)
                (void)map_set(volumes, service->mounts[j].source, service);
    }
}

static const char *object_name(struct builder *b, const struct node *node)
{
    const char *name = build_text(b, node, "name");

    if (!name || !name_is_object(name))
        build_complain(b, node_find(node, "name"), "name",
                       "a letter or digit, then a-z, A-Z, 0-9, '.', '_' and '-'");
    return name;
}

static bool truth_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_BOOL && node->boolean;
}

static void build_networks(struct builder *b, const struct map *used)
{
    const struct node *section = project_section(b->project, "networks");
    struct app *app = b->app;

    app->networks = arena_array(app->arena, section->count, sizeof(*app->networks));
    for (size_t i = 0; i < section->count; i++) {
        const struct node *node = section->items[i].value;

        if (!map_find(used, section->items[i].key))
            continue;
        refuse_keys(b, &schema_network, node);
        app->networks[app->network_count++] = (struct network){
            .key = arena_strdup(app->arena, section->items[i].key),
            .name = object_name(b, node),
            .driver = build_text(b, node, "driver"),
            .external = truth_of(node, "external"),
            .internal = truth_of(node, "internal"),
            .driver_opts = build_pairs(b, node_find(node, "driver_opts")),
            .labels = build_pairs(b, node_find(node, "labels")),
        };
    }
}

static void build_volumes(struct builder *b, const struct map *used)
{
    const struct node *section = project_section(b->project, "volumes");
    struct app *app = b->app;

    app->volumes = arena_array(app->arena, section->count, sizeof(*app->volumes));
    for (size_t i = 0; i < section->count; i++) {
        const struct node *node = section->items[i].value;

        if (!map_find(used, section->items[i].key))
            continue;
        refuse_keys(b, &schema_volume, node);
        app->volumes[app->volume_count++] = (struct volume){
            .key = arena_strdup(app->arena, section->items[i].key),
            .name = object_name(b, node),
            .driver = build_text(b, node, "driver"),
            .external = truth_of(node, "external"),
            .driver_opts = build_pairs(b, node_find(node, "driver_opts")),
            .labels = build_pairs(b, node_find(node, "labels")),
        };
    }
}

static void build_resources(struct builder *b)
{
    struct map networks, volumes;

    map_init(&networks);
    map_init(&volumes);
    collect_used(b->app, &networks, &volumes);
    build_networks(b, &networks);
    build_volumes(b, &volumes);
    map_fini(&networks);
    map_fini(&volumes);
}

static void build_services(struct builder *b)
{
    const struct node *section = project_section(b->project, "services");
    struct app *app = b->app;

    if (!section->count)
        (void)problems_add(b->shaping.problems, b->project->root->place,
                           "there is no service to run; profiles may hide them");
    if (section->count > APP_SERVICES_MAX) {
        (void)problems_add(b->shaping.problems, section->place,
                           "services: expected at most %d, found %zu", APP_SERVICES_MAX,
                           section->count);
        return;
    }
    app->services = arena_array(app->arena, section->count, sizeof(*app->services));
    app->service_count = section->count;
    for (size_t i = 0; i < section->count; i++) {
        struct service *service = &app->services[i];

        service->name = arena_strdup(app->arena, section->items[i].key);
        refuse_keys(b, &schema_service, section->items[i].value);
        build_service(b, section->items[i].value, service);
    }
}

/* Where in the file is what app_check found? */

static struct place place_of(const struct project *project, const struct app_problem *problem)
{
    static const char *const keys[] = {
        [PROBLEM_NETWORK] = "networks", [PROBLEM_VOLUME] = "volumes",
        [PROBLEM_MOUNT] = "volumes",    [PROBLEM_DEPENDENCY] = "depends_on",
        [PROBLEM_CYCLE] = "depends_on", [PROBLEM_PORT] = "ports",
    };
    const struct node *service =
        node_find(project_section(project, "services"), problem->service->name);
    const struct node *items = node_find(service, keys[problem->kind]);

    if (items && !node_is_scalar(items) && problem->item < items->count)
        return items->items[problem->item].place;
    return service->place;
}

static void on_problem(void *ctx, const struct app_problem *problem)
{
    struct builder *b = ctx;
    struct place place = place_of(b->project, problem);

    if (problem->kind == PROBLEM_PORT) {
        const struct app_problem other = {
            .kind = PROBLEM_PORT, .service = problem->other, .item = problem->other_item};
        struct place first = place_of(b->project, &other);

        (void)problems_add(b->shaping.problems, place, "%s; see %s:%u", problem->text,
                           first.file, first.line);
        return;
    }
    (void)problems_add(b->shaping.problems, place, "%s", problem->text);
}

int project_to_app(struct app **out, const struct project *project,
                   const struct surroundings *world, struct problems *problems)
{
    SCOPED(arena_freep) struct arena *scratch = arena_new();
    struct arena *arena = arena_new();
    SCOPED(app_freep) struct app *app = arena_new_in(arena, struct app);
    struct builder b = {{scratch, problems, NULL}, project, world, app};
    size_t before = problems->errors;

    app->arena = arena;
    app->name = arena_strdup(arena, project->name);
    app->ttl_s = APP_TTL_DEFAULT_S;
    build_services(&b);
    build_resources(&b);
    build_seawall_app(&b, node_find(project->root, "x-seawall"));
    if (problems->errors == before)
        (void)app_check(app, on_problem, &b);
    if (problems->errors > before)
        return problems->errors == problems->unsupported ? -EOPNOTSUPP : -EINVAL;
    *out = take_ptr(&app);
    return 0;
}
