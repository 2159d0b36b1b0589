/* SPDX-License-Identifier: Apache-2.0 */
/* Does what the files say fit together? */
#include "base/map.h"
#include "base/suggest.h"
#include "compose/project.h"

#include <errno.h>
#include <string.h>

struct check {
    const struct project *project;
    struct problems *problems;
    const char *service; /* the name of the one at hand */
    const struct node *node;
};

static const char *text_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_TEXT ? node->text : "";
}

/* "service 'web': WHAT 'NAME' is not defined under 'SECTION'", and what was probably meant. */
static void report_undefined(struct check *c, struct place place, const char *what,
                             const char *name, const char *section)
{
    const struct node *defined = project_section(c->project, section);
    struct suggest suggest = {0};

    for (size_t i = 0; i < defined->count; i++)
        suggest_add(&suggest, name, defined->items[i].key);
    if (suggest.best)
        (void)problems_add(c->problems, place,
                           "service '%s': the %s '%.80s' is not defined under '%s'; did you "
                           "mean '%s'?",
                           c->service, what, name, section, suggest.best);
    else
        (void)problems_add(c->problems, place,
                           "service '%s': the %s '%.80s' is not defined under '%s'", c->service,
                           what, name, section);
}

static bool is_defined(const struct check *c, const char *section, const char *name)
{
    return node_find_item(project_section(c->project, section), name) != NULL;
}

/* "service:NAME" is what another service builds. */
static void check_contexts(struct check *c, const struct node *contexts)
{
    static const char prefix[] = "service:";

    for (size_t i = 0; contexts && i < contexts->count; i++) {
        const struct node *context = contexts->items[i].value;
        const char *name = context->text + strlen(prefix);

        if (strncmp(context->text, prefix, strlen(prefix)) != 0)
            continue;
        const struct node *other = node_find(project_section(c->project, "services"), name);
        if (!other)
            report_undefined(c, context->place, "build context", name, "services");
        else if (!node_find(other, "build"))
            (void)problems_add(c->problems, context->place,
                               "service '%s': the build context '%s' is a service that is not "
                               "built",
                               c->service, name);
    }
}

static void check_image(struct check *c)
{
    const struct node *build = node_find(c->node, "build");

    if (!build && !*text_of(c->node, "image") && !node_find(c->node, "provider"))
        (void)problems_add(c->problems, c->node->place,
                           "service '%s': expected an image or a build, found neither",
                           c->service);
    check_contexts(c, node_find(build, "additional_contexts"));
    const struct node *inline_file = node_find(build, "dockerfile_inline");
    if (inline_file && node_find(build, "dockerfile"))
        (void)problems_add(c->problems, inline_file->place,
                           "service '%s': dockerfile and dockerfile_inline exclude each other",
                           c->service);
}

static void check_platform(struct check *c)
{
    const struct node *platforms = node_find(node_find(c->node, "build"), "platforms");
    const struct node *platform = node_find(c->node, "platform");

    if (!platform || !platforms || !platforms->count || !*platform->text)
        return;
    for (size_t i = 0; i < platforms->count; i++)
        if (strcmp(platforms->items[i].value->text, platform->text) == 0)
            return;
    (void)problems_add(c->problems, platform->place,
                       "service '%s': the platform '%.80s' is not one of build.platforms",
                       c->service, platform->text);
}

static void check_networks(struct check *c)
{
    const struct node *networks = node_find(c->node, "networks");
    const struct node *mode = node_find(c->node, "network_mode");

    if (mode && networks && networks->count)
        (void)problems_add(c->problems, mode->place,
                           "service '%s': network_mode and networks exclude each other",
                           c->service);
    for (size_t i = 0; networks && i < networks->count; i++)
        if (!is_defined(c, "networks", networks->items[i].key))
            report_undefined(c, networks->items[i].place, "network", networks->items[i].key,
                             "networks");
}

