/* SPDX-License-Identifier: Apache-2.0 */
/* What the writing and the reading half of app_json share. Not for others. */
#pragma once

/* Words of enums, in their order, NULL at the end. */
extern const char *const app_protocol_texts[];
extern const char *const app_mount_texts[];
extern const char *const app_condition_texts[];
extern const char *const app_restart_texts[];
extern const char *const app_state_texts[];
