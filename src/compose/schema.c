/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/schema.h"

#include "compose/forms.h"
#include "model/name.h"

#define MAP  SHAPE_KIND(NODE_MAP)
#define LIST SHAPE_KIND(NODE_LIST)
#define TEXT SHAPE_KIND(NODE_TEXT)
#define INT  SHAPE_KIND(NODE_INT)
#define NIL  SHAPE_KIND(NODE_NULL)

#define END           \
    {                 \
        NULL, NULL, 0 \
    }
#define NAME_EXPECTED "a name of a-z, A-Z, 0-9, '.', '_' and '-'"

/* clang-format off */

/* Building blocks. */

static const struct shape text_or_null = {
    .expected = "text", .kinds = TEXT | NIL, .canonical = shape_to_text};
static const struct shape pairs = {
    .expected = "a mapping, or a list of NAME=VALUE", .kinds = MAP, .canonical = form_pairs,
    .values = &text_or_null};
static const struct shape labels = {
    .expected = "a mapping, or a list of NAME=VALUE", .kinds = MAP, .canonical = form_labels,
    .values = &shape_text};
static const struct shape options = {
    .expected = "a mapping of text and numbers", .kinds = MAP, .canonical = form_options,
    .values = &shape_text};
static const struct shape command = {
    .expected = "text or a list of text", .kinds = LIST | NIL, .canonical = form_command,
    .values = &shape_text, .is_replaced = true};
static const struct shape mode = {
    .expected = "an octal mode such as 0440", .kinds = TEXT, .canonical = form_mode};
static const struct shape lists = {
    .expected = "a mapping of text, or of lists of text", .kinds = MAP,
    .values = &shape_text_or_list};
static const struct shape text_unique_or_one = {
    .expected = "text or a list of text", .kinds = LIST, .canonical = shape_to_list,
    .values = &shape_text, .identity = shape_name_identity};

#define OBJECT(rows)                                                    \
    {.expected = "a mapping", .kinds = MAP, .keys = (rows)}
#define OBJECT_WITH(rows, ...)                                          \
    {.expected = "a mapping", .kinds = MAP, .keys = (rows), __VA_ARGS__}

