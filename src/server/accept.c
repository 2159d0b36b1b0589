/* SPDX-License-Identifier: Apache-2.0 */
#include "server/accept.h"

#include "base/log.h"
#include "base/mem.h"
#include "model/app_json.h"
#include "model/plan_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A revision on its way to the disk. */
struct acceptance {
    struct server_parts *parts;
    char name[APP_NAME_MAX + 1];
    struct revision *revision;
    bool removing, remove_volumes;
    struct backend_done done;
};

static void on_accepted(void *ctx, const struct err *err)
{
    struct acceptance *acceptance = ctx;
    struct server_parts *parts = acceptance->parts;
    struct app_record *record = records_find(parts->records, acceptance->name);

    record->is_committing = false;
    if (err) {
        if (!record->revision)
            records_remove(parts->records, record); /* it was to be the first one */
        acceptance->done.fn(acceptance->done.ctx, err->code, NULL, err);
    } else {
        (void)revision_unref(record->revision);
        record->revision = revision_ref(acceptance->revision);
        record->removing = acceptance->removing;
        record->remove_volumes = acceptance->remove_volumes;
        record->state = APP_WORKING;
        record->actions_done = record->actions_total = 0;
        log_info("app=%s revision=%llu accepted=%s", record->name,
                 (unsigned long long)record->revision->number,
                 record->removing ? "down" : "up");
        feed_publish(parts->events,
                     json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind",
                               record->removing ? "app-removing" : "app-up", "app",
                               record->name, "service", "", "cluster", "", "message", ""));
        reconciler_touch(parts->reconciler, record);
        reconciler_touch_intent(parts->reconciler);
        acceptance->done.fn(acceptance->done.ctx, BACKEND_OK,
                            json_pack("{s:s, s:I}", "app", record->name, "revision",
                                      (json_int_t)record->revision->number),
                            NULL);
    }
    (void)revision_unref(acceptance->revision);
    free(acceptance);
}

void accept_revision(struct server_parts *parts, struct app_record *record,
                     struct revision *revision, bool removing, bool remove_volumes,
                     struct backend_done done)
{
    struct acceptance *acceptance = mem_new(struct acceptance);
    char key[sizeof(RECORD_KEY_APPS) + APP_NAME_MAX + 1];
    char *text = record_text(revision, removing, remove_volumes);

    acceptance->parts = parts;
    (void)snprintf(acceptance->name, sizeof(acceptance->name), "%s", record->name);
    acceptance->revision = revision;
    acceptance->removing = removing;
    acceptance->remove_volumes = remove_volumes;
    acceptance->done = done;
    record->is_committing = true;
    (void)snprintf(key, sizeof(key), "%s%s", RECORD_KEY_APPS, record->name);
    disk_write(parts->disk, key, text, strlen(text), on_accepted, acceptance);
    free(text);
}

int accept_check_idle(const struct app_record *record, struct err *err)
{
    if (record && record->is_committing)
        return err_set(err, -EBUSY, "another command for app '%s' is being accepted; try again",
                       record->name);
    return 0;
}

void accept_refuse(struct plan *plan, struct backend_done done)
{
    char text[480];
    const struct refusal *first = &plan->refusals[0];
    json_t *reply;

    (void)snprintf(text, sizeof(text), "%s: %s", first->service, first->reason);
    reply = json_pack("{s:{s:s, s:s}, s:o}", "error", "code", "refused", "message", text,
                      "plan", plan_to_json(plan));
    (void)plan_free(plan);
    done.fn(done.ctx, BACKEND_REFUSED, reply, NULL);
}

struct app *accept_copy_app(const struct app *app, struct err *err)
{
    json_t *json = app_to_json(app);
    struct app *copy = NULL;

    int r = app_from_json(&copy, json, err);
    json_decref(json);
    return r < 0 ? NULL : copy;
}
