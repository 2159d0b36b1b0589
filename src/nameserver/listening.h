/* SPDX-License-Identifier: Apache-2.0 */
/* Where the DNS workers listen, which may change while the nameserver runs. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "dns/server.h"
#include "model/strings.h"
#include "nameserver/helm.h"

struct listening {
    struct dns_server *dns; /* NULL: closed, or it could not be opened again */
    struct strings listen;  /* owned, as its texts are */
};

int listening_open(struct listening *listening, const struct strings *listen,
                   struct err *err) MUST_USE;
void listening_close(struct listening *listening);

/*
 * Listens here from now on. Queries that arrive in the few milliseconds between the old
 * sockets and the new ones are lost, and asked again by who sent them. When the new addresses
 * cannot be had the old ones stay; listening->dns is NULL if not even those could be.
 */
int listening_change(struct listening *listening, const struct strings *listen,
                     struct helm *helm, struct err *err) MUST_USE;
