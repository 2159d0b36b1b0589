/* SPDX-License-Identifier: Apache-2.0 */
#include "model/setting.h"

/* clang-format off */
const struct setting_type setting_types[SETTINGS] = {
    [SETTING_ANNOTATIONS]         = {"annotations",         SETTING_MAP},
    [SETTING_CAP_ADD]             = {"cap_add",             SETTING_LIST},
    [SETTING_CAP_DROP]            = {"cap_drop",            SETTING_LIST},
    [SETTING_CGROUP]              = {"cgroup",              SETTING_TEXT},
    [SETTING_CGROUP_PARENT]       = {"cgroup_parent",       SETTING_TEXT},
    [SETTING_CPU_PERIOD]          = {"cpu_period",          SETTING_NUMBER},
    [SETTING_CPU_QUOTA]           = {"cpu_quota",           SETTING_NUMBER},
    [SETTING_CPU_RT_PERIOD]       = {"cpu_rt_period",       SETTING_NUMBER},
    [SETTING_CPU_RT_RUNTIME]      = {"cpu_rt_runtime",      SETTING_NUMBER},
    [SETTING_CPU_SHARES]          = {"cpu_shares",          SETTING_NUMBER},
    [SETTING_CPUSET]              = {"cpuset",              SETTING_TEXT},
    [SETTING_DEVICE_CGROUP_RULES] = {"device_cgroup_rules", SETTING_LIST},
    [SETTING_DEVICES]             = {"devices",             SETTING_LIST},
    [SETTING_DNS]                 = {"dns",                 SETTING_LIST},
    [SETTING_DNS_OPT]             = {"dns_opt",             SETTING_LIST},
    [SETTING_DNS_SEARCH]          = {"dns_search",          SETTING_LIST},
    [SETTING_DOMAINNAME]          = {"domainname",          SETTING_TEXT},
    [SETTING_EXTRA_HOSTS]         = {"extra_hosts",         SETTING_LIST},
    [SETTING_GROUP_ADD]           = {"group_add",           SETTING_LIST},
    [SETTING_HOSTNAME]            = {"hostname",            SETTING_TEXT},
    [SETTING_INIT]                = {"init",                SETTING_BOOL},
    [SETTING_IPC]                 = {"ipc",                 SETTING_TEXT},
    [SETTING_LOGGING_DRIVER]      = {"logging.driver",      SETTING_TEXT},
    [SETTING_LOGGING_OPTIONS]     = {"logging.options",     SETTING_MAP},
    [SETTING_MEM_SWAPPINESS]      = {"mem_swappiness",      SETTING_BYTES},
    [SETTING_MEMSWAP_LIMIT]       = {"memswap_limit",       SETTING_BYTES},
    [SETTING_OOM_KILL_DISABLE]    = {"oom_kill_disable",    SETTING_BOOL},
    [SETTING_OOM_SCORE_ADJ]       = {"oom_score_adj",       SETTING_NUMBER},
    [SETTING_PID]                 = {"pid",                 SETTING_TEXT},
    [SETTING_PIDS_LIMIT]          = {"pids_limit",          SETTING_NUMBER},
    [SETTING_PRIVILEGED]          = {"privileged",          SETTING_BOOL},
    [SETTING_READ_ONLY]           = {"read_only",           SETTING_BOOL},
    [SETTING_RUNTIME]             = {"runtime",             SETTING_TEXT},
    [SETTING_SECURITY_OPT]        = {"security_opt",        SETTING_LIST},
    [SETTING_SHM_SIZE]            = {"shm_size",            SETTING_BYTES},
    [SETTING_STDIN_OPEN]          = {"stdin_open",          SETTING_BOOL},
    [SETTING_STOP_GRACE_PERIOD]   = {"stop_grace_period",   SETTING_DURATION},
    [SETTING_STOP_SIGNAL]         = {"stop_signal",         SETTING_TEXT},
    [SETTING_STORAGE_OPT]         = {"storage_opt",         SETTING_MAP},
    [SETTING_SYSCTLS]             = {"sysctls",             SETTING_MAP},
    [SETTING_TMPFS]               = {"tmpfs",               SETTING_LIST},
    [SETTING_TTY]                 = {"tty",                 SETTING_BOOL},
    [SETTING_ULIMITS]             = {"ulimits",             SETTING_MAP},
    [SETTING_USER]                = {"user",                SETTING_TEXT},
    [SETTING_USERNS_MODE]         = {"userns_mode",         SETTING_TEXT},
    [SETTING_UTS]                 = {"uts",                 SETTING_TEXT},
    [SETTING_WORKING_DIR]         = {"working_dir",         SETTING_TEXT},
};
/* clang-format on */

const struct setting *settings_find(const struct settings *settings, enum setting_id id)
{
    for (size_t i = 0; i < settings->count; i++)
        if (settings->items[i].id == id)
            return &settings->items[i];
    return NULL;
}
