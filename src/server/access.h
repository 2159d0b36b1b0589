/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a cluster's API is reached now: address, certificates, token. For clusters behind a
 * kubeconfig it reads files and runs plugins, and does so again as they change and expire.
 *
 * Counted, because calls outlive the link that began them.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "model/fleet.h"
#include "net/http_client.h"

struct access;

/* The cluster is copied. One reference. */
struct access *access_new(uv_loop_t *loop, const struct cluster *cluster) MUST_USE;
struct access *access_ref(struct access *access) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct access *access_unref(struct access *access);

typedef void access_on_ready(void *ctx, const struct err *err);

/*
 * Reads what the endpoint names, and runs its plugin unless what that brought is still good.
 * One at a time. The callback may come from inside.
 */
void access_prepare(struct access *access, access_on_ready *on_ready, void *ctx);

/* No callback comes after this. */
void access_cancel(struct access *access);

/* The cluster does not take these credentials: the next access_prepare brings new ones. */
void access_spoil(struct access *access);

/* After access_prepare. Valid until the next call of a function of access. */
const struct http_target *access_target(struct access *access);
