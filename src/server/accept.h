/* SPDX-License-Identifier: Apache-2.0 */
/* Accepts a revision of an app: durable first, then it counts. */
#pragma once

#include "server/backend.h"

/*
 * Writes the revision, whose reference is taken over, and makes it the record's once it is
 * durable. Until then the record takes no other command.
 */
void accept_revision(struct server_parts *parts, struct app_record *record,
                     struct revision *revision, bool removing, bool remove_volumes,
                     struct backend_done done);

/* -EBUSY while another command for the record, which may be NULL, is on its way to the disk. */
int accept_check_idle(const struct app_record *record, struct err *err) MUST_USE;

/* Ends a command with the refusals of the plan, which is taken over. */
void accept_refuse(struct plan *plan, struct backend_done done);

/* A deep copy, by way of JSON. NULL with `err` set: the state is not what it should be. */
struct app *accept_copy_app(const struct app *app, struct err *err) MUST_USE;
