/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as the Engine API has them. */
#include "base/number.h"
#include "driver/docker_internal.h"
#include "driver/json_put.h"

#include <string.h>

#define NS_PER_S 1000000000

/* Where a setting goes: the container's body or its HostConfig, as it is or in another form. */
enum form {
    FORM_PLAIN,
    FORM_HOST_PLAIN,
    FORM_HOST_HOSTS,   /* "host=address" to "host:address" */
    FORM_HOST_TMPFS,   /* "target:options" to a mapping */
    FORM_HOST_DEVICES, /* "from:to:rwm" to objects */
    FORM_HOST_ULIMITS, /* name -> "soft:hard" to objects */
    FORM_SECONDS,      /* nanoseconds to whole seconds, rounded up */
    FORM_LOG_DRIVER,
    FORM_LOG_OPTIONS,
};

/* clang-format off */
static const struct {
    const char *name; /* of the Engine API */
    enum form form;
} places[SETTINGS] = {
    [SETTING_ANNOTATIONS]         = {"Annotations",       FORM_HOST_PLAIN},
    [SETTING_CAP_ADD]             = {"CapAdd",            FORM_HOST_PLAIN},
    [SETTING_CAP_DROP]            = {"CapDrop",           FORM_HOST_PLAIN},
    [SETTING_CGROUP]              = {"CgroupnsMode",      FORM_HOST_PLAIN},
    [SETTING_CGROUP_PARENT]       = {"CgroupParent",      FORM_HOST_PLAIN},
    [SETTING_CPU_PERIOD]          = {"CpuPeriod",         FORM_HOST_PLAIN},
    [SETTING_CPU_QUOTA]           = {"CpuQuota",          FORM_HOST_PLAIN},
    [SETTING_CPU_RT_PERIOD]       = {"CpuRealtimePeriod", FORM_HOST_PLAIN},
    [SETTING_CPU_RT_RUNTIME]      = {"CpuRealtimeRuntime", FORM_HOST_PLAIN},
    [SETTING_CPU_SHARES]          = {"CpuShares",         FORM_HOST_PLAIN},
    [SETTING_CPUSET]              = {"CpusetCpus",        FORM_HOST_PLAIN},
    [SETTING_DEVICE_CGROUP_RULES] = {"DeviceCgroupRules", FORM_HOST_PLAIN},
    [SETTING_DEVICES]             = {"Devices",           FORM_HOST_DEVICES},
    [SETTING_DNS]                 = {"Dns",               FORM_HOST_PLAIN},
    [SETTING_DNS_OPT]             = {"DnsOptions",        FORM_HOST_PLAIN},
    [SETTING_DNS_SEARCH]          = {"DnsSearch",         FORM_HOST_PLAIN},
    [SETTING_DOMAINNAME]          = {"Domainname",        FORM_PLAIN},
    [SETTING_EXTRA_HOSTS]         = {"ExtraHosts",        FORM_HOST_HOSTS},
    [SETTING_GROUP_ADD]           = {"GroupAdd",          FORM_HOST_PLAIN},
    [SETTING_HOSTNAME]            = {"Hostname",          FORM_PLAIN},
    [SETTING_INIT]                = {"Init",              FORM_HOST_PLAIN},
    [SETTING_IPC]                 = {"IpcMode",           FORM_HOST_PLAIN},
    [SETTING_LOGGING_DRIVER]      = {"LogConfig",         FORM_LOG_DRIVER},
    [SETTING_LOGGING_OPTIONS]     = {"LogConfig",         FORM_LOG_OPTIONS},
    [SETTING_MEM_SWAPPINESS]      = {"MemorySwappiness",  FORM_HOST_PLAIN},
    [SETTING_MEMSWAP_LIMIT]       = {"MemorySwap",        FORM_HOST_PLAIN},
    [SETTING_OOM_KILL_DISABLE]    = {"OomKillDisable",    FORM_HOST_PLAIN},
    [SETTING_OOM_SCORE_ADJ]       = {"OomScoreAdj",       FORM_HOST_PLAIN},
    [SETTING_PID]                 = {"PidMode",           FORM_HOST_PLAIN},
    [SETTING_PIDS_LIMIT]          = {"PidsLimit",         FORM_HOST_PLAIN},
    [SETTING_PRIVILEGED]          = {"Privileged",        FORM_HOST_PLAIN},
    [SETTING_READ_ONLY]           = {"ReadonlyRootfs",    FORM_HOST_PLAIN},
    [SETTING_RUNTIME]             = {"Runtime",           FORM_HOST_PLAIN},
    [SETTING_SECURITY_OPT]        = {"SecurityOpt",       FORM_HOST_PLAIN},
    [SETTING_SHM_SIZE]            = {"ShmSize",           FORM_HOST_PLAIN},
    [SETTING_STDIN_OPEN]          = {"OpenStdin",         FORM_PLAIN},
    [SETTING_STOP_GRACE_PERIOD]   = {"StopTimeout",       FORM_SECONDS},
    [SETTING_STOP_SIGNAL]         = {"StopSignal",        FORM_PLAIN},
    [SETTING_STORAGE_OPT]         = {"StorageOpt",        FORM_HOST_PLAIN},
    [SETTING_SYSCTLS]             = {"Sysctls",           FORM_HOST_PLAIN},
    [SETTING_TMPFS]               = {"Tmpfs",             FORM_HOST_TMPFS},
    [SETTING_TTY]                 = {"Tty",               FORM_PLAIN},
    [SETTING_ULIMITS]             = {"Ulimits",           FORM_HOST_ULIMITS},
    [SETTING_USER]                = {"User",              FORM_PLAIN},
    [SETTING_USERNS_MODE]         = {"UsernsMode",        FORM_HOST_PLAIN},
    [SETTING_UTS]                 = {"UTSMode",           FORM_HOST_PLAIN},
    [SETTING_WORKING_DIR]         = {"WorkingDir",        FORM_PLAIN},
};
/* clang-format on */

