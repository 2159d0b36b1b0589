/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a Kubernetes cluster is reached and who we are there: read from kubeconfig files, as
 * kubectl reads them, or from what a pod finds in its own cluster.
 *
 * Pure: what it wants to know of the world it asks through struct surroundings. Texts are in
 * the arena; PEM texts and tokens are secrets.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/surroundings.h"
#include "model/strings.h"

#include <stdbool.h>
#include <stddef.h>

#define KUBECONFIG_SIZE_MAX ((size_t)4 << 20) /* one file may know thousands of clusters */

/* A program that brings credentials; see exec_credential.h. */
struct kubeconfig_exec {
    const char *command; /* NULL: none */
    const char *api_version;
    struct strings args;
    struct key_values env; /* in the order of the file */
    bool wants_cluster;    /* is to be told about the cluster */
    const char *hint;      /* where to get it, when it is not there; NULL: nothing said */
};

/* NULL where nothing is said. */
struct kubeconfig {
    const char *server; /* "https://192.0.2.10:6443", without a slash at its end */
    const char *ca_file, *ca_pem;
    const char *server_name; /* in the server's certificate */
    const char *proxy;
    bool is_insecure; /* whoever answers is believed */

    const char *cert_file, *cert_pem, *key_file, *key_pem;
    const char *token, *token_file; /* the file, which changes, counts more */
    const char *username, *password;
    struct kubeconfig_exec exec;
};

/*
 * `endpoint` is a cluster's: "kubeconfig:///PATH[:/PATH]...[#CONTEXT]" or "in-cluster://".
 * Of several files the first that names a thing counts, and those that are not there do not.
 * 0, or a negative errno with `err` set ("/etc/kube/config:3:5: ...").
 */
int kubeconfig_read(struct kubeconfig *out, struct arena *arena, const char *endpoint,
                    const struct surroundings *world, struct err *err) MUST_USE;

bool kubeconfig_is_endpoint(const char *endpoint);
