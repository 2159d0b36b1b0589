/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What names, hostnames, addresses and endpoints look like. Checked wherever one comes from
 * outside, so that inside they need no escaping in paths, labels and DNS answers.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

#define ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */

/* [a-z0-9][a-z0-9_-]*, at most APP_NAME_MAX bytes. */
bool name_is_app(const char *name);

/* Services, and the keys of networks and volumes: [a-zA-Z0-9._-]+, at most 253 bytes. */
bool name_is_key(const char *name);

/* Clusters, providers, regions, drivers: [a-z0-9][a-z0-9-]*, at most 63 bytes. */
bool name_is_cluster(const char *name);

/* Networks and volumes in an orchestrator: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 253 bytes. */
bool name_is_object(const char *name);

/*
 * A DNS name that hosts may have (RFC 1123 section 2.1), lower-cased and without the final dot.
 * NULL when it is none, or when its last label is a number: then it is a mistyped address.
 */
const char *name_hostname(struct arena *arena, const char *text);

/* The one spelling of an IPv4 or IPv6 address (RFC 5952). False when it is none. */
bool name_address(const char *text, char out[ADDRESS_SIZE]);

/*
 * "tcp://HOST:PORT" with a name, an IPv4 or a bracketed IPv6 address; "unix:///PATH";
 * "kubeconfig:///PATH[:/PATH]...[#CONTEXT]"; "in-cluster://".
 */
bool name_is_endpoint(const char *text);

/* "127.0.0.1:5353", "[::1]:5353": where a server listens. */
bool name_is_listen_address(const char *text);

/*
 * Splits "HOST:PORT" or "[HOST]:PORT". The host goes to `host` without brackets; `size` is its
 * room. False when it is not of this form, the port is not 1 to 65535 or the host too long.
 */
bool name_split_host_port(const char *text, char *host, size_t size, unsigned *port);
