/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan_json.h"

#include "base/scope.h"
#include "model/app.h"
#include "model/fleet.h"
#include "model/json_read.h"
#include "model/survive_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A placement may exceed what a file can ask for: spare replicas come on top. */
#define TOTAL_MAX        ((uint64_t)APP_REPLICAS_MAX * FLEET_CLUSTERS_MAX)
#define CERTIFICATE_MAX  ((size_t)DOMAIN_LEVELS * FLEET_CLUSTERS_MAX)
#define NAME_MAX_BYTES   253 /* of a DNS name, the longest that anybody uses */
#define PLAN_STRINGS_MAX ((size_t)APP_SERVICES_MAX * 4)

static json_t *service_to_json(const struct plan_service *service)
{
    json_t *placed = json_object();
    json_t *certificate = json_array();

    for (size_t i = 0; i < service->placement_count; i++)
        (void)json_object_set_new(placed, service->placements[i].cluster,
                                  json_integer(service->placements[i].replicas));
    for (size_t i = 0; i < service->certificate_count; i++) {
        const struct certificate_line *line = &service->certificate[i];

        (void)json_array_append_new(
            certificate, json_pack("{s:s, s:s, s:I, s:I}", "level",
                                   domain_level_name(line->level), "lost", line->lost, "left",
                                   (json_int_t)line->left, "needed", (json_int_t)line->needed));
    }
    return json_pack("{s:I, s:o, s:I, s:b, s:b, s:o, s:s, s:o}", "needed",
                     (json_int_t)service->needed, "placed", placed, "total",
                     (json_int_t)service->placed, "survives", service->survives, "pinned",
                     service->pinned, "survive", survive_to_json(&service->survive), "why",
                     service->why, "certificate", certificate);
}

json_t *plan_to_json(const struct plan *plan)
{
    json_t *services = json_object();
    json_t *refusals = json_array();
    json_t *warnings = json_array();

    for (size_t i = 0; i < plan->service_count; i++)
        (void)json_object_set_new(services, plan->services[i].name,
                                  service_to_json(&plan->services[i]));
    for (size_t i = 0; i < plan->refusal_count; i++)
        (void)json_array_append_new(refusals, json_pack("{s:s, s:s, s:s}", "service",
                                                        plan->refusals[i].service, "reason",
                                                        plan->refusals[i].reason, "fix",
                                                        plan->refusals[i].fix));
    for (size_t i = 0; i < plan->warnings.count; i++)
        (void)json_array_append_new(warnings, json_string(plan->warnings.items[i]));
    return json_pack("{s:s, s:o, s:s, s:o, s:o}", "app", plan->app, "services", services,
                     "survive_source", plan->survive_source, "refusals", refusals, "warnings",
                     warnings);
}

/* Names end up in labels, paths and terminals. */
static int check_name(const char *name, const char *where, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);

    if (!len || len > NAME_MAX_BYTES || strspn(name, allowed) != len)
        return err_set(
            err, -EINVAL,
            "%s: found the name '%.80s', expected 1 to %d of a-z, A-Z, 0-9, '.', '_' "
            "and '-'",
            where, name, NAME_MAX_BYTES);
    return 0;
}

static int read_number(const json_t *json, const char *where, const char *key, uint64_t max,
                       unsigned *out, struct err *err)
{
    uint64_t value = 0;

    if (json_read_unsigned(json, where, key, max, &value, err) < 0)
        return err->code;
    *out = (unsigned)value; /* every max above fits */
    return 0;
}

static int read_level(const json_t *json, const char *where, struct arena *arena,
                      enum domain_level *out, struct err *err)
{
    const char *name = NULL;

    if (json_read_text(json, where, "level", arena, &name, err) < 0)
        return err->code;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++) {
        if (strcmp(name, domain_level_name(level)) == 0) {
            *out = level;
            return 0;
        }
    }
    return err_set(err, -EINVAL,
                   "%s.level: found '%.40s', expected cluster, region or provider", where,
                   name);
}

static int read_placed(const json_t *json, const char *where, struct arena *arena,
                       struct plan_service *service, struct err *err)
{
    if (json_read_object(json, where, FLEET_CLUSTERS_MAX, err) < 0)
        return err->code;

    struct json_members members = json_members_sorted(arena, json);
    uint64_t sum = 0;
    service->placements = arena_array(arena, members.count, sizeof(*service->placements));
    for (size_t i = 0; i < members.count; i++) {
        struct placement *placement = &service->placements[i];

        placement->cluster = members.items[i].key;
        if (check_name(placement->cluster, where, err) < 0 ||
            read_number(json, where, placement->cluster, TOTAL_MAX, &placement->replicas, err) <
                0)
            return err->code;
        if (!placement->replicas)
            return err_set(err, -EINVAL, "%s.%s: found 0, expected at least 1", where,
                           placement->cluster);
        sum += placement->replicas;
    }
    if (sum != service->placed)
        return err_set(err, -EINVAL, "%s: the sum is %llu, but total is %u", where,
                       (unsigned long long)sum, service->placed);
    service->placement_count = members.count;
    return 0;
}

