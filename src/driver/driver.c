/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/driver.h"

#include <string.h>

#define DRIVER(name) extern const struct driver driver_##name;
#include "driver_list.h"
#undef DRIVER

const struct driver *const driver_all[] = {
#define DRIVER(name) &driver_##name,
#include "driver_list.h"
#undef DRIVER
    NULL,
};

const struct driver *driver_find(const char *name)
{
    for (size_t i = 0; driver_all[i]; i++)
        if (strcmp(driver_all[i]->name, name) == 0)
            return driver_all[i];
    return NULL;
}
