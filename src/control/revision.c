/* SPDX-License-Identifier: Apache-2.0 */
#include "control/revision.h"

#include "base/mem.h"
#include "model/app_json.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Digests while they are made, dependencies first. */
struct digesting {
    struct arena *arena;
    const struct app *app;
    const char **digests; /* [service]; NULL: not yet */
    bool *is_begun;
};

static void hash(const char *text, char out[SERVICE_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int done = EVP_Digest(text, strlen(text), sum, &len, EVP_sha256(), NULL);

    assert(done == 1);
    assert(len * 2 + 1 == SERVICE_DIGEST_SIZE);
    for (unsigned i = 0; i < len; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[2 * len] = '\0';
}

/* The service that this one is replaced with; NULL: none. */
static const struct service *tied_to(const struct app *app, const struct dependency *dependency)
{
    return dependency->restart ? app_find_service(app, dependency->service) : NULL;
}

/* Its own, and where it is tied to others, of theirs. */
static void digest_one(struct digesting *d, size_t s)
{
    const struct service *service = &d->app->services[s];
    char *digest = arena_alloc(d->arena, SERVICE_DIGEST_SIZE);
    const char *text;

    service_digest(d->app, service, digest);
    text = digest;
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct service *other = tied_to(d->app, &service->dependencies[i]);

        if (other && d->digests[other - d->app->services])
            text = arena_printf(d->arena, "%s %s", text, d->digests[other - d->app->services]);
    }
    if (text != digest)
        hash(text, digest);
    d->digests[s] = digest;
}

/* The first it is tied to that has no digest yet and was not begun; else the app's count. */
static size_t next_tied(const struct digesting *d, size_t s)
{
    const struct service *service = &d->app->services[s];

    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct service *other = tied_to(d->app, &service->dependencies[i]);

        if (other && !d->is_begun[other - d->app->services])
            return (size_t)(other - d->app->services);
    }
    return d->app->service_count;
}

const char **revision_digests(struct arena *arena, const struct app *app)
{
    struct digesting d = {
        .arena = arena,
        .app = app,
        .digests = arena_array(arena, app->service_count, sizeof(*d.digests)),
        .is_begun = mem_array(app->service_count + 1, sizeof(*d.is_begun)),
    };
    size_t *stack = mem_array(app->service_count + 1, sizeof(*stack));

    for (size_t s = 0; s < app->service_count; s++) {
        size_t depth = 0;

        if (!d.is_begun[s])
            stack[depth++] = s;
        while (depth) {
            size_t top = stack[depth - 1];
            d.is_begun[top] = true;
            size_t next = next_tied(&d, top);

            if (next < app->service_count)
                stack[depth++] = next;
            else
                digest_one(&d, stack[--depth]);
        }
    }
    free(d.is_begun);
    free(stack);
    return d.digests;
}

struct revision *revision_new(uint64_t number, struct app *app, struct plan *plan)
{
    struct revision *revision = mem_new(struct revision);

    *revision = (struct revision){.refs = 1, .number = number, .app = app, .plan = plan};
    revision->digests = revision_digests(app->arena, app);
    return revision;
}

struct revision *revision_ref(struct revision *revision)
{
    revision->refs++;
    return revision;
}

struct revision *revision_unref(struct revision *revision)
{
    if (!revision || --revision->refs)
        return NULL;
    (void)plan_free(revision->plan);
    (void)app_free(revision->app);
    free(revision);
    return NULL;
}
