/* SPDX-License-Identifier: Apache-2.0 */
#include "model/action.h"

const char *action_kind_name(enum action_kind kind)
{
    static const char *const names[ACTION_KINDS] = {
        "network-ensure", "volume-ensure",  "replica-start", "replica-restart",
        "replica-remove", "network-remove", "volume-remove", "space-ensure",
        "service-apply",  "service-remove", "space-remove"};

    return names[kind];
}
