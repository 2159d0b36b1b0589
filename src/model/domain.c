/* SPDX-License-Identifier: Apache-2.0 */
#include "model/domain.h"

const char *domain_level_name(enum domain_level level)
{
    static const char *const names[DOMAIN_LEVELS] = {"cluster", "region", "provider"};

    return names[level];
}

bool survive_is_empty(const struct survive *survive)
{
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (survive->count[level])
            return false;
    return true;
}