/* Two mounts at one target hide each other. `seen` has those before; "" stands for none. */
static void check_target(struct check *c, struct map *seen, const char *target,
                         const struct node *node)
{
    const struct node *before = *target ? map_set(seen, target, c->problems) : NULL;

    if (before)
        (void)problems_add(c->problems, node->place,
                           "service '%s': two mounts have the target '%.80s'", c->service,
                           target);
}

static void check_targets(struct check *c)
{
    const struct node *volumes = node_find(c->node, "volumes");
    const struct node *tmpfs = node_find(c->node, "tmpfs");
    struct map seen;

    map_init(&seen);
    for (size_t i = 0; tmpfs && i < tmpfs->count; i++) {
        const char *text = tmpfs->items[i].value->text;

        check_target(c, &seen, arena_strndup(c->project->arena, text, strcspn(text, ":")),
                     tmpfs->items[i].value);
    }
    for (size_t i = 0; volumes && i < volumes->count; i++)
        check_target(c, &seen, text_of(volumes->items[i].value, "target"),
                     volumes->items[i].value);
    map_fini(&seen);
}

static void check_mounts(struct check *c)
{
    const struct node *volumes = node_find(c->node, "volumes");

    for (size_t i = 0; volumes && i < volumes->count; i++) {
        const struct node *mount = volumes->items[i].value;
        const char *source = text_of(mount, "source");

        if (strcmp(text_of(mount, "type"), "volume") == 0 && *source &&
            !is_defined(c, "volumes", source))
            report_undefined(c, mount->place, "volume", source, "volumes");
    }
}

static void check_grants(struct check *c, const struct node *grants, const char *what,
                         const char *section)
{
    for (size_t i = 0; grants && i < grants->count; i++) {
        const char *source = text_of(grants->items[i].value, "source");

        if (*source && !is_defined(c, section, source))
            report_undefined(c, grants->items[i].place, what, source, section);
    }
}

static void check_models(struct check *c)
{
    const struct node *models = node_find(c->node, "models");

    for (size_t i = 0; models && i < models->count; i++)
        if (!is_defined(c, "models", models->items[i].key))
            report_undefined(c, models->items[i].place, "model", models->items[i].key,
                             "models");
}

static void check_dependencies(struct check *c)
{
    const struct node *dependencies = node_find(c->node, "depends_on");

    for (size_t i = 0; dependencies && i < dependencies->count; i++) {
        const struct node_item *item = &dependencies->items[i];
        const struct node *required = node_find(item->value, "required");
        bool is_disabled = node_find(c->project->disabled, item->key) != NULL;

        /* What a profile takes out may be missing, if the file says so. */
        if (!is_defined(c, "services", item->key) &&
            !(is_disabled && required && !required->boolean))
            report_undefined(c, item->place, "dependency", item->key, "services");
    }
}

static void check_health(struct check *c)
{
    const struct node *test = node_find(node_find(c->node, "healthcheck"), "test");
    const char *first = test && test->count ? test->items[0].value->text : "CMD";

    if (strcmp(first, "CMD") != 0 && strcmp(first, "CMD-SHELL") != 0 &&
        strcmp(first, "NONE") != 0)
        (void)problems_add(c->problems, test->items[0].place,
                           "test: expected CMD, CMD-SHELL or NONE as first item, found '%.80s'",
                           first);
}

/* Keys of `deploy` that are there once more in the service itself: both must say the same. */
static const struct {
    const char *key, *part, *deploy_key, *shown;
} twins[] = {
    {"scale", NULL, "replicas", "deploy.replicas"},
    {"cpus", "limits", "cpus", "deploy.resources.limits.cpus"},
    {"mem_limit", "limits", "memory", "deploy.resources.limits.memory"},
    {"pids_limit", "limits", "pids", "deploy.resources.limits.pids"},
    {"mem_reservation", "reservations", "memory", "deploy.resources.reservations.memory"},
};