static int read_certificate(const json_t *json, const char *where, struct arena *arena,
                            struct plan_service *service, struct err *err)
{
    static const char *const keys[] = {"level", "lost", "left", "needed", NULL};

    if (json_read_array(json, where, CERTIFICATE_MAX, err) < 0)
        return err->code;

    size_t count = json_array_size(json);
    service->certificate = arena_array(arena, count, sizeof(*service->certificate));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json, i);
        struct certificate_line *line = &service->certificate[i];

        if (json_read_keys(item, where, keys, err) < 0 ||
            read_level(item, where, arena, &line->level, err) < 0 ||
            json_read_text(item, where, "lost", arena, &line->lost, err) < 0 ||
            read_number(item, where, "left", TOTAL_MAX, &line->left, err) < 0 ||
            read_number(item, where, "needed", TOTAL_MAX, &line->needed, err) < 0)
            return err->code;
    }
    service->certificate_count = count;
    return 0;
}

static int read_service(const json_t *json, const char *where, struct arena *arena,
                        struct plan_service *service, struct err *err)
{
    static const char *const keys[] = {"needed",  "placed", "total",       "survives", "pinned",
                                       "survive", "why",    "certificate", NULL};

    if (json_read_keys(json, where, keys, err) < 0 ||
        read_number(json, where, "needed", APP_REPLICAS_MAX, &service->needed, err) < 0 ||
        read_number(json, where, "total", TOTAL_MAX, &service->placed, err) < 0 ||
        json_read_bool(json, where, "survives", &service->survives, err) < 0 ||
        json_read_bool(json, where, "pinned", &service->pinned, err) < 0 ||
        json_read_text(json, where, "why", arena, &service->why, err) < 0 ||
        survive_from_json(json_object_get(json, "survive"), json_where(arena, where, "survive"),
                          &service->survive, err) < 0 ||
        read_placed(json_object_get(json, "placed"), json_where(arena, where, "placed"), arena,
                    service, err) < 0)
        return err->code;
    return read_certificate(json_object_get(json, "certificate"),
                            json_where(arena, where, "certificate"), arena, service, err);
}

static int read_services(const json_t *json, struct plan *plan, struct err *err)
{
    if (json_read_object(json, "services", APP_SERVICES_MAX, err) < 0)
        return err->code;

    struct json_members members = json_members_sorted(plan->arena, json);
    plan->services = arena_array(plan->arena, members.count, sizeof(*plan->services));
    for (size_t i = 0; i < members.count; i++) {
        plan->services[i].name = members.items[i].key;
        if (check_name(plan->services[i].name, "services", err) < 0 ||
            read_service(members.items[i].value,
                         json_where(plan->arena, "services", members.items[i].key), plan->arena,
                         &plan->services[i], err) < 0)
            return err->code;
    }
    plan->service_count = members.count;
    return 0;
}

static int read_refusals(const json_t *json, struct plan *plan, struct err *err)
{
    static const char *const keys[] = {"service", "reason", "fix", NULL};
    const char *where = "refusals";

    if (json_read_array(json, where, APP_SERVICES_MAX, err) < 0)
        return err->code;

    size_t count = json_array_size(json);
    plan->refusals = arena_array(plan->arena, count, sizeof(*plan->refusals));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json, i);
        struct refusal *refusal = &plan->refusals[i];

        if (json_read_keys(item, where, keys, err) < 0 ||
            json_read_text(item, where, "service", plan->arena, &refusal->service, err) < 0 ||
            json_read_text(item, where, "reason", plan->arena, &refusal->reason, err) < 0 ||
            json_read_text(item, where, "fix", plan->arena, &refusal->fix, err) < 0)
            return err->code;
    }
    plan->refusal_count = count;
    return 0;
}

int plan_from_json(struct plan **out, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"app",      "services", "survive_source",
                                       "refusals", "warnings", NULL};
    struct arena *arena = arena_new();
    SCOPED(plan_freep) struct plan *plan = arena_new_in(arena, struct plan);

    plan->arena = arena;
    if (json_read_keys(json, "", keys, err) < 0 ||
        json_read_text(json, "", "app", arena, &plan->app, err) < 0 ||
        check_name(plan->app, "app", err) < 0 ||
        json_read_text(json, "", "survive_source", arena, &plan->survive_source, err) < 0 ||
        read_services(json_object_get(json, "services"), plan, err) < 0 ||
        read_refusals(json_object_get(json, "refusals"), plan, err) < 0 ||
        json_read_strings(json, "", "warnings", PLAN_STRINGS_MAX, arena, &plan->warnings, err) <
            0)
        return err->code;
    *out = take_ptr(&plan);
    return 0;
}
