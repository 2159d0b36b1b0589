/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/keys.h"

#include "driver/driver.h"

#include <assert.h>

const char *const driver_names[] = {
#define DRIVER(name) #name,
#include "driver_list.h"
#undef DRIVER
    NULL,
};

size_t driver_gaps_in(const struct driver_gap *gaps, const struct app *app,
                      driver_gap_fn *on_gap, void *ctx)
{
    size_t count = 0;

    for (size_t s = 0; s < app->service_count; s++)
        for (const struct driver_gap *gap = gaps; gap && gap->key; gap++)
            if (gap->is_used(&app->services[s])) {
                on_gap(ctx, &app->services[s], gap);
                count++;
            }
    return count;
}

_Static_assert(SETTINGS <= 64, "struct driver has one bit for each");

/* Settings that are not in the driver's set. */
static size_t tell_settings(const struct driver *driver, const struct app *app,
                            driver_gap_fn *on_gap, void *ctx)
{
    size_t count = 0;

    for (size_t s = 0; s < app->service_count; s++) {
        const struct settings *settings = &app->services[s].settings;

        for (size_t i = 0; i < settings->count; i++) {
            enum setting_id id = settings->items[i].id;
            const struct driver_gap gap = {setting_types[id].key, "it is not translated yet",
                                           NULL};

            if (driver->settings & UINT64_C(1) << id)
                continue;
            on_gap(ctx, &app->services[s], &gap);
            count++;
        }
    }
    return count;
}

size_t driver_gaps(const char *driver, const struct app *app, driver_gap_fn *on_gap, void *ctx)
{
    const struct driver *found = driver_find(driver);

    assert(found);
    return driver_gaps_in(found->gaps, app, on_gap, ctx) +
           tell_settings(found, app, on_gap, ctx);
}