static void check_twins(struct check *c)
{
    const struct node *deploy = node_find(c->node, "deploy");
    const struct node *resources = node_find(deploy, "resources");

    for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
        const struct node *part = twins[i].part ? node_find(resources, twins[i].part) : deploy;
        const struct node *one = node_find(c->node, twins[i].key);
        const struct node *other = node_find(part, twins[i].deploy_key);

        if (!one || !part || (!other && !twins[i].part) || (other && node_equal(one, other)))
            continue;
        (void)problems_add(c->problems, one->place,
                           "service '%s': %s is %s, %s is %s; keep one of them", c->service,
                           twins[i].key, one->text, twins[i].shown,
                           other ? other->text : "not set");
    }
}

static void check_container_name(struct check *c)
{
    const struct node *name = node_find(c->node, "container_name");
    const struct node *scale = node_find(c->node, "scale");
    const struct node *replicas = node_find(node_find(c->node, "deploy"), "replicas");
    const struct node *count = replicas ? replicas : scale;

    if (name && count && count->integer > 1)
        (void)problems_add(c->problems, name->place,
                           "service '%s': container_name is the name of one container, not of "
                           "%s; remove it",
                           c->service, count->text);
}

static void check_watch(struct check *c)
{
    const struct node *watches = node_find(node_find(c->node, "develop"), "watch");

    for (size_t i = 0; watches && i < watches->count; i++) {
        const struct node *watch = watches->items[i].value;
        const char *action = text_of(watch, "action");

        if (!*text_of(watch, "target") && strcmp(action, "rebuild") != 0 &&
            strcmp(action, "restart") != 0)
            (void)problems_add(c->problems, watch->place,
                               "service '%s': watch: the action '%s' needs a target",
                               c->service, action);
        if (!*text_of(watch, "path"))
            (void)problems_add(c->problems, watch->place,
                               "service '%s': watch: expected a path, found none", c->service);
    }
}

/* Where a secret or a config comes from: one place. */
static void check_source(struct check *c, const struct node_item *item, const char *what,
                         const char *const *keys)
{
    const struct node *external = node_find(item->value, "external");
    const char *found = external && external->boolean ? "external" : NULL;

    for (; *keys; keys++) {
        if (!node_find(item->value, *keys))
            continue;
        if (found)
            (void)problems_add(c->problems, item->place,
                               "%s '%s': %s and %s exclude each other", what, item->key, found,
                               *keys);
        found = *keys;
    }
    if (!found && !node_find(item->value, "driver"))
        (void)problems_add(c->problems, item->place,
                           "%s '%s': expected file, environment%s or external, found none",
                           what, item->key, strcmp(what, "config") == 0 ? ", content" : "");
}

/* What is external was made by somebody else, with options of theirs. */
static void check_external(struct check *c, const char *section)
{
    const struct node *resources = project_section(c->project, section);

    for (size_t i = 0; i < resources->count; i++) {
        const struct node *resource = resources->items[i].value;
        const struct node *external = node_find(resource, "external");

        for (size_t j = 0; external && external->boolean && j < resource->count; j++) {
            const struct node_item *item = &resource->items[j];

            if (strcmp(item->key, "name") != 0 && strcmp(item->key, "external") != 0 &&
                strncmp(item->key, "x-", 2) != 0)
                (void)problems_add(c->problems, item->place,
                                   "%s.%s: external and %s exclude each other", section,
                                   resources->items[i].key, item->key);
        }
    }
}

static void check_sources(struct check *c)
{
    static const char *const secret_keys[] = {"file", "environment", NULL};
    static const char *const config_keys[] = {"file", "environment", "content", NULL};
    const struct node *secrets = project_section(c->project, "secrets");
    const struct node *configs = project_section(c->project, "configs");

    for (size_t i = 0; i < secrets->count; i++)
        check_source(c, &secrets->items[i], "secret", secret_keys);
    for (size_t i = 0; i < configs->count; i++)
        check_source(c, &configs->items[i], "config", config_keys);
}