static void put_plain(json_t *object, const char *name, const struct setting *setting)
{
    switch (setting_types[setting->id].kind) {
    case SETTING_TEXT:
        json_put_text(object, name, setting->text);
        break;
    case SETTING_BOOL:
        json_put_bool(object, name, setting->is_true);
        break;
    case SETTING_LIST:
        json_put_strings(object, name, &setting->list);
        break;
    case SETTING_MAP:
        json_put_pairs(json_put_object(object, name), &setting->map);
        break;
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
    default:
        (void)json_object_set_new(object, name, json_integer(setting->number));
        break;
    }
}

static const char *before(struct arena *arena, const char *text, char sign)
{
    const char *end = strchr(text, sign);

    return end ? arena_strndup(arena, text, (size_t)(end - text)) : text;
}

static const char *behind(const char *text, char sign)
{
    const char *end = strchr(text, sign);

    return end ? end + 1 : "";
}

static void put_hosts(struct arena *arena, json_t *host, const char *name,
                      const struct strings *hosts)
{
    json_t *list = json_put_array(host, name);

    for (size_t i = 0; i < hosts->count; i++)
        json_add_text(list, arena_printf(arena, "%s:%s", before(arena, hosts->items[i], '='),
                                         behind(hosts->items[i], '=')));
}

static void put_tmpfs(struct arena *arena, json_t *host, const char *name,
                      const struct strings *mounts)
{
    json_t *map = json_put_object(host, name);

    for (size_t i = 0; i < mounts->count; i++)
        json_put_text(map, before(arena, mounts->items[i], ':'), behind(mounts->items[i], ':'));
}

static void put_devices(struct arena *arena, json_t *host, const char *name,
                        const struct strings *devices)
{
    json_t *list = json_put_array(host, name);

    for (size_t i = 0; i < devices->count; i++) {
        const char *to = behind(devices->items[i], ':');
        json_t *device = json_add_object(list);

        json_put_text(device, "PathOnHost", before(arena, devices->items[i], ':'));
        json_put_text(device, "PathInContainer", before(arena, to, ':'));
        json_put_text(device, "CgroupPermissions", behind(to, ':'));
    }
}

/* Digits, or -1 for no limit. */
static json_t *limit(const char *text)
{
    uint64_t number = 0;

    if (strcmp(text, "-1") == 0)
        return json_integer(-1);
    (void)!number_read(text, strlen(text), 0, INT64_MAX, &number); /* compose/ has checked */
    return json_integer((json_int_t)number);
}

static void put_ulimits(struct arena *arena, json_t *host, const char *name,
                        const struct key_values *ulimits)
{
    json_t *list = json_put_array(host, name);

    for (size_t i = 0; i < ulimits->count; i++) {
        json_t *object = json_add_object(list);

        json_put_text(object, "Name", ulimits->items[i].key);
        (void)json_object_set_new(object, "Soft",
                                  limit(before(arena, ulimits->items[i].value, ':')));
        (void)json_object_set_new(object, "Hard", limit(behind(ulimits->items[i].value, ':')));
    }
}

/* The two settings of logging share an object. */
static json_t *log_config(json_t *host)
{
    json_t *config = json_object_get(host, "LogConfig");

    return config ? config : json_put_object(host, "LogConfig");
}

static void put_setting(struct arena *arena, json_t *body, json_t *host,
                        const struct setting *setting)
{
    const char *name = places[setting->id].name;

    switch (places[setting->id].form) {
    case FORM_HOST_HOSTS:
        put_hosts(arena, host, name, &setting->list);
        break;
    case FORM_HOST_TMPFS:
        put_tmpfs(arena, host, name, &setting->list);
        break;
    case FORM_HOST_DEVICES:
        put_devices(arena, host, name, &setting->list);
        break;
    case FORM_HOST_ULIMITS:
        put_ulimits(arena, host, name, &setting->map);
        break;
    case FORM_SECONDS:
        (void)json_object_set_new(body, name,
                                  json_integer((setting->number + NS_PER_S - 1) / NS_PER_S));
        break;
    case FORM_LOG_DRIVER:
        json_put_text(log_config(host), "Type", setting->text);
        break;
    case FORM_LOG_OPTIONS:
        json_put_pairs(json_put_object(log_config(host), "Config"), &setting->map);
        break;
    case FORM_PLAIN:
        put_plain(body, name, setting);
        break;
    case FORM_HOST_PLAIN:
    default:
        put_plain(host, name, setting);
        break;
    }
}

void docker_put_settings(struct arena *arena, json_t *body, json_t *host,
                         const struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        put_setting(arena, body, host, &settings->items[i]);
}
