/* SPDX-License-Identifier: Apache-2.0 */
#include "server/accept.h"

#include "base/log.h"
#include "base/mem.h"
#include "model/app_json.h"
#include "model/plan_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A command on its way to the disk. */
struct command {
    struct server_parts *parts;
    struct acceptance acceptance;
    struct backend_done done;
};

static const char *app_name(const struct acceptance *acceptance)
{
    return acceptance->revision->app->name;
}

struct disk_entry accept_begin(struct server_parts *parts, const struct acceptance *acceptance)
{
    struct app_record *record = records_find(parts->records, app_name(acceptance));

    if (record)
        record->is_committing = true;
    return (struct disk_entry){
        .key = mem_printf("%s%s", RECORD_KEY_APPS, app_name(acceptance)),
        .data =
            record_text(acceptance->revision, acceptance->removing, acceptance->remove_volumes),
    };
}

void accept_abandon(struct server_parts *parts, struct acceptance acceptance)
{
    struct app_record *record = records_find(parts->records, app_name(&acceptance));

    if (record) {
        record->is_committing = false;
        reconciler_touch(parts->reconciler, record); /* it may have waited for this */
    }
    (void)revision_unref(acceptance.revision);
}

static void tell(struct server_parts *parts, const struct app_record *record)
{
    log_info("app=%s revision=%llu accepted=%s", record->name,
             (unsigned long long)record->revision->number, record->removing ? "down" : "up");
    feed_publish(parts->events,
                 json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind",
                           record->removing ? "app-removing" : "app-up", "app", record->name,
                           "service", "", "cluster", "", "message", ""));
}

void accept_apply(struct server_parts *parts, struct acceptance acceptance)
{
    struct app_record *record = records_find(parts->records, app_name(&acceptance));

    if (!record)
        record = records_add(parts->records, app_name(&acceptance));
    (void)revision_unref(record->revision);
    record->is_committing = false;
    record->revision = acceptance.revision;
    record->removing = acceptance.removing;
    record->remove_volumes = acceptance.remove_volumes;
    record->state = APP_WORKING;
    record->actions_done = record->actions_total = 0;
    tell(parts, record);
    reconciler_touch(parts->reconciler, record);
    reconciler_touch_intent(parts->reconciler);
}

static void on_written(void *ctx, const struct err *err)
{
    struct command *command = ctx;
    const struct revision *revision = command->acceptance.revision;
    json_t *reply = json_pack("{s:s, s:I}", "app", revision->app->name, "revision",
                              (json_int_t)revision->number);

    if (err) {
        json_decref(reply);
        accept_abandon(command->parts, command->acceptance);
        command->done.fn(command->done.ctx, err->code, NULL, err);
    } else {
        accept_apply(command->parts, command->acceptance);
        command->done.fn(command->done.ctx, BACKEND_OK, reply, NULL);
    }
    free(command);
}

void accept_revision(struct server_parts *parts, struct acceptance acceptance,
                     struct backend_done done)
{
    struct command *command = mem_new(struct command);
    struct disk_entry entry = accept_begin(parts, &acceptance);

    *command = (struct command){.parts = parts, .acceptance = acceptance, .done = done};
    disk_write(parts->disk, &entry, 1, on_written, command);
    free((void *)(uintptr_t)entry.key);
    free((void *)(uintptr_t)entry.data);
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