/* Depth-first search along depends_on, with a stack of its own. */

enum colour { WHITE, ON_PATH, DONE };

struct step {
    size_t service, item;
};

struct walk {
    struct step *path;
    unsigned char *colours;
    size_t depth;
};

static void report_cycle(struct check *c, const struct walk *walk, size_t first,
                         struct place place)
{
    enum { NAMED_MAX = 8 };
    const struct node *services = project_section(c->project, "services");
    struct arena *arena = c->problems->arena;
    size_t at = walk->depth;

    if (c->problems->errors >= PROBLEMS_KEPT_MAX)
        return;
    while (walk->path[at - 1].service != first)
        at--;
    const char *text = services->items[first].key;
    size_t length = walk->depth - at;
    for (size_t i = 0; i < length && i < NAMED_MAX; i++)
        text = arena_printf(arena, "%s -> %s", text,
                            services->items[walk->path[at + i].service].key);
    if (length > NAMED_MAX)
        text = arena_printf(arena, "%s -> (%zu more)", text, length - NAMED_MAX);
    (void)problems_add(c->problems, place, "services depend on each other in a cycle: %s -> %s",
                       text, services->items[first].key);
}

static void walk_step(struct check *c, struct walk *walk)
{
    const struct node *services = project_section(c->project, "services");
    struct step *top = &walk->path[walk->depth - 1];
    const struct node *next = node_find(services->items[top->service].value, "depends_on");

    if (!next || top->item == next->count) {
        walk->colours[top->service] = DONE;
        walk->depth--;
        return;
    }
    const struct node_item *dependency = &next->items[top->item++];
    const struct node_item *found = node_find_item(services, dependency->key);
    if (!found)
        return;
    size_t index = (size_t)(found - services->items);
    if (walk->colours[index] == WHITE) {
        walk->colours[index] = ON_PATH;
        walk->path[walk->depth++] = (struct step){index, 0};
    } else if (walk->colours[index] == ON_PATH) {
        report_cycle(c, walk, index, dependency->place);
    }
}

static void check_cycles(struct check *c)
{
    size_t count = project_section(c->project, "services")->count;
    struct walk walk = {
        .path = arena_array(c->project->arena, count, sizeof(*walk.path)),
        .colours = arena_alloc(c->project->arena, count),
    };

    for (size_t i = 0; i < count; i++) {
        if (walk.colours[i] != WHITE)
            continue;
        walk.colours[i] = ON_PATH;
        walk.path[walk.depth++] = (struct step){i, 0};
        while (walk.depth)
            walk_step(c, &walk);
    }
}

/* All that one service says by itself, and of others. */
static void check_service(struct check *c)
{
    check_image(c);
    check_platform(c);
    check_networks(c);
    check_mounts(c);
    check_targets(c);
    check_grants(c, node_find(c->node, "secrets"), "secret", "secrets");
    check_grants(c, node_find(node_find(c->node, "build"), "secrets"), "build secret",
                 "secrets");
    check_grants(c, node_find(c->node, "configs"), "config", "configs");
    check_models(c);
    check_dependencies(c);
    check_health(c);
    check_twins(c);
    check_container_name(c);
    check_watch(c);
}

int project_check(const struct project *project, bool is_lenient, struct problems *problems)
{
    const struct node *services = project_section(project, "services");
    struct check c = {.project = project, .problems = problems};
    size_t before = problems->errors;

    for (size_t i = 0; !is_lenient && i < services->count; i++) {
        c.service = services->items[i].key;
        c.node = services->items[i].value;
        check_service(&c);
    }
    check_external(&c, "volumes");
    check_sources(&c);
    check_cycles(&c);
    return problems->errors > before ? -EINVAL : 0;
}
