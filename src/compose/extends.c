/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "base/suggest.h"
#include "compose/load.h"
#include "compose/schema.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <string.h>

/* Services that extend each other: who waits for whom. */
struct chain {
    const struct chain *before;
    const struct node *document;
    const char *service;
    unsigned depth;
};

static int resolve(struct loader *l, struct node *document, const char *folder,
                   const char *service, const struct chain *before);

static int report_cycle(struct loader *l, const struct chain *last, const char *service,
                        struct place place)
{
    const char *text = service;

    for (const struct chain *link = last; link; link = link->before) {
        text = arena_printf(l->shaping.arena, "%s -> %s", link->service, text);
        if (strcmp(link->service, service) == 0)
            break;
    }
    return problems_add(l->shaping.problems, place, "services extend each other in a cycle: %s",
                        text);
}

static int report_missing(struct loader *l, const struct node *document, const char *service,
                          struct place place)
{
    const struct node *services = node_find(document, "services");
    struct suggest suggest = {0};

    for (size_t i = 0; services && i < services->count; i++)
        suggest_add(&suggest, service, services->items[i].key);
    if (suggest.best)
        return problems_add(l->shaping.problems, place,
                            "extends: there is no service '%.80s' in %s; did you mean '%s'?",
                            service, document->place.file, suggest.best);
    return problems_add(l->shaping.problems, place,
                        "extends: there is no service '%.80s' in %s", service,
                        document->place.file);
}

/* The canonical document of a file that `extends` names: read once for all that name it. */
static struct node *find_document(struct loader *l, const char *path, const struct node *named)
{
    struct node *document = map_find(&l->documents, path);
    struct yaml_documents documents = {0};

    if (document)
        return document;
    /* As seen from where the user is, like the name of the file that names it. */
    const char *shown = path_join(
        l->shaping.arena, path_folder(l->shaping.arena, named->place.file), named->text);
    if (load_documents(l, path, shown, named->place, &documents) < 0)
        return NULL;
    if (documents.count != 1) {
        (void)problems_add(l->shaping.problems, named->place,
                           "extends: '%.80s' has %zu documents, expected one", named->text,
                           documents.count);
        return NULL;
    }
    document = load_canonical(l, documents.items[0]);
    if (document)
        (void)map_set(&l->documents, path, document);
    return document;
}

/* A copy of the base, resolved itself, its paths as seen from the file that extends it. */
static struct node *find_base(struct loader *l, struct node *document, const char *folder,
                              const struct node *extends, const struct chain *chain)
{
    struct arena *arena = l->shaping.arena;
    const struct node *name = node_find(extends, "service");
    const struct node *file = node_find(extends, "file");
    const char *base_folder = folder;

    if (file) {
        const char *path = path_join(arena, folder, file->text);

        document = find_document(l, path, file);
        base_folder = path_folder(arena, path);
    }
    if (!document || resolve(l, document, base_folder, name->text, chain) < 0)
        return NULL;

    const struct node *base = node_find(node_find(document, "services"), name->text);
    size_t count = base ? node_extent(base).count : 0;
    if (!base) {
        (void)report_missing(l, document, name->text, name->place);
        return NULL;
    }
    if (count > YAML_NODES_MAX - l->budget->nodes) {
        (void)problems_add(l->shaping.problems, name->place,
                           "more than %d values, with what services extend", YAML_NODES_MAX);
        return NULL;
    }
    l->budget->nodes += count;
    struct node *copy = node_copy(arena, base);
    if (file)
        load_prefix_service(arena, copy, path_folder(arena, file->text));
    return copy;
}

static int resolve(struct loader *l, struct node *document, const char *folder,
                   const char *service, const struct chain *before)
{
    struct node *services = node_find(document, "services");
    struct node *node = node_find(services, service);
    const struct node *extends = node_find(node, "extends");
    struct chain chain = {before, document, service, before ? before->depth + 1 : 1};

    if (!extends)
        return 0;
    for (const struct chain *link = before; link; link = link->before)
        if (link->document == document && strcmp(link->service, service) == 0)
            return report_cycle(l, before, service, extends->place);
    if (chain.depth > LOAD_DEPTH_MAX)
        return problems_add(l->shaping.problems, extends->place,
                            "services extend each other more than %d deep", LOAD_DEPTH_MAX);

    struct node *base = find_base(l, document, folder, extends, &chain);
    node_remove(node, "extends");
    if (!base)
        return -EINVAL;
    struct node *merged = shape_merge(&l->shaping, &schema_service, base, node);
    merged->place = node->place;
    node_put(l->shaping.arena, services, service, merged);
    return 0;
}

int load_extends(struct loader *l, struct node *document, const char *folder)
{
    const struct node *services = node_find(document, "services");
    int result = 0;

    for (size_t i = 0; services && i < services->count; i++)
        if (services->items[i].value->kind == NODE_MAP &&
            resolve(l, document, folder, services->items[i].key, NULL) < 0)
            result = -EINVAL;
    return result;
}
