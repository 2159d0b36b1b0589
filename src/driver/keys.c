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

size_t driver_gaps(const char *driver, const struct app *app, driver_gap_fn *on_gap, void *ctx)
{
    const struct driver *found = driver_find(driver);

    assert(found);
    return driver_gaps_in(found->gaps, app, on_gap, ctx);
}
