/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers queries by UDP, many with one system call. Allocates only in udp_new.
 *
 * One worker's; sockets are from listen_udp.
 */
#pragma once

#include "base/attr.h"
#include "base/random.h"
#include "dns/authority.h"
#include "dns/counters.h"

#include <stdbool.h>

struct udp;

struct udp *udp_new(struct random *random, struct counters *counters) MUST_USE;

/* Accepts NULL. Returns NULL. */
struct udp *udp_free(struct udp *udp);

/*
 * Answers what has come in, up to a limit that lets other sockets have their turn. Never waits:
 * an answer that the kernel has no room for is dropped, the client asks again.
 */
void udp_serve(struct udp *udp, int fd, const struct authority *authority);
