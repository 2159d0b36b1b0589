/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/kubernetes_mirror.h"

#include "base/mem.h"
#include "base/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct kubernetes_kind_info kubernetes_kinds[KUBERNETES_KINDS] = {
    [KUBERNETES_NAMESPACES]   = {"/api/v1/namespaces", "namespaces", true},
    [KUBERNETES_NODES]        = {"/api/v1/nodes", "nodes", false},
    [KUBERNETES_SERVICES]     = {"/api/v1/services", "services", true},
    [KUBERNETES_CLAIMS]       = {"/api/v1/persistentvolumeclaims", "persistentvolumeclaims", true},
    [KUBERNETES_INGRESSES]    = {"/apis/networking.k8s.io/v1/ingresses", "ingresses", true},
    [KUBERNETES_DEPLOYMENTS]  = {"/apis/apps/v1/deployments", "deployments", true},
    [KUBERNETES_STATEFULSETS] = {"/apis/apps/v1/statefulsets", "statefulsets", true},
    [KUBERNETES_JOBS]         = {"/apis/batch/v1/jobs", "jobs", true},
    [KUBERNETES_PODS]         = {"/api/v1/pods", "pods", true},
};
/* clang-format on */

struct kubernetes_mirror *kubernetes_mirror_new(void)
{
    struct kubernetes_mirror *mirror = mem_new(struct kubernetes_mirror);

    for (unsigned kind = 0; kind < KUBERNETES_KINDS; kind++)
        map_init(&mirror->items[kind]);
    return mirror;
}

struct kubernetes_mirror *kubernetes_mirror_free(struct kubernetes_mirror *mirror)
{
    if (!mirror)
        return NULL;
    for (unsigned kind = 0; kind < KUBERNETES_KINDS; kind++) {
        size_t at = 0;
        void *item;

        while (map_next(&mirror->items[kind], &at, NULL, &item))
            free(item);
        map_fini(&mirror->items[kind]);
    }
    free(mirror);
    return NULL;
}

void kubernetes_mirror_begin(struct kubernetes_mirror *mirror, unsigned kind)
{
    mirror->round[kind]++;
    mirror->is_complete[kind] = false;
    mirror->version[kind][0] = '\0';
}

void kubernetes_mirror_end(struct kubernetes_mirror *mirror, unsigned kind)
{
    struct map *items = &mirror->items[kind];
    struct kubernetes_item **gone = mem_array(items->count + 1, sizeof(*gone));
    size_t at = 0, count = 0;
    void *item;

    while (map_next(items, &at, NULL, &item))
        if (((struct kubernetes_item *)item)->round != mirror->round[kind])
            gone[count++] = item;
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(items, gone[i]->text[TEXT_KEY]);
        free(gone[i]);
    }
    free(gone);
    mirror->is_complete[kind] = true;
}

/* One block that outlives the arena that `in` was read into. */
static struct kubernetes_item *item_copy(const struct kubernetes_item *in)
{
    size_t size = sizeof(*in);

    for (unsigned i = 0; i < KUBERNETES_TEXTS; i++)
        size += strlen(in->text[i]) + 1;
    struct kubernetes_item *out = mem_alloc(size);
    char *at = (char *)(out + 1);

    *out = *in;
    for (unsigned i = 0; i < KUBERNETES_TEXTS; i++) {
        size_t len = strlen(in->text[i]) + 1;

        memcpy(at, in->text[i], len);
        out->text[i] = at;
        at += len;
    }
    return out;
}

static bool is_same(const struct kubernetes_item *a, const struct kubernetes_item *b)
{
    for (unsigned i = 0; i < KUBERNETES_TEXTS; i++)
        if (strcmp(a->text[i], b->text[i]) != 0)
            return false;
    return a->is_leaving == b->is_leaving && a->state == b->state && a->health == b->health &&
           a->exit_code == b->exit_code && a->replicas == b->replicas &&
           a->is_settled == b->is_settled && a->cpus_nano == b->cpus_nano &&
           a->memory_bytes == b->memory_bytes && a->is_usable == b->is_usable &&
           a->is_external == b->is_external && a->port_count == b->port_count &&
           memcmp(a->ports, b->ports, a->port_count * sizeof(a->ports[0])) == 0;
}

static bool take_out(struct kubernetes_mirror *mirror, unsigned kind, const char *key)
{
    struct kubernetes_item *old = map_remove(&mirror->items[kind], key);

    free(old);
    return old != NULL;
}

int kubernetes_mirror_put(struct kubernetes_mirror *mirror, unsigned kind, const json_t *object,
                          struct kubernetes_change *change, struct err *err)
{
    struct map *items = &mirror->items[kind];
    struct arena *arena = arena_new();
    const struct kubernetes_item *read = kubernetes_read(arena, kind, object, err);

    *change = (struct kubernetes_change){0};
    if (!read) {
        (void)arena_free(arena);
        return err->code;
    }
    const char *key = read->text[TEXT_KEY];
    struct kubernetes_item *old = map_find(items, key);
    /* Somebody may have put our label on what is not ours. */
    if (kubernetes_kinds[kind].is_ours && !read->text[TEXT_APP][0]) {
        change->matters = take_out(mirror, kind, key);
    } else if (!old && items->count >= OBSERVED_REPLICAS_MAX) {
        (void)arena_free(arena);
        return err_set(err, -EMSGSIZE, "more than %d %s", OBSERVED_REPLICAS_MAX,
                       kubernetes_kinds[kind].plural);
    } else if (old && is_same(old, read)) {
        old->round = mirror->round[kind];
        change->item = old;
    } else {
        struct kubernetes_item *item = item_copy(read);

        item->round = mirror->round[kind];
        (void)take_out(mirror, kind, key);
        (void)map_set(items, item->text[TEXT_KEY], item);
        *change = (struct kubernetes_change){.matters = true, .item = item};
    }
    (void)arena_free(arena);
    return 0;
}

/* Versions are meant to be opaque, but are numbers that grow in every server there is. */
static bool read_version(const char *text, uint64_t *out)
{
    return text && number_read(text, strlen(text), 1, UINT64_MAX, out) == 0;
}

bool kubernetes_mirror_is_news(const struct kubernetes_mirror *mirror, unsigned kind,
                               const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    uint64_t known, version;

    return read_version(mirror->version[kind], &known) &&
           read_version(json_string_value(json_object_get(metadata, "resourceVersion")),
                        &version) &&
           version > known;
}

bool kubernetes_mirror_remove(struct kubernetes_mirror *mirror, unsigned kind,
                              const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const char *space = json_string_value(json_object_get(metadata, "namespace"));
    const char *name = json_string_value(json_object_get(metadata, "name"));

    if (!name)
        return false;
    char *key = mem_printf("%s/%s", space ? space : "", name);
    bool was_there = take_out(mirror, kind, key);
    free(key);
    return was_there;
}

bool kubernetes_mirror_set_version(struct kubernetes_mirror *mirror, unsigned kind,
                                   const char *version)
{
    size_t len = strlen(version);

    if (len >= sizeof(mirror->version[kind]))
        return false;
    memcpy(mirror->version[kind], version, len + 1);
    return true;
}
