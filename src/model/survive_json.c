/* SPDX-License-Identifier: Apache-2.0 */
#include "model/survive_json.h"

#include "model/fleet.h"
#include "model/json_read.h"

json_t *survive_to_json(const struct survive *survive)
{
    json_t *json = json_object();

    for (unsigned level = DOMAIN_LEVELS; level-- > 0;)
        if (survive->count[level])
            (void)json_object_set_new(json, domain_level_name(level),
                                      json_integer(survive->count[level]));
    return json;
}

int survive_from_json(const json_t *json, const char *where, struct survive *out,
                      struct err *err)
{
    static const char *const keys[] = {"provider", "region", "cluster", NULL};
    struct survive survive = {{0}};

    if (json_read_keys(json, where, keys, err) < 0)
        return err->code;
    for (unsigned level = 0; level < DOMAIN_LEVELS; level++)
        if (json_object_get(json, domain_level_name(level)) &&
            json_read_number(json, where, domain_level_name(level), 0, FLEET_CLUSTERS_MAX,
                             &survive.count[level], err) < 0)
            return err->code;
    *out = survive;
    return 0;
}
