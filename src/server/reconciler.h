/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the clusters in step with the plans: looks at every app that something changed for,
 * once at the end of the tick, and hands the actions that control decides on to the links.
 */
#pragma once

#include "base/attr.h"
#include "control/intent_make.h"
#include "server/disk.h"
#include "server/link.h"
#include "server/records.h"
#include "server/steering.h"

struct reconciler;

struct reconciler *reconciler_new(uv_loop_t *loop, struct http_client *client,
                                  struct records *records, struct disk *disk,
                                  struct steering *steering, struct feed *events) MUST_USE;

/* Closes the links. Accepts NULL. Returns NULL. */
struct reconciler *reconciler_free(struct reconciler *reconciler);

/* The fleet of the records changed: opens and closes links. */
void reconciler_on_fleet(struct reconciler *reconciler);

/* Something about the app, or about steering, changed. */
void reconciler_touch(struct reconciler *reconciler, struct app_record *record);
void reconciler_touch_all(struct reconciler *reconciler);
void reconciler_touch_intent(struct reconciler *reconciler);

uv_loop_t *reconciler_loop(const struct reconciler *reconciler);

/* NULL when there is none. */
struct link *reconciler_find_link(const struct reconciler *reconciler, const char *cluster);

/* All clusters as control sees them, sorted by name; the array is in `arena`. */
struct control_cluster *reconciler_clusters(const struct reconciler *reconciler,
                                            struct arena *arena, size_t *count);

/* Is told of every new observation, until reconciler_unwatch. It is the caller's memory. */
struct reconciler_watcher {
    void (*fn)(void *ctx, struct link *link);
    void *ctx;
    struct reconciler_watcher *next;
};

void reconciler_watch(struct reconciler *reconciler, struct reconciler_watcher *watcher);

/* Also for one that does not watch. */
void reconciler_unwatch(struct reconciler *reconciler,
                        const struct reconciler_watcher *watcher);

/* What steering says of a copy: the best verdict on its steered port. */
enum replica_endpoint reconciler_verdict(const struct reconciler *reconciler,
                                         const struct app_record *record,
                                         const struct cluster *cluster,
                                         const struct observed_replica *replica);
