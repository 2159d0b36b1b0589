/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as a fleet must write and read back the same. */
#include "model/fleet_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet *fleet = NULL;
    struct fleet *again = NULL;
    struct err err = {0};
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

    if (json && fleet_from_json(&fleet, json, &err) == 0) {
        json_t *written = fleet_to_json(fleet);

        assert(written);
        assert(fleet_from_json(&again, written, &err) == 0);
        json_t *rewritten = fleet_to_json(again);
        assert(json_equal(rewritten, written));
        json_decref(rewritten);
        json_decref(written);
    }
    json_decref(json);
    fleet = fleet_free(fleet);
    again = fleet_free(again);
    return 0;
}
