/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The actions of one cluster: what waits, runs, is done but not yet seen, or failed and waits
 * to be tried again. No clock and no socket of its own.
 *
 *   queued --> running --> done --> forgotten by the next observation that began after it
 *                 +------> failed --> may be tried again after its wait
 */
#pragma once

#include "base/err.h"
#include "base/map.h"
#include "control/revision.h"
#include "model/action.h"

#include <stdbool.h>
#include <stdint.h>

enum work_state { WORK_QUEUED, WORK_RUNNING, WORK_DONE, WORK_FAILED };

struct work {
    struct action action; /* its texts are in `arena` */
    struct arena *arena;
    const char *key;
    struct revision *revision;
    const char *registry_auth;
    unsigned state;
    struct work *next;  /* queued ones */
    uint64_t done_ms;   /* WORK_DONE, WORK_FAILED */
    bool is_seen;       /* WORK_FAILED: an observation that began later shows what it did */
    uint64_t retry_ms;  /* WORK_FAILED: when it may be tried again */
    uint64_t forget_ms; /* WORK_FAILED: when a failure is too old to count */
    bool is_told;       /* WORK_FAILED: its app was told that the wait is over */
    unsigned failures;
    char error[480];
    void *owner; /* whoever carries it out sets both, while it runs */
    void *call;
};

struct work_queue {
    struct map by_key;
    struct work *queued, *queued_last;
    unsigned running;
    void (*cancel)(void *call);
};

/* `cancel` ends the call of a running one that is dropped; NULL where none has calls. */
void work_queue_init(struct work_queue *queue, void (*cancel)(void *call));
void work_queue_fini(struct work_queue *queue);

enum {
    WORK_TAKEN = 0,
    WORK_PENDING = 1, /* the same action is under way, or done since the last observation */
    WORK_LATER = 2,   /* it failed a moment ago: work_queue_take_retry will tell */
};

/* Copies the action unless it is superfluous; keeps a reference to the revision. */
int work_queue_add(struct work_queue *queue, const struct action *action,
                   struct revision *revision, const char *registry_auth, uint64_t now_ms);

/* The next queued one, now running; NULL when there is none. */
struct work *work_queue_begin(struct work_queue *queue);

/* The running one is done, or failed if `err` is not NULL. */
void work_queue_finish(struct work_queue *queue, struct work *work, uint64_t now_ms,
                       const struct err *err);

/* An observation that began at `since_ms` shows what was done before. */
void work_queue_forget_done(struct work_queue *queue, uint64_t since_ms);

/* Drops everything, cancelling what runs. Failures are forgotten: the cluster was lost. */
void work_queue_cancel(struct work_queue *queue);

/* When the first failed one may be tried again; 0: none waits. */
uint64_t work_queue_retry_due(const struct work_queue *queue);

/* The app of a failed one whose wait is over, each once; NULL: no more. */
const char *work_queue_take_retry(struct work_queue *queue, uint64_t now_ms);

/* The action waits, runs, or is done and not yet seen. */
bool work_queue_has(const struct work_queue *queue, const struct action *action);

bool work_queue_is_busy(const struct work_queue *queue);
/* Those of the app whose effect no observation shows yet: a failed one may have had its own. */
unsigned work_queue_count_pending(const struct work_queue *queue, const char *app);

/* NULL when no action of the app waits after a failure. */
const char *work_queue_error(const struct work_queue *queue, const char *app);
