/* SPDX-License-Identifier: Apache-2.0 */
#include "control/revision.h"

#include "base/mem.h"
#include "model/app_json.h"

#include <stdlib.h>

struct revision *revision_new(uint64_t number, struct app *app, struct plan *plan)
{
    struct revision *revision = mem_new(struct revision);

    *revision = (struct revision){.refs = 1, .number = number, .app = app, .plan = plan};
    revision->digests = arena_array(app->arena, app->service_count, sizeof(*revision->digests));
    for (size_t i = 0; i < app->service_count; i++) {
        char *digest = arena_alloc(app->arena, SERVICE_DIGEST_SIZE);

        service_digest(app, &app->services[i], digest);
        revision->digests[i] = digest;
    }
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
