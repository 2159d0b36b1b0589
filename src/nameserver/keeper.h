/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the last intent on disk, and the one before it, so that a nameserver that starts knows
 * what to answer before anybody tells it.
 *
 *     FOLDER/intent.json            the last one
 *     FOLDER/intent.previous.json   the one before: for a disk that damages the last one
 *     FOLDER/lock                   held by the nameserver whose folder this is
 *
 * Writes on the thread pool, one at a time; of what comes meanwhile only the newest is written.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "model/intent.h"

#include <stddef.h>
#include <uv.h>

struct keeper;

enum {
    KEEPER_LAST = 0,
    KEEPER_PREVIOUS = 1, /* the last one is damaged: `err` says how */
    KEEPER_NOTHING = 2,  /* there is none, or none that can be read: then `err` says why */
};

/* `err` is NULL when this intent, or a newer one, is durable. Called from the loop. */
typedef void keeper_on_done(void *ctx, const struct err *err);

/* Makes the folder. -EBUSY while another nameserver has it. */
int keeper_open(struct keeper **out, uv_loop_t *loop, const char *folder,
                struct err *err) MUST_USE;

/* Waits for the write under way, drops what waits: no on_done comes. Accepts NULL. Returns
 * NULL.
 */
struct keeper *keeper_close(struct keeper *keeper);

/* A KEEPER_... outcome; the caller frees the intent. A damaged file is kept aside. */
int keeper_load(const struct keeper *keeper, struct intent **out, struct err *err) MUST_USE;

/* Copies the text of an intent. */
void keeper_write(struct keeper *keeper, const char *text, size_t len, keeper_on_done *on_done,
                  void *ctx);
