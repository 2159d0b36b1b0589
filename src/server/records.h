/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server must not forget: the fleet and the apps. Read from the store at start;
 * written by whoever changes it, before the change counts.
 */
#pragma once

#include "api/feed.h"
#include "base/map.h"
#include "control/round.h"
#include "model/fleet.h"
#include "model/intent.h"
#include "store/store.h"

#include <stdbool.h>

struct app_record {
    char *name;
    struct revision *revision; /* the durable one; never NULL once the tick is over */
    bool removing, remove_volumes;
    bool is_committing; /* a command is on its way to the disk */

    /* Not durable: */
    enum app_state state;
    bool is_dirty;           /* wants a look at the end of this tick */
    bool wants_announcement; /* somebody follows and has not been told the outcome */
    struct feed *progress;
    unsigned actions_done, actions_total; /* since the last command */
    char trouble[480];                    /* what keeps it from being in step */
    json_t *waiting;                      /* array for GET /v1/apps/NAME */
    struct departures departures;
};

struct records {
    struct fleet *fleet;   /* never NULL */
    struct map apps;       /* name -> struct app_record, owned */
    uint64_t generation;   /* of the latest intent */
    struct intent *intent; /* the latest one, NULL before the first */
};

#define RECORD_KEY_FLEET      "fleet"
#define RECORD_KEY_INTENT     "intent"
#define RECORD_KEY_GENERATION "generation"
#define RECORD_KEY_APPS       "apps/"

/*
 * Generations are reserved in blocks, so that an intent costs no write: after a crash the next
 * block begins above every generation that was handed out.
 */
#define RECORD_GENERATION_BLOCK 1000000

int records_load(struct records *records, struct store *store, struct err *err) MUST_USE;
void records_fini(struct records *records);

/* -EINVAL for a cluster whose driver this version does not have. */
int records_check_drivers(const struct fleet *fleet, struct err *err) MUST_USE;

struct app_record *records_find(const struct records *records, const char *name);

/* Adds an empty record, which gets its revision at once. */
struct app_record *records_add(struct records *records, const char *name);
void records_remove(struct records *records, struct app_record *record);

/* Sorted by name; the array is in `arena`. */
struct app_record **records_sorted(const struct records *records, struct arena *arena,
                                   size_t *count);

/* What is written for an app. The caller frees the text. */
char *record_text(const struct revision *revision, bool removing, bool remove_volumes);
