/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of an app's copies in all clusters as one stream. */
#pragma once

#include "server/reconciler.h"

struct logs_stream;

/* Ends the sink when no copy has more to say; with `follow` that is when all are gone. */
struct logs_stream *logs_open(struct reconciler *reconciler, const struct backend_logs *logs,
                              struct backend_sink sink) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct logs_stream *logs_close(struct logs_stream *stream);
