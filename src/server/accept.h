/* SPDX-License-Identifier: Apache-2.0 */
/* Accepts a revision of an app: durable first, then it counts. */
#pragma once

#include "server/backend.h"

/* A revision that shall count once it is durable. */
struct acceptance {
    struct revision *revision; /* owned */
    bool removing, remove_volumes;
};

/*
 * Writes the revision of the app, taken over, and lets it count once it is durable. The caller
 * sees to it that no other command is on its way to the disk.
 */
void accept_revision(struct server_parts *parts, struct acceptance acceptance,
                     struct backend_done done);

/*
 * For those who write it together with something else: the key and the text to write, which the
 * caller frees; then either of the others. Each takes over the acceptance.
 */
struct disk_entry accept_begin(struct server_parts *parts, const struct acceptance *acceptance);
void accept_apply(struct server_parts *parts, struct acceptance acceptance);
void accept_abandon(struct server_parts *parts, struct acceptance acceptance);

/* Ends a command with the refusals of the plan, which is taken over. */
void accept_refuse(struct plan *plan, struct backend_done done);

/* A deep copy, by way of JSON. NULL with `err` set: the state is not what it should be. */
struct app *accept_copy_app(const struct app *app, struct err *err) MUST_USE;
