/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/handover.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

void handover_init(struct handover *handover, size_t reader_count, void (*release)(void *value))
{
    *handover = (struct handover){.reader_count = reader_count, .release = release};
    atomic_init(&handover->latest, NULL);
    atomic_init(&handover->epoch, 1);
    handover->readers = aligned_alloc(_Alignof(struct handover_reader),
                                      reader_count * sizeof(*handover->readers));
    if (!handover->readers)
        abort(); /* as mem_new does */
    for (size_t i = 0; i < reader_count; i++)
        atomic_init(&handover->readers[i].epoch, 0);
}

void handover_fini(struct handover *handover)
{
    void *latest = atomic_load(&handover->latest);

    handover_reclaim(handover);
    assert(handover->old_count == 0);
    if (latest)
        handover->release(latest);
    free(handover->readers);
}

const void *handover_enter(struct handover *handover, size_t reader)
{
    atomic_store(&handover->readers[reader].epoch, atomic_load(&handover->epoch));
    return atomic_load(&handover->latest);
}

void handover_leave(struct handover *handover, size_t reader)
{
    atomic_store_explicit(&handover->readers[reader].epoch, 0, memory_order_release);
}

/* Every reader that is in entered in `epoch` or later. */
static int readers_have_reached(const struct handover *handover, uint64_t epoch)
{
    for (size_t i = 0; i < handover->reader_count; i++) {
        uint64_t entered = atomic_load(&handover->readers[i].epoch);

        if (entered && entered < epoch)
            return 0;
    }
    return 1;
}

void handover_reclaim(struct handover *handover)
{
    size_t done = 0;

    while (done < handover->old_count &&
           readers_have_reached(handover, handover->old[done].epoch))
        handover->release(handover->old[done++].value);
    handover->old_count -= done;
    memmove(handover->old, handover->old + done, handover->old_count * sizeof(*handover->old));
}

void handover_put(struct handover *handover, void *value)
{
    handover_reclaim(handover);
    while (handover->old_count == HANDOVER_OLD_MAX) {
        /* A reader is out again after one batch; it only needs the processor for that. */
        (void)sched_yield();
        handover_reclaim(handover);
    }

    void *old = atomic_exchange(&handover->latest, value);
    uint64_t epoch = atomic_fetch_add(&handover->epoch, 1) + 1;
    if (old)
        handover->old[handover->old_count++] = (struct handover_old){old, epoch};
    handover_reclaim(handover);
}

const void *handover_latest(const struct handover *handover)
{
    return atomic_load(&handover->latest);
}
