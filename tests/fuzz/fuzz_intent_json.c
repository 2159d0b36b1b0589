/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as an intent must write and read back the same. */
#include "model/intent_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct intent *intent = NULL;
    struct intent *again = NULL;
    struct err err = {0};

    if (intent_parse(&intent, (const char *)data, size, &err) == 0) {
        json_t *written = intent_to_json(intent);

        assert(written);
        assert(intent_from_json(&again, written, &err) == 0);
        json_t *rewritten = intent_to_json(again);
        assert(json_equal(rewritten, written));
        json_decref(rewritten);
        json_decref(written);
    }
    intent = intent_free(intent);
    again = intent_free(again);
    return 0;
}
