/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Compose Specification as tables: every key, its type, its short forms, how it merges, and
 * whether Seawall runs what it says.
 */
#pragma once

#include "yaml/shape.h"

/* What lies above enum shape_flag in the flags of a key. */
enum schema_flag {
    KEY_RUN = 1u << 8,      /* part of the app: what it says is done */
    KEY_HARMLESS = 1u << 9, /* read, and rightly without effect on what runs */
    KEY_KEEP = 1u << 10,    /* in canonical JSON even when it is empty */
    KEY_HIDE = 1u << 11,    /* not in canonical JSON: its work was done before */
};

extern const struct shape schema_project, schema_service, schema_network, schema_volume;

/* `x-seawall` at top level and in a service. */
extern const struct shape schema_seawall_app, schema_seawall_service;
