/* SPDX-License-Identifier: Apache-2.0 */
#include "server/records.h"

#include "base/mem.h"
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

static json_t *parse(const struct store_value *value, struct err *err)
{
    json_error_t error;
    json_t *json = json_loadb(value->data, value->len, JSON_DECODE_ANY, &error);

    if (!json)
        (void)err_set(err, -EBADMSG, "state: the value of '%s' is not JSON: %s", value->key,
                      error.text);
    return json;
}

static int load_app(struct records *records, const struct store_value *value, struct err *err)
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
        return err_wrap(err, "state: the value of '%s'", value->key);
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

static int load_fleet(struct records *records, struct store *store, struct arena *arena,
                      struct err *err)
{
    struct store_value value;
    int r = store_get(store, arena, RECORD_KEY_FLEET, &value, err);

    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND) {
        struct arena *own = arena_new();

        records->fleet = arena_new_in(own, struct fleet);
        records->fleet->arena = own;
        return 0;
    }
    json_t *json = parse(&value, err);
    if (!json)
        return err->code;
    r = fleet_from_json(&records->fleet, json, err);
    json_decref(json);
    return r < 0 ? err_wrap(err, "state: the value of '%s'", RECORD_KEY_FLEET) : 0;
}

static int load_intent(struct records *records, struct store *store, struct arena *arena,
                       struct err *err)
{
    struct store_value value;
    int r = store_get(store, arena, RECORD_KEY_INTENT, &value, err);

    if (r != STORE_OK)
        return r < 0 ? r : 0;
    json_t *json = parse(&value, err);
    if (!json)
        return err->code;
    r = intent_from_json(&records->intent, json, err);
    json_decref(json);
    return r < 0 ? err_wrap(err, "state: the value of '%s'", RECORD_KEY_INTENT) : 0;
}

static int reserve_generations(struct records *records, struct store *store,
                               struct arena *arena, struct err *err)
{
    struct store_value value;
    uint64_t revision;
    char text[24];
    int r = store_get(store, arena, RECORD_KEY_GENERATION, &value, err);

    if (r < 0)
        return r;
    if (r == STORE_OK) {
        json_t *json = parse(&value, err);

        if (!json)
            return err->code;
        records->generation = (uint64_t)json_integer_value(json);
        json_decref(json);
    }
    (void)snprintf(text, sizeof(text), "%llu",
                   (unsigned long long)records->generation + RECORD_GENERATION_BLOCK);
    struct store_write write = {.kind = STORE_PUT,
                                .key = RECORD_KEY_GENERATION,
                                .revision = STORE_ANY,
                                .data = text,
                                .len = strlen(text)};
    r = store_commit(store, &write, 1, &revision, err);
    return r < 0 ? r : 0;
}

int records_load(struct records *records, struct store *store, struct err *err)
{
    struct arena *arena = arena_new();
    struct store_value *values = NULL;
    size_t count = 0;
    int r;

    *records = (struct records){0};
    map_init(&records->apps);
    r = load_fleet(records, store, arena, err);
    if (r == 0)
        r = load_intent(records, store, arena, err);
    if (r == 0)
        r = reserve_generations(records, store, arena, err);
    if (r == 0)
        r = store_list(store, arena, RECORD_KEY_APPS, &values, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = load_app(records, &values[i], err);
    (void)arena_free(arena);
    return r;
}
