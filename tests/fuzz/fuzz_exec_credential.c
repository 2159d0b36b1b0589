/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a plugin prints: credentials, or a word on what is wrong with them. */
#include "fleet/exec_credential.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct exec_credential credential = {0};
    struct err err = {0};
    int r = exec_credential_read(&credential, arena, "client.authentication.k8s.io/v1",
                                 (const char *)data, size, &err);

    assert(r == 0 ? credential.token || (credential.cert_pem && credential.key_pem)
                  : err.code == r);
    (void)arena_free(arena);
    return 0;
}
