/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as a plan must write and read back the same. */
#include "model/plan_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan *plan = NULL;
    struct plan *again = NULL;
    struct err err = {0};
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

    if (json && plan_from_json(&plan, json, &err) == 0) {
        json_t *written = plan_to_json(plan);

        assert(written);
        assert(plan_from_json(&again, written, &err) == 0);
        json_t *rewritten = plan_to_json(again);
        assert(json_equal(rewritten, written));
        json_decref(rewritten);
        json_decref(written);
    }
    json_decref(json);
    plan = plan_free(plan);
    again = plan_free(again);
    return 0;
}
