/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes between us and a plugin that brings credentials (client.authentication.k8s.io
 * v1 and v1beta1): a word about the cluster to it, credentials with an end from it. Pure.
 */
#pragma once

#include "fleet/kubeconfig.h"

#include <stdint.h>

#define EXEC_CREDENTIAL_SIZE_MAX ((size_t)1 << 20)

struct exec_credential {
    const char *token;              /* NULL: none */
    const char *cert_pem, *key_pem; /* both or none */
    int64_t expires_ms;             /* wall time; 0: nothing said */
};

/* The value of KUBERNETES_EXEC_INFO. `ca_pem` may be NULL. In the arena. */
const char *exec_credential_info(struct arena *arena, const struct kubeconfig *config,
                                 const char *ca_pem) MUST_USE;

/* Reads what it printed. 0, or -EINVAL with `err` set. Texts are in the arena. */
int exec_credential_read(struct exec_credential *out, struct arena *arena,
                         const char *api_version, const char *text, size_t len,
                         struct err *err) MUST_USE;
