/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a container that Seawall hands to the orchestrator as the file has them: rights,
 * limits, devices, name servers and the like. One table says which there are; files, JSON,
 * digests and drivers go by it.
 */
#pragma once

#include "model/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_kind {
    SETTING_TEXT,
    SETTING_BOOL,
    SETTING_NUMBER,   /* whole, may be negative */
    SETTING_BYTES,    /* -1: no limit */
    SETTING_DURATION, /* nanoseconds */
    SETTING_LIST,
    SETTING_MAP,
};

/* Keys of a Compose service, in the order of their names. */
enum setting_id {
    SETTING_ANNOTATIONS,
    SETTING_CAP_ADD,
    SETTING_CAP_DROP,
    SETTING_CGROUP,
    SETTING_CGROUP_PARENT,
    SETTING_CPU_PERIOD,
    SETTING_CPU_QUOTA,
    SETTING_CPU_RT_PERIOD,
    SETTING_CPU_RT_RUNTIME,
    SETTING_CPU_SHARES,
    SETTING_CPUSET,
    SETTING_DEVICE_CGROUP_RULES,
    SETTING_DEVICES, /* "FROM:TO:rwm" */
    SETTING_DNS,
    SETTING_DNS_OPT,
    SETTING_DNS_SEARCH,
    SETTING_DOMAINNAME,
    SETTING_EXTRA_HOSTS, /* "HOST=ADDRESS" */
    SETTING_GROUP_ADD,
    SETTING_HOSTNAME,
    SETTING_INIT,
    SETTING_IPC,
    SETTING_LOGGING_DRIVER,
    SETTING_LOGGING_OPTIONS,
    SETTING_MEM_SWAPPINESS,
    SETTING_MEMSWAP_LIMIT,
    SETTING_OOM_KILL_DISABLE,
    SETTING_OOM_SCORE_ADJ,
    SETTING_PID,
    SETTING_PIDS_LIMIT,
    SETTING_PRIVILEGED,
    SETTING_READ_ONLY,
    SETTING_RUNTIME,
    SETTING_SECURITY_OPT,
    SETTING_SHM_SIZE,
    SETTING_STDIN_OPEN,
    SETTING_STOP_GRACE_PERIOD,
    SETTING_STOP_SIGNAL,
    SETTING_STORAGE_OPT,
    SETTING_SYSCTLS,
    SETTING_TMPFS, /* "TARGET[:OPTIONS]" */
    SETTING_TTY,
    SETTING_ULIMITS, /* name -> "SOFT:HARD" */
    SETTING_USER,
    SETTING_USERNS_MODE,
    SETTING_UTS,
    SETTING_WORKING_DIR,
    SETTINGS,
};

struct setting_type {
    const char *key; /* of the Compose file; "logging.driver" is `driver` in `logging` */
    enum setting_kind kind;
};

/* Indexed by enum setting_id. */
extern const struct setting_type setting_types[SETTINGS];

/* Which member holds the value is said by the kind: number has bytes and nanoseconds too. */
struct setting {
    enum setting_id id;
    union {
        const char *text;
        bool is_true;
        int64_t number;
        struct strings list;
        struct key_values map;
    };
};

/* Those that are set, sorted by id. */
struct settings {
    struct setting *items;
    size_t count;
};

/* NULL when it is not set. */
const struct setting *settings_find(const struct settings *settings, enum setting_id id);
