/* SPDX-License-Identifier: Apache-2.0 */
#include "server/records.h"

#include "base/mem.h"
#include "driver/driver.h"
#include "model/app_json.h"
#include "model/fleet_json.h"
#include "model/intent_json.h"
#include "model/plan_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct app_record *records_find(const struct records *records, const char *name)
{
    return map_find(&records->apps, name);
}

struct app_record *records_add(struct records *records, const char *name)
{
    struct app_record *record = mem_new(struct app_record);

    record->name = mem_strdup(name);
    record->progress = feed_new(0);
    record->waiting = json_array();
    departures_init(&record->departures);
    (void)map_set(&records->apps, record->name, record);
    return record;
}

static void record_free(struct app_record *record)
{
    departures_fini(&record->departures);
    (void)revision_unref(record->revision);
    (void)feed_free(record->progress);
    json_decref(record->waiting);
    free(record->name);
    free(record);
}

void records_remove(struct records *records, struct app_record *record)
{
    (void)map_remove(&records->apps, record->name);
    record_free(record);
}

void records_fini(struct records *records)
{
    size_t at = 0;
    void *record;

    while (map_next(&records->apps, &at, NULL, &record))
        record_free(record);
    map_fini(&records->apps);
    records->fleet = fleet_free(records->fleet);
    records->intent = intent_free(records->intent);
}

static int compare_record(const void *a, const void *b)
{
    return strcmp((*(struct app_record *const *)a)->name,
                  (*(struct app_record *const *)b)->name);
}

struct app_record **records_sorted(const struct records *records, struct arena *arena,
                                   size_t *count)
{
    struct app_record **sorted =
        arena_array(arena, records->apps.count, sizeof(struct app_record *));
    size_t at = 0;
    void *record;

    *count = 0;
    while (map_next(&records->apps, &at, NULL, &record))
        sorted[(*count)++] = record;
    if (*count)
        qsort(sorted, *count, sizeof(struct app_record *), compare_record);
    return sorted;
}

char *record_text(const struct revision *revision, bool removing, bool remove_volumes)
{
    json_t *json =
        json_pack("{s:I, s:o, s:o, s:b, s:b}", "revision", (json_int_t)revision->number, "app",
                  app_to_json(revision->app), "plan", plan_to_json(revision->plan), "removing",
                  removing, "remove_volumes", remove_volumes);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (!text)
        abort(); /* only when out of memory */
    json_decref(json);
    return text;
}

/* An entry that passed its checksum and is not understood: another version wrote it. */
static int fail_entry(const char *key, struct err *err)
{
    char why[240];

    (void)snprintf(why, sizeof(why), "%.239s", err->text);
    return err_set(
        err, -EBADMSG,
        "state: the value of '%s' is not what this version of seawall writes: %s. It "
        "was left as it is. Use the version that wrote it",
        key, why);
}

static json_t *parse(const struct store_value *value, struct err *err)
{
    json_error_t error;
    json_t *json = json_loadb(value->data, value->len, JSON_DECODE_ANY, &error);

    if (!json)
        (void)err_set(err, -EBADMSG, "it is not JSON: %s", error.text);
    return json;
}

static int read_app(struct records *records, const struct store_value *value, struct err *err)
{
    struct app *app = NULL;
    struct plan *plan = NULL;
    json_t *json = parse(value, err);

    if (!json)
        return err->code;
    if (app_from_json(&app, json_object_get(json, "app"), err) < 0 ||
        plan_from_json(&plan, json_object_get(json, "plan"), err) < 0) {
        json_decref(json);
        (void)app_free(app);
        return err->code;
    }
    struct app_record *record = records_add(records, app->name);
    record->revision = revision_new(
        (uint64_t)json_integer_value(json_object_get(json, "revision")), app, plan);
    record->removing = json_is_true(json_object_get(json, "removing"));
    record->remove_volumes = json_is_true(json_object_get(json, "remove_volumes"));
    record->is_dirty = true;
    json_decref(json);
    return 0;
}

static int read_fleet(struct records *records, const struct store_value *value, struct err *err)
{
    json_t *json = parse(value, err);

    if (!json)
        return err->code;
    int r = fleet_from_json(&records->fleet, json, err);
    json_decref(json);
    return r < 0 ? r : records_check_drivers(records->fleet, err);
}

static int read_intent(struct records *records, const struct store_value *value,
                       struct err *err)
{
    json_t *json = parse(value, err);

    if (!json)
        return err->code;
    int r = intent_from_json(&records->intent, json, err);
    json_decref(json);
    return r;
}

static int read_generation(struct records *records, const struct store_value *value,
                           struct err *err)
{
    json_t *json = parse(value, err);
    bool is_number = json_is_integer(json) && json_integer_value(json) >= 0;

    if (!json)
        return err->code;
    records->generation = (uint64_t)json_integer_value(json);
    json_decref(json);
    return is_number ? 0 : err_set(err, -EBADMSG, "it is not a number");
}

/* What is not there is as in a new state. */
static int load(struct records *records, struct store *store, const char *key,
                int (*read)(struct records *, const struct store_value *, struct err *),
                struct err *err)
{
    struct arena *arena = arena_new();
    struct store_value value;
    int r = store_get(store, arena, key, &value, err);

    if (r == STORE_OK && read(records, &value, err) < 0)
        r = fail_entry(key, err);
    (void)arena_free(arena);
    return r < 0 ? r : 0;
}

static int load_apps(struct records *records, struct store *store, struct err *err)
{
    struct arena *arena = arena_new();
    struct store_value *values = NULL;
    size_t count = 0;
    int r = store_list(store, arena, RECORD_KEY_APPS, &values, &count, err);

    for (size_t i = 0; r == 0 && i < count; i++)
        if (read_app(records, &values[i], err) < 0)
            r = fail_entry(values[i].key, err);
    (void)arena_free(arena);
    return r;
}

static int reserve_generations(const struct records *records, struct store *store,
                               struct err *err)
{
    uint64_t revision;
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu",
                   (unsigned long long)records->generation + RECORD_GENERATION_BLOCK);
    struct store_write write = {.kind = STORE_PUT,
                                .key = RECORD_KEY_GENERATION,
                                .revision = STORE_ANY,
                                .data = text,
                                .len = strlen(text)};
    int r = store_commit(store, &write, 1, &revision, err);
    return r < 0 ? r : 0;
}

static struct fleet *empty_fleet(void)
{
    struct arena *arena = arena_new();
    struct fleet *fleet = arena_new_in(arena, struct fleet);

    fleet->arena = arena;
    return fleet;
}

int records_load(struct records *records, struct store *store, struct err *err)
{
    *records = (struct records){0};
    map_init(&records->apps);
    int r = load(records, store, RECORD_KEY_FLEET, read_fleet, err);
    if (r == 0 && !records->fleet)
        records->fleet = empty_fleet();
    if (r == 0)
        r = load(records, store, RECORD_KEY_INTENT, read_intent, err);
    if (r == 0)
        r = load(records, store, RECORD_KEY_GENERATION, read_generation, err);
    if (r == 0)
        r = load_apps(records, store, err);
    /* Last: what is not understood is not written to either. */
    return r < 0 ? r : reserve_generations(records, store, err);
}

int records_check_drivers(const struct fleet *fleet, struct err *err)
{
    for (size_t i = 0; i < fleet->cluster_count; i++)
        if (!driver_find(fleet->clusters[i].driver))
            return err_set(err, -EINVAL, "cluster '%s': there is no driver '%s'",
                           fleet->clusters[i].name, fleet->clusters[i].driver);
    return 0;
}
