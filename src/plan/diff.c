/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/diff.h"

#include "base/scope.h"
#include "model/app.h"
#include "model/json_read.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 10000000 /* two million placements with room to spare */

static const char *const what_names[] = {"keep", "start", "remove", "replace"};

const char *change_what_name(enum change_what what)
{
    return what_names[what];
}

/* An array of changes while it grows. */
struct collector {
    struct diff *diff;
    size_t capacity;
};

static struct change *collect(struct collector *to)
{
    struct diff *diff = to->diff;

    diff->changes = arena_grow(diff->arena, diff->changes, diff->count, &to->capacity,
                               sizeof(*diff->changes));
    return &diff->changes[diff->count++];
}

static struct diff *diff_new(void)
{
    struct arena *arena = arena_new();
    struct diff *diff = arena_new_in(arena, struct diff);

    diff->arena = arena;
    return diff;
}

static enum change_what what_of(unsigned from, unsigned to, bool is_redefined)
{
    if (from && to && is_redefined)
        return CHANGE_REPLACE;
    if (from == to)
        return CHANGE_KEEP;
    return from < to ? CHANGE_START : CHANGE_REMOVE;
}

/* A list that has ended, NULL, comes after everything. */
static int compare_names(const char *a, const char *b)
{
    if (!a || !b)
        return !a - !b;
    return strcmp(a, b);
}

/* Walks the placements of both, which are sorted by cluster. */
static void compare_service(struct collector *to, const struct plan_service *before,
                            const struct plan_service *after, bool is_redefined)
{
    const char *name = arena_strdup(to->diff->arena, after->name ? after->name : before->name);

    for (size_t i = 0, j = 0; i < before->placement_count || j < after->placement_count;) {
        struct placement old = {0};
        struct placement new = {0};

        if (i < before->placement_count)
            old = before->placements[i];
        if (j < after->placement_count)
            new = after->placements[j];

        int order = compare_names(old.cluster, new.cluster);
        unsigned from = order <= 0 ? old.replicas : 0;
        unsigned target = order >= 0 ? new.replicas : 0;
        *collect(to) = (struct change){
            .service = name,
            .cluster = arena_strdup(to->diff->arena, order <= 0 ? old.cluster : new.cluster),
            .from = from,
            .to = target,
            .what = what_of(from, target, is_redefined),
        };
        i += order <= 0;
        j += order >= 0;
    }
}

static int compare_text(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool has(const struct strings *sorted, const char *name)
{
    return sorted && sorted->count &&
           bsearch(name, sorted->items, sorted->count, sizeof(*sorted->items), compare_text);
}

struct diff *diff_make(const struct plan *plan, const struct plan *current,
                       const struct strings *redefined)
{
    static const struct plan_service nothing = {0};
    struct diff *diff = diff_new();
    struct collector to = {diff, 0};
    size_t before_count = current ? current->service_count : 0;

    for (size_t i = 0, j = 0; i < before_count || j < plan->service_count;) {
        const struct plan_service *before = i < before_count ? &current->services[i] : &nothing;
        const struct plan_service *after =
            j < plan->service_count ? &plan->services[j] : &nothing;
        int order = compare_names(before->name, after->name);

        compare_service(&to, order <= 0 ? before : &nothing, order >= 0 ? after : &nothing,
                        order == 0 && has(redefined, after->name));
        i += order <= 0;
        j += order >= 0;
    }
    return diff;
}

struct diff *diff_free(struct diff *diff)
{
    if (diff)
        (void)arena_free(diff->arena);
    return NULL;
}

void diff_freep(struct diff **diff)
{
    *diff = diff_free(*diff);
}

bool diff_is_empty(const struct diff *diff)
{
    for (size_t i = 0; i < diff->count; i++)
        if (diff->changes[i].what != CHANGE_KEEP)
            return false;
    return true;
}

json_t *diff_to_json(const struct diff *diff)
{
    json_t *json = json_array();

    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];

        (void)json_array_append_new(
            json, json_pack("{s:s, s:s, s:I, s:I, s:s}", "service", change->service, "cluster",
                            change->cluster, "from", (json_int_t)change->from, "to",
                            (json_int_t)change->to, "what", change_what_name(change->what)));
    }
    return json;
}

static int read_what(const char *name, enum change_what *out, struct err *err)
{
    for (unsigned what = CHANGE_KEEP; what <= CHANGE_REPLACE; what++) {
        if (strcmp(name, what_names[what]) == 0) {
            *out = what;
            return 0;
        }
    }
    return err_set(err, -EINVAL,
                   "diff.what: found '%.40s', expected keep, start, remove or replace", name);
}

static int read_change(const json_t *json, struct arena *arena, struct change *out,
                       struct err *err)
{
    static const char *const keys[] = {"service", "cluster", "from", "to", "what", NULL};
    const char *what = NULL;
    uint64_t from = 0;
    uint64_t to = 0;

    if (json_read_keys(json, "diff", keys, err) < 0 ||
        json_read_text(json, "diff", "service", arena, &out->service, err) < 0 ||
        json_read_text(json, "diff", "cluster", arena, &out->cluster, err) < 0 ||
        json_read_unsigned(json, "diff", "from", UINT_MAX, &from, err) < 0 ||
        json_read_unsigned(json, "diff", "to", UINT_MAX, &to, err) < 0 ||
        json_read_text(json, "diff", "what", arena, &what, err) < 0)
        return err->code;
    out->from = (unsigned)from;
    out->to = (unsigned)to;
    return read_what(what, &out->what, err);
}

int diff_from_json(struct diff **out, const json_t *json, struct err *err)
{
    SCOPED(diff_freep) struct diff *diff = diff_new();
    struct collector to = {diff, 0};

    if (json_read_array(json, "diff", CHANGES_MAX, err) < 0)
        return err->code;
    for (size_t i = 0; i < json_array_size(json); i++)
        if (read_change(json_array_get(json, i), diff->arena, collect(&to), err) < 0)
            return err->code;
    *out = take_ptr(&diff);
    return 0;
}
