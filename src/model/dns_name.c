/* SPDX-License-Identifier: Apache-2.0 */
#include "model/dns_name.h"

#include <stddef.h>
#include <string.h>

static bool label_is_valid(const char *label, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    return len >= 1 && len <= DNS_LABEL_MAX && strspn(label, allowed) >= len &&
           label[0] != '-' && label[len - 1] != '-';
}

bool dns_name_is_valid(const char *name)
{
    if (strnlen(name, DNS_NAME_TEXT_MAX + 1) > DNS_NAME_TEXT_MAX)
        return false;
    for (;;) {
        size_t len = strcspn(name, ".");

        if (!label_is_valid(name, len))
            return false;
        if (!name[len])
            return true;
        name += len + 1;
    }
}

bool dns_name_is_within(const char *name, const char *zone)
{
    size_t name_len = strlen(name);
    size_t zone_len = strlen(zone);

    if (name_len < zone_len || strcmp(name + name_len - zone_len, zone) != 0)
        return false;
    return name_len == zone_len || name[name_len - zone_len - 1] == '.';
}
