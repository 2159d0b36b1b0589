/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan changes, compared with what runs now. Pure. Everything belongs to diff->arena. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "model/plan.h"
#include "model/strings.h"

#include <jansson.h>

enum change_what {
    CHANGE_KEEP,    /* as many as before, of the same definition */
    CHANGE_START,   /* more than before */
    CHANGE_REMOVE,  /* fewer than before */
    CHANGE_REPLACE, /* the definition of the service changed; the number may change with it */
};

/* "keep", "start", "remove", "replace". */
const char *change_what_name(enum change_what what);

/* One service in one cluster. */
struct change {
    const char *service, *cluster;
    unsigned from, to; /* replicas; never both 0 */
    enum change_what what;
};

struct diff {
    struct arena *arena;
    struct change *changes; /* sorted by service, then cluster */
    size_t count;
};

/*
 * `current` is what runs now, NULL: nothing. `redefined` names the services that the app
 * describes otherwise than what runs, sorted, NULL: none.
 */
struct diff *diff_make(const struct plan *plan, const struct plan *current,
                       const struct strings *redefined) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct diff *diff_free(struct diff *diff);
void diff_freep(struct diff **diff);

/* Nothing but CHANGE_KEEP. */
bool diff_is_empty(const struct diff *diff);

/*
 * [{"service": "web", "cluster": "amber-1", "from": 0, "to": 2, "what": "start"}], both ways.
 * The reader is strict: -EINVAL, and `err` names the field.
 */
json_t *diff_to_json(const struct diff *diff) MUST_USE;
int diff_from_json(struct diff **out, const json_t *json, struct err *err) MUST_USE;
