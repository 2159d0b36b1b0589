/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the questions of the API: what there is, as JSON. */
#pragma once

#include "server/backend.h"

json_t *show_version(const struct server_parts *parts);
json_t *show_fleet(const struct server_parts *parts);
json_t *show_apps(const struct server_parts *parts);
json_t *show_app(const struct server_parts *parts, const struct app_record *record);
