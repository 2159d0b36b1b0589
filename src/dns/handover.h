/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands the latest of a series of immutable values from one thread to many, who read it without
 * a lock and without waiting.
 *
 * The handover owns the values. A value that was replaced is released, by the writer, when no
 * reader is between enter and leave that could still have it.
 *
 * How it is known: each replacement begins a new epoch. A reader notes the epoch in which it
 * entered before it takes the value, so one that is out, or has noted the new epoch, cannot
 * have the old value. All of this is sequentially consistent; the store of the note and the
 * load of the value must not change places.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Replaced values that wait for readers. The next one waits with them: readers never block. */
#define HANDOVER_OLD_MAX 8

/* On a cache line of its own: readers write to it with every batch. */
struct handover_reader {
    _Alignas(64) _Atomic(uint64_t) epoch; /* in which it entered; 0: it is out */
};

struct handover_old {
    void *value;
    uint64_t epoch; /* the first in which nobody can get it any more */
};

struct handover {
    _Atomic(void *) latest;
    _Atomic(uint64_t) epoch;
    struct handover_reader *readers;
    size_t reader_count;
    void (*release)(void *value);
    struct handover_old old[HANDOVER_OLD_MAX]; /* oldest first */
    size_t old_count;
};

void handover_init(struct handover *handover, size_t reader_count,
                   void (*release)(void *value));

/* Releases all values; no reader may be in. */
void handover_fini(struct handover *handover);

/* Readers, each by its number: the latest value (NULL before the first), valid until leave. */
const void *handover_enter(struct handover *handover, size_t reader);
void handover_leave(struct handover *handover, size_t reader);

/* The writer. */
void handover_put(struct handover *handover, void *value);
const void *handover_latest(const struct handover *handover);

/* Releases what no reader has any more; handover_put does that as well. */
void handover_reclaim(struct handover *handover);