/* Text of which only some is allowed. */
#define WORDS(name, ...)                                                        \
    static const char *const name##_words[] = {__VA_ARGS__, NULL};              \
    static const struct shape name = {.expected = "one of a few words", .kinds = TEXT, \
                                      .canonical = shape_to_text, .words = name##_words}

WORDS(condition_word, "service_started", "service_healthy", "service_completed_successfully");
WORDS(cgroup_word, "host", "private");
WORDS(mount_type, "bind", "volume", "tmpfs", "cluster", "npipe", "image");
WORDS(recursive_word, "enabled", "disabled", "writable", "readonly");
WORDS(selinux_word, "z", "Z");
WORDS(order_word, "start-first", "stop-first");
WORDS(watch_action, "rebuild", "sync", "restart", "sync+restart", "sync+exec");
WORDS(state_word, "replicated", "none");

/* services.NAME.build */

static const struct shape_key ulimit_keys[] = {
    {"soft", &shape_int, SHAPE_REQUIRED | KEY_RUN},
    {"hard", &shape_int, SHAPE_REQUIRED | KEY_RUN},
    END};
static const struct shape ulimit = {
    .expected = "a number, or a mapping with soft and hard", .kinds = MAP | INT,
    .canonical = form_ulimit, .keys = ulimit_keys};
static const struct shape ulimits = {.expected = "a mapping", .kinds = MAP, .values = &ulimit};

static const struct shape_key grant_keys[] = {
    {"source", &shape_text, KEY_RUN},
    {"target", &shape_text, KEY_RUN},
    {"uid",    &shape_text, 0},
    {"gid",    &shape_text, 0},
    {"mode",   &mode, 0},
    END};
static const struct shape config_grant = {
    .expected = "a name, or a mapping with source", .kinds = MAP, .canonical = form_source,
    .keys = grant_keys};
static const struct shape config_grants = {
    .expected = "a list", .kinds = LIST, .values = &config_grant,
    .identity = form_grant_identity};
static const struct shape secret_grant = {
    .expected = "a name, or a mapping with source", .kinds = MAP, .canonical = form_secret,
    .keys = grant_keys};
static const struct shape secret_grants = {
    .expected = "a list", .kinds = LIST, .values = &secret_grant,
    .identity = form_grant_identity};

static const struct shape build_secrets = {
    .expected = "a list", .kinds = LIST, .values = &config_grant,
    .identity = form_grant_identity};

static const struct shape extra_hosts = {
    .expected = "a mapping, or a list of HOST=ADDRESS", .kinds = LIST,
    .canonical = form_extra_hosts, .values = &shape_text, .identity = shape_text_identity};

static const struct shape_key build_keys[] = {
    {"context",             &shape_text, 0},
    {"dockerfile",          &shape_text, 0},
    {"dockerfile_inline",   &shape_text, 0},
    {"entitlements",        &shape_text_list, 0},
    {"args",                &pairs, 0},
    {"ssh",                 &pairs, 0},
    {"labels",              &labels, 0},
    {"cache_from",          &shape_text_list, 0},
    {"cache_to",            &shape_text_list, 0},
    {"no_cache",            &shape_bool, 0},
    {"additional_contexts", &labels, 0},
    {"network",             &shape_text, 0},
    {"provenance",          &shape_text, 0},
    {"sbom",                &shape_text, 0},
    {"pull",                &shape_bool, 0},
    {"target",              &shape_text, 0},
    {"shm_size",            &shape_bytes, 0},
    {"extra_hosts",         &extra_hosts, 0},
    {"isolation",           &shape_text, 0},
    {"privileged",          &shape_bool, 0},
    {"secrets",             &build_secrets, 0},
    {"tags",                &shape_named_list, 0},
    {"ulimits",             &ulimits, 0},
    {"platforms",           &shape_unique_list, 0},
    END};
static const struct shape build = {
    .expected = "a path, or a mapping", .kinds = MAP, .canonical = form_build,
    .keys = build_keys};

/* services.NAME.deploy */

static const struct shape device_count = {
    .expected = "a number, or 'all'", .kinds = INT, .canonical = form_device_count};
static const struct shape_key device_request_keys[] = {
    {"capabilities", &shape_text_list, SHAPE_REQUIRED},
    {"count",        &device_count, 0},
    {"device_ids",   &shape_text_list, 0},
    {"driver",       &shape_text, 0},
    {"options",      &labels, 0},
    END};
static const struct shape device_request =
    OBJECT_WITH(device_request_keys, .canonical = form_device_request);
static const struct shape device_requests = {
    .expected = "a list of mappings", .kinds = LIST, .values = &device_request};
static const struct shape_key gpu_keys[] = {
    {"capabilities", &shape_text_list, 0},
    {"count",        &device_count, 0},
    {"device_ids",   &shape_text_list, 0},
    {"driver",       &shape_text, 0},
    {"options",      &labels, 0},
    END};
static const struct shape gpu = OBJECT_WITH(gpu_keys, .canonical = form_device_request);
static const struct shape gpus = {
    .expected = "'all', or a list of mappings", .kinds = LIST, .canonical = form_gpus,
    .values = &gpu};

static const struct shape_key discrete_resource_keys[] = {
    {"kind",  &shape_text, 0},
    {"value", &shape_number, 0},
    END};
static const struct shape discrete_resource = OBJECT(discrete_resource_keys);
static const struct shape_key generic_resource_keys[] = {
    {"discrete_resource_spec", &discrete_resource, 0},
    END};
static const struct shape generic_resource = OBJECT(generic_resource_keys);
static const struct shape generic_resources = {
    .expected = "a list of mappings", .kinds = LIST, .values = &generic_resource};

static const struct shape_key limit_keys[] = {
    {"cpus",   &shape_number, KEY_RUN},
    {"memory", &shape_bytes, KEY_RUN},
    {"pids",   &shape_int, KEY_RUN},
    END};
static const struct shape limits = OBJECT(limit_keys);
static const struct shape_key reservation_keys[] = {
    {"cpus",              &shape_number, KEY_RUN},
    {"memory",            &shape_bytes, KEY_RUN},
    {"generic_resources", &generic_resources, 0},
    {"devices",           &device_requests, 0},
    END};
static const struct shape reservations = OBJECT(reservation_keys);
static const struct shape_key resource_keys[] = {
    {"limits",       &limits, KEY_RUN},
    {"reservations", &reservations, KEY_RUN},
    END};
static const struct shape resources = OBJECT(resource_keys);

static const struct shape_key update_keys[] = {
    {"parallelism",       &shape_int, KEY_KEEP},
    {"delay",             &shape_duration, 0},
    {"failure_action",    &shape_text, 0},
    {"monitor",           &shape_duration, 0},
    {"max_failure_ratio", &shape_number, 0},
    {"order",             &order_word, 0},
    END};
static const struct shape update = OBJECT(update_keys);
static const struct shape_key restart_policy_keys[] = {
    {"condition",    &shape_text, 0},
    {"delay",        &shape_duration, KEY_KEEP},
    {"max_attempts", &shape_int, KEY_KEEP},
    {"window",       &shape_duration, KEY_KEEP},
    END};
static const struct shape restart_policy = OBJECT(restart_policy_keys);
static const struct shape_key preference_keys[] = {
    {"spread", &shape_text, 0},
    END};
static const struct shape preference = OBJECT(preference_keys);
static const struct shape preferences = {
    .expected = "a list of mappings", .kinds = LIST, .values = &preference};
static const struct shape_key placement_keys[] = {
    {"constraints",           &shape_text_list, 0},
    {"preferences",           &preferences, 0},
    {"max_replicas_per_node", &shape_int, 0},
    END};
static const struct shape placement = OBJECT(placement_keys);

static const struct shape_key deploy_keys[] = {
    {"mode",            &shape_text, 0},
    {"endpoint_mode",   &shape_text, 0},
    {"replicas",        &shape_int, KEY_RUN | KEY_KEEP},
    {"labels",          &labels, KEY_HARMLESS}, /* of a Swarm service */
    {"rollback_config", &update, 0},
    {"update_config",   &update, 0},
    {"resources",       &resources, KEY_RUN},
    {"restart_policy",  &restart_policy, 0},
    {"placement",       &placement, 0},
    END};
static const struct shape deploy = {
    .expected = "a mapping", .kinds = MAP | NIL, .keys = deploy_keys};

/* services.NAME */

static const struct shape_key hook_keys[] = {
    {"command",     &command, SHAPE_REQUIRED},
    {"user",        &shape_text, 0},
    {"privileged",  &shape_bool, 0},
    {"working_dir", &shape_text, 0},
    {"environment", &pairs, 0},
    END};
static const struct shape hook = OBJECT(hook_keys);
static const struct shape hooks = {
    .expected = "a list of mappings", .kinds = LIST, .values = &hook};

static const struct shape_key watch_keys[] = {
    {"ignore",       &shape_text_or_list, 0},
    {"include",      &shape_text_or_list, 0},
    {"path",         &shape_text, SHAPE_REQUIRED},
    {"action",       &watch_action, SHAPE_REQUIRED},
    {"target",       &shape_text, 0},
    {"exec",         &hook, 0},
    {"initial_sync", &shape_bool, 0},
    END};
static const struct shape watch = OBJECT(watch_keys);
static const struct shape watches = {
    .expected = "a list of mappings", .kinds = LIST, .values = &watch};
static const struct shape_key develop_keys[] = {
    {"watch", &watches, 0},
    END};
static const struct shape develop = {
    .expected = "a mapping", .kinds = MAP | NIL, .keys = develop_keys};

static const struct shape_key blkio_limit_keys[] = {
    {"path", &shape_text, 0},
    {"rate", &shape_bytes, 0},
    END};
static const struct shape blkio_limit = OBJECT_WITH(blkio_limit_keys, .is_closed = true);
static const struct shape blkio_limits = {
    .expected = "a list of mappings", .kinds = LIST, .values = &blkio_limit,
    .identity = form_path_identity};
static const struct shape_key blkio_weight_keys[] = {
    {"path",   &shape_text, 0},
    {"weight", &shape_int, 0},
    END};
static const struct shape blkio_weight = OBJECT_WITH(blkio_weight_keys, .is_closed = true);
static const struct shape blkio_weights = {
    .expected = "a list of mappings", .kinds = LIST, .values = &blkio_weight,
    .identity = form_path_identity};
static const struct shape_key blkio_keys[] = {
    {"device_read_bps",   &blkio_limits, 0},
    {"device_read_iops",  &blkio_limits, 0},
    {"device_write_bps",  &blkio_limits, 0},
    {"device_write_iops", &blkio_limits, 0},
    {"weight",            &shape_int, 0},
    {"weight_device",     &blkio_weights, 0},
    END};
static const struct shape blkio = OBJECT_WITH(blkio_keys, .is_closed = true);

static const struct shape_key credential_keys[] = {
    {"config",   &shape_text, 0},
    {"file",     &shape_text, 0},
    {"registry", &shape_text, 0},
    END};
static const struct shape credential = OBJECT(credential_keys);

static const struct shape_key condition_keys[] = {
    {"condition", &condition_word, SHAPE_REQUIRED | KEY_RUN},
    {"required",  &shape_bool, KEY_RUN | KEY_KEEP},
    {"restart",   &shape_bool, KEY_RUN},
    END};
static const struct shape condition = OBJECT(condition_keys);
static const struct shape depends_on = {
    .expected = "a list of services, or a mapping", .kinds = MAP, .canonical = form_depends_on,
    .values = &condition, .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key device_keys[] = {
    {"source",      &shape_text, SHAPE_REQUIRED | KEY_RUN},
    {"target",      &shape_text, KEY_RUN},
    {"permissions", &shape_text, KEY_RUN},
    END};
static const struct shape device = {
    .expected = "FROM:TO:rwm, or a mapping with source", .kinds = MAP, .canonical = form_device,
    .keys = device_keys};
static const struct shape devices = {
    .expected = "a list", .kinds = LIST, .values = &device, .identity = form_target_identity};

static const struct shape_key env_file_keys[] = {
    {"path",     &shape_text, SHAPE_REQUIRED | KEY_RUN},
    {"format",   &shape_text, KEY_RUN},
    {"required", &shape_bool, KEY_RUN | KEY_KEEP},
    END};
static const struct shape env_file = OBJECT_WITH(env_file_keys, .is_closed = true);
static const struct shape env_files = {
    .expected = "a path, or a list", .kinds = LIST, .canonical = form_env_files,
    .values = &env_file, .identity = form_path_identity};

static const struct shape_key extends_keys[] = {
    {"service", &shape_text, SHAPE_REQUIRED},
    {"file",    &shape_text, 0},
    END};
static const struct shape extends = {
    .expected = "the name of a service, or a mapping", .kinds = MAP,
    .canonical = form_extends, .keys = extends_keys, .is_closed = true, .is_replaced = true};

static const struct shape test = {
    .expected = "text or a list of text", .kinds = LIST, .canonical = form_test,
    .values = &shape_text, .is_replaced = true};
static const struct shape_key healthcheck_keys[] = {
    {"disable",        &shape_bool, KEY_RUN},
    {"interval",       &shape_duration, KEY_RUN | KEY_KEEP},
    {"retries",        &shape_int, KEY_RUN | KEY_KEEP},
    {"test",           &test, KEY_RUN},
    {"timeout",        &shape_duration, KEY_RUN | KEY_KEEP},
    {"start_period",   &shape_duration, KEY_RUN | KEY_KEEP},
    {"start_interval", &shape_duration, KEY_KEEP},
    END};
static const struct shape healthcheck = OBJECT(healthcheck_keys);

static const struct shape_key logging_keys[] = {
    {"driver",  &shape_text, KEY_RUN},
    {"options", &options, KEY_RUN},
    END};
static const struct shape logging = OBJECT_WITH(logging_keys, .merge = form_merge_logging);

static const struct shape_key attachment_keys[] = {
    {"aliases",        &shape_named_list, KEY_RUN},
    {"interface_name", &shape_text, 0},
    {"ipv4_address",   &shape_text, 0},
    {"ipv6_address",   &shape_text, 0},
    {"link_local_ips", &shape_named_list, 0},
    {"mac_address",    &shape_text, 0},
    {"driver_opts",    &options, 0},
    {"priority",       &shape_int, 0},
    {"gw_priority",    &shape_int, 0},
    END};
static const struct shape attachment = {
    .expected = "a mapping", .kinds = MAP | NIL, .keys = attachment_keys};
static const struct shape attachments = {
    .expected = "a list of networks, or a mapping", .kinds = MAP, .canonical = form_names,
    .values = &attachment, .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key model_use_keys[] = {
    {"endpoint_var", &shape_text, 0},
    {"model_var",    &shape_text, 0},
    END};
static const struct shape model_use = {
    .expected = "a mapping", .kinds = MAP | NIL, .keys = model_use_keys};
static const struct shape model_uses = {
    .expected = "a list of models, or a mapping", .kinds = MAP, .canonical = form_names,
    .values = &model_use};

static const struct shape_key port_keys[] = {
    {"name",         &shape_text, KEY_HARMLESS},
    {"mode",         &shape_text, KEY_HARMLESS},
    {"host_ip",      &shape_text, KEY_RUN},
    {"target",       &shape_int, KEY_RUN},
    {"published",    &shape_text, KEY_RUN},
    {"protocol",     &shape_text, KEY_RUN},
    {"app_protocol", &shape_text, KEY_HARMLESS},
    END};
static const struct shape port = OBJECT(port_keys);
static const struct shape ports = {
    .expected = "a list of ports", .kinds = LIST, .canonical = form_ports, .values = &port,
    .identity = form_port_identity};

static const struct shape_key provider_keys[] = {
    {"type",    &shape_text, SHAPE_REQUIRED},
    {"options", &lists, 0},
    END};
static const struct shape provider = OBJECT(provider_keys);

static const struct shape_key bind_keys[] = {
    {"propagation",      &shape_text, 0},
    {"create_host_path", &shape_bool, KEY_RUN},
    {"recursive",        &recursive_word, 0},
    {"selinux",          &selinux_word, 0},
    END};
static const struct shape bind = OBJECT(bind_keys);
static const struct shape_key volume_option_keys[] = {
    {"labels",  &labels, 0},
    {"nocopy",  &shape_bool, 0},
    {"subpath", &shape_text, 0},
    END};
static const struct shape volume_option = OBJECT(volume_option_keys);
static const struct shape_key tmpfs_keys[] = {
    {"size", &shape_bytes, 0},
    {"mode", &shape_int, 0},
    END};
static const struct shape tmpfs = OBJECT(tmpfs_keys);
static const struct shape_key image_mount_keys[] = {
    {"subpath", &shape_text, 0},
    END};
static const struct shape image_mount = OBJECT(image_mount_keys);
static const struct shape_key mount_keys[] = {
    {"type",        &mount_type, SHAPE_REQUIRED | KEY_RUN},
    {"source",      &shape_text, KEY_RUN},
    {"target",      &shape_text, KEY_RUN},
    {"read_only",   &shape_bool, KEY_RUN},
    {"consistency", &shape_text, KEY_HARMLESS}, /* of Docker Desktop */
    {"bind",        &bind, KEY_RUN},
    {"volume",      &volume_option, KEY_RUN},
    {"tmpfs",       &tmpfs, 0},
    {"image",       &image_mount, 0},
    END};
static const struct shape mount = {
    .expected = "[SOURCE:]TARGET[:MODE], or a mapping with type", .kinds = MAP,
    .canonical = form_volume, .keys = mount_keys};
static const struct shape mounts = {
    .expected = "a list of volumes", .kinds = LIST, .values = &mount,
    .identity = form_target_identity};

static const struct shape_key service_keys[] = {
    {"annotations",         &labels, KEY_RUN},
    {"attach",              &shape_bool, KEY_HARMLESS | KEY_KEEP},
    {"blkio_config",        &blkio, 0},
    {"build",               &build, KEY_HARMLESS},
    {"cap_add",             &shape_named_list, KEY_RUN},
    {"cap_drop",            &shape_named_list, KEY_RUN},
    {"cgroup",              &cgroup_word, KEY_RUN},
    {"cgroup_parent",       &shape_text, KEY_RUN},
    {"command",             &command, KEY_RUN | KEY_KEEP},
    {"configs",             &config_grants, 0},
    {"container_name",      &shape_text, 0},
    {"cpu_count",           &shape_int, 0},
    {"cpu_percent",         &shape_number, 0},
    {"cpu_period",          &shape_int, KEY_RUN},
    {"cpu_quota",           &shape_int, KEY_RUN},
    {"cpu_rt_period",       &shape_int, KEY_RUN},
    {"cpu_rt_runtime",      &shape_int, KEY_RUN},
    {"cpu_shares",          &shape_int, KEY_RUN},
    {"cpus",                &shape_number, KEY_RUN},
    {"cpuset",              &shape_text, KEY_RUN},
    {"credential_spec",     &credential, 0},
    {"depends_on",          &depends_on, KEY_RUN},
    {"deploy",              &deploy, KEY_RUN},
    {"develop",             &develop, KEY_HARMLESS},
    {"device_cgroup_rules", &shape_text_list, KEY_RUN},
    {"devices",             &devices, KEY_RUN},
    {"dns",                 &text_unique_or_one, KEY_RUN},
    {"dns_opt",             &shape_named_list, KEY_RUN},
    {"dns_search",          &text_unique_or_one, KEY_RUN},
    {"domainname",          &shape_text, KEY_RUN},
    {"entrypoint",          &command, KEY_RUN | KEY_KEEP},
    {"env_file",            &env_files, KEY_RUN | KEY_HIDE},
    {"environment",         &pairs, KEY_RUN},
    {"expose",              &shape_unique_list, KEY_HARMLESS}, /* tells, opens nothing */
    {"extends",             &extends, KEY_HARMLESS | KEY_HIDE},
    {"external_links",      &shape_unique_list, 0},
    {"extra_hosts",         &extra_hosts, KEY_RUN},
    {"gpus",                &gpus, 0},
    {"group_add",           &shape_unique_list, KEY_RUN},
    {"healthcheck",         &healthcheck, KEY_RUN},
    {"hostname",            &shape_text, KEY_RUN},
    {"image",               &shape_text, KEY_RUN},
    {"init",                &shape_bool, KEY_RUN | KEY_KEEP},
    {"ipc",                 &shape_text, KEY_RUN},
    {"isolation",           &shape_text, 0},
    {"label_file",          &text_unique_or_one, KEY_RUN | KEY_HIDE},
    {"labels",              &labels, KEY_RUN},
    {"links",               &shape_named_list, 0},
    {"logging",             &logging, KEY_RUN},
    {"mac_address",         &shape_text, 0},
    {"mem_limit",           &shape_bytes, KEY_RUN},
    {"mem_reservation",     &shape_bytes, KEY_RUN},
    {"mem_swappiness",      &shape_bytes, KEY_RUN},
    {"memswap_limit",       &shape_bytes, KEY_RUN},
    {"models",              &model_uses, 0},
    {"network_mode",        &shape_text, 0},
    {"networks",            &attachments, KEY_RUN},
    {"oom_kill_disable",    &shape_bool, KEY_RUN},
    {"oom_score_adj",       &shape_int, KEY_RUN},
    {"pid",                 &text_or_null, KEY_RUN},
    {"pids_limit",          &shape_int, KEY_RUN},
    {"platform",            &shape_text, 0},
    {"ports",               &ports, KEY_RUN},
    {"post_start",          &hooks, 0},
    {"pre_stop",            &hooks, 0},
    {"privileged",          &shape_bool, KEY_RUN},
    {"profiles",            &shape_named_list, KEY_HARMLESS},
    {"provider",            &provider, 0},
    {"pull_policy",         &shape_text, 0},
    {"pull_refresh_after",  &shape_text, 0},
    {"read_only",           &shape_bool, KEY_RUN},
    {"restart",             &shape_text, KEY_RUN},
    {"runtime",             &shape_text, KEY_RUN},
    {"scale",               &shape_int, KEY_RUN | KEY_KEEP},
    {"secrets",             &secret_grants, 0},
    {"security_opt",        &shape_unique_list, KEY_RUN},
    {"shm_size",            &shape_bytes, KEY_RUN},
    {"stdin_open",          &shape_bool, KEY_RUN},
    {"stop_grace_period",   &shape_duration, KEY_RUN | KEY_KEEP},
    {"stop_signal",         &shape_text, KEY_RUN},
    {"storage_opt",         &options, KEY_RUN},
    {"sysctls",             &labels, KEY_RUN},
    {"tmpfs",               &text_unique_or_one, KEY_RUN},
    {"tty",                 &shape_bool, KEY_RUN},
    {"ulimits",             &ulimits, KEY_RUN},
    {"use_api_socket",      &shape_bool, 0},
    {"user",                &shape_text, KEY_RUN},
    {"userns_mode",         &shape_text, KEY_RUN},
    {"uts",                 &shape_text, KEY_RUN},
    {"volumes",             &mounts, KEY_RUN},
    {"volumes_from",        &shape_unique_list, 0},
    {"working_dir",         &shape_text, KEY_RUN},
    {"x-seawall",           &schema_seawall_service, KEY_RUN},
    END};
const struct shape schema_service = OBJECT(service_keys);
static const struct shape services = {
    .expected = "a mapping of services", .kinds = MAP, .values = &schema_service,
    .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

/* Top level. */

static const struct shape_key ipam_config_keys[] = {
    {"subnet",        &shape_text, 0},
    {"ip_range",      &shape_text, 0},
    {"gateway",       &shape_text, 0},
    {"aux_addresses", &shape_text_map, 0},
    END};
static const struct shape ipam_config = OBJECT(ipam_config_keys);
static const struct shape ipam_configs = {
    .expected = "a list of mappings", .kinds = LIST, .values = &ipam_config,
    .identity = form_subnet_identity};
static const struct shape_key ipam_keys[] = {
    {"driver",  &shape_text, 0},
    {"config",  &ipam_configs, 0},
    {"options", &shape_text_map, KEY_HIDE}, /* which Compose reads and forgets */
    END};
static const struct shape ipam = OBJECT(ipam_keys);
static const struct shape_key network_keys[] = {
    {"name",        &shape_text, KEY_RUN},
    {"driver",      &shape_text, KEY_RUN},
    {"driver_opts", &options, KEY_RUN},
    {"ipam",        &ipam, KEY_KEEP},
    {"external",    &shape_bool, KEY_RUN},
    {"internal",    &shape_bool, KEY_RUN},
    {"enable_ipv4", &shape_bool, KEY_KEEP},
    {"enable_ipv6", &shape_bool, KEY_KEEP},
    {"attachable",  &shape_bool, KEY_HARMLESS},
    {"labels",      &labels, KEY_RUN},
    END};
const struct shape schema_network = {
    .expected = "a mapping", .kinds = MAP | NIL, .canonical = form_resource, .keys = network_keys};
static const struct shape networks = {
    .expected = "a mapping of networks", .kinds = MAP | NIL, .values = &schema_network,
    .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key volume_keys[] = {
    {"name",        &shape_text, KEY_RUN},
    {"driver",      &shape_text, KEY_RUN},
    {"driver_opts", &options, KEY_RUN},
    {"external",    &shape_bool, KEY_RUN},
    {"labels",      &labels, KEY_RUN},
    END};
const struct shape schema_volume = {
    .expected = "a mapping", .kinds = MAP | NIL, .canonical = form_resource, .keys = volume_keys};
static const struct shape volumes = {
    .expected = "a mapping of volumes", .kinds = MAP | NIL, .values = &schema_volume,
    .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key secret_keys[] = {
    {"name",            &shape_text, 0},
    {"environment",     &shape_text, 0},
    {"file",            &shape_text, 0},
    {"external",        &shape_bool, 0},
    {"labels",          &labels, 0},
    {"driver",          &shape_text, 0},
    {"driver_opts",     &options, 0},
    {"template_driver", &shape_text, 0},
    END};
static const struct shape secret = OBJECT_WITH(secret_keys, .canonical = form_resource);
static const struct shape secrets = {
    .expected = "a mapping of secrets", .kinds = MAP | NIL, .values = &secret,
    .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key config_keys[] = {
    {"name",            &shape_text, 0},
    {"content",         &shape_text, 0},
    {"environment",     &shape_text, 0},
    {"file",            &shape_text, 0},
    {"external",        &shape_bool, 0},
    {"labels",          &labels, 0},
    {"template_driver", &shape_text, 0},
    END};
static const struct shape config = OBJECT_WITH(config_keys, .canonical = form_resource);
static const struct shape configs = {
    .expected = "a mapping of configs", .kinds = MAP | NIL, .values = &config,
    .key_is_valid = name_is_key, .key_expected = NAME_EXPECTED};

static const struct shape_key model_keys[] = {
    {"name",          &shape_text, 0},
    {"model",         &shape_text, SHAPE_REQUIRED},
    {"context_size",  &shape_int, 0},
    {"runtime_flags", &shape_text_list, 0},
    END};
static const struct shape model = OBJECT(model_keys);
static const struct shape models = {
    .expected = "a mapping of models", .kinds = MAP | NIL, .values = &model};

static const struct shape_key include_keys[] = {
    {"path",              &shape_text_or_list, 0},
    {"env_file",          &shape_text_or_list, 0},
    {"project_directory", &shape_text, 0},
    END};
static const struct shape include = {
    .expected = "a path, or a mapping with path", .kinds = MAP, .canonical = form_include,
    .keys = include_keys, .is_closed = true};
static const struct shape includes = {
    .expected = "a list of paths", .kinds = LIST, .values = &include};

static const struct shape_key project_keys[] = {
    {"version",   &shape_text, KEY_HARMLESS | KEY_HIDE},
    {"name",      &shape_text, KEY_RUN},
    {"include",   &includes, KEY_HARMLESS | KEY_HIDE},
    {"services",  &services, KEY_RUN},
    {"models",    &models, 0},
    {"networks",  &networks, KEY_RUN},
    {"volumes",   &volumes, KEY_RUN},
    {"secrets",   &secrets, 0},
    {"configs",   &configs, 0},
    {"x-seawall", &schema_seawall_app, KEY_RUN},
    END};
const struct shape schema_project = OBJECT(project_keys);

/* x-seawall */

static const struct shape_key survive_keys[] = {
    {"provider", &shape_int, KEY_RUN},
    {"region",   &shape_int, KEY_RUN},
    {"cluster",  &shape_int, KEY_RUN},
    END};
static const struct shape survive = {
    .expected = "a mapping such as {provider: 1}", .kinds = MAP, .keys = survive_keys,
    .is_closed = true};

static const struct shape_key probe_keys[] = {
    {"url",      &shape_text, SHAPE_REQUIRED | KEY_RUN},
    {"status",   &shape_int, KEY_RUN},
    {"interval", &shape_duration, KEY_RUN},
    {"timeout",  &shape_duration, KEY_RUN},
    END};
static const struct shape probe = {
    .expected = "http://:PORT/PATH, tcp://:PORT, or a mapping with url", .kinds = MAP,
    .canonical = form_probe, .keys = probe_keys, .is_closed = true};

static const struct shape_key seawall_app_keys[] = {
    {"hostname", &shape_text, KEY_RUN},
    {"survive",  &survive, KEY_RUN},
    {"ttl",      &shape_duration, KEY_RUN},
    END};
const struct shape schema_seawall_app = {
    .expected = "a mapping", .kinds = MAP, .keys = seawall_app_keys, .is_closed = true};

static const struct shape_key seawall_service_keys[] = {
    {"hostname", &shape_text, KEY_RUN},
    {"survive",  &survive, KEY_RUN},
    {"ttl",      &shape_duration, KEY_RUN},
    {"state",    &state_word, KEY_RUN},
    {"probe",    &probe, KEY_RUN},
    END};
const struct shape schema_seawall_service = {
    .expected = "a mapping", .kinds = MAP, .keys = seawall_service_keys, .is_closed = true};
/* clang-format on */
