/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as an app must write and read back the same. */
#include "model/app_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct app *app = NULL;
    struct app *again = NULL;
    struct err err = {0};
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

    if (json && app_from_json(&app, json, &err) == 0) {
        json_t *written = app_to_json(app);

        assert(written);
        assert(app_from_json(&again, written, &err) == 0);
        json_t *rewritten = app_to_json(again);
        assert(json_equal(rewritten, written));
        json_decref(rewritten);
        json_decref(written);
    }
    json_decref(json);
    app = app_free(app);
    again = app_free(again);
    return 0;
}
