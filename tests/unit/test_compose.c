/* SPDX-License-Identifier: Apache-2.0 */
/* compose/: Compose files become apps, or a list of what is wrong, place by place. */
#include "base/scope.h"
#include "compose/compose.h"
#include "model/setting_json.h"
#include "paper_world.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>

struct reading {
    struct arena *arena;
    struct problems problems;
    struct project *project;
    struct app *app;
    int result;
};

static void reading_fini(struct reading *reading)
{
    reading->arena = arena_free(reading->arena);
    reading->app = app_free(reading->app);
    reading->project = project_free(reading->project);
}

static struct reading read_world(struct paper_world *world, const struct compose_input *input)
{
    struct reading reading = {.arena = arena_new()};
    const struct surroundings *surroundings = paper_surroundings(world);

    problems_init(&reading.problems, reading.arena);
    reading.result = compose_load(&reading.project, input, surroundings, &reading.problems);
    if (reading.result == 0)
        reading.result =
            project_to_app(&reading.app, reading.project, surroundings, &reading.problems);
    return reading;
}

static struct reading read_files(const struct paper_file *files)
{
    struct paper_world world = {.files = files};
    const struct compose_input input = {0};

    return read_world(&world, &input);
}

static struct reading read_text(const char *text)
{
    const struct paper_file files[] = {{"compose.yaml", text}, {NULL, NULL}};

    return read_files(files);
}

static const struct app *app_of(const struct reading *reading)
{
    if (reading->result < 0)
        fail_msg("%s", problem_text(reading->arena, &reading->problems.items[0]));
    return reading->app;
}

/* The service "web" of a file that says no more than `lines`, which are indented already. */
static struct reading read_web(const char *lines)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();

    return read_text(
        arena_printf(arena, "services:\n  web:\n    image: shop/web:3\n%s", lines));
}

static const struct service *web_of(const struct reading *reading)
{
    const struct service *web = app_find_service(app_of(reading), "web");

    assert_non_null(web);
    return web;
}

static void assert_refused(const char *text, const char *complaint)
{
    SCOPED(reading_fini) struct reading reading = read_text(text);
    size_t at = 0;

    bool is_right = strstr(complaint, "not supported yet") || strstr(complaint, "builds none");
    assert_int_equal(reading.result, is_right ? -EOPNOTSUPP : -EINVAL);
    assert_null(reading.app);
    while (at < reading.problems.count && reading.problems.items[at].kind != PROBLEM_ERROR)
        at++;
    assert_true(at < reading.problems.count);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[at]), complaint);
}

static void assert_web_refused(const char *lines, const char *complaint)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();

    assert_refused(arena_printf(arena, "services:\n  web:\n    image: shop/web:3\n%s", lines),
                   arena_printf(arena, "compose.yaml:%s", complaint));
}

static void assert_words(const struct strings *strings, const char *joined)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    const char *text = "";

    for (size_t i = 0; i < strings->count; i++)
        text = arena_printf(arena, "%s[%s]", text, strings->items[i]);
    assert_string_equal(text, joined);
}

static void assert_pairs(const struct key_values *pairs, const char *joined)
{
    SCOPED(arena_freep) struct arena *arena = arena_new();
    const char *text = "";

    for (size_t i = 0; i < pairs->count; i++)
        text =
            arena_printf(arena, "%s[%s=%s]", text, pairs->items[i].key, pairs->items[i].value);
    assert_string_equal(text, joined);
}

/* The example of the design. */
static void test_the_shop_becomes_an_app(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text("x-seawall:\n"
                                       "  hostname: Shop.Example.Test.\n"
                                       "  survive: {provider: 1, cluster: 2}\n"
                                       "  ttl: 10s\n"
                                       "services:\n"
                                       "  web:\n"
                                       "    image: shop/web:3\n"
                                       "    ports: [\"80:8080\"]\n"
                                       "    deploy: {replicas: 4}\n"
                                       "    healthcheck: {test: [CMD, /bin/ok], interval: 2s}\n"
                                       "    x-seawall: {probe: \"http://:80/healthz\"}\n");
    const struct app *app = app_of(&reading);
    const struct service *web = web_of(&reading);

    (void)state;
    assert_string_equal(app->name, "shop");
    assert_string_equal(app->hostname, "shop.example.test");
    assert_int_equal(app->ttl_s, 10);
    assert_true(app->has_survive);
    assert_int_equal(app->survive.count[DOMAIN_PROVIDER], 1);
    assert_int_equal(app->survive.count[DOMAIN_CLUSTER], 2);
    assert_string_equal(web->image, "shop/web:3");
    assert_int_equal(web->replicas, 4);
    assert_int_equal(web->ports[0].published_first, 80);
    assert_int_equal(web->ports[0].published_last, 80);
    assert_int_equal(web->ports[0].target, 8080);
    assert_words(&web->healthcheck.test, "[CMD][/bin/ok]");
    assert_int_equal(web->healthcheck.interval_ns, UINT64_C(2000000000));
    assert_int_equal(web->probe.kind, PROBE_HTTP);
    assert_int_equal(web->probe.port, 8080);
    assert_string_equal(web->probe.path, "/healthz");
    assert_null(web->probe.host);
    assert_false(web->has_command);
    assert_string_equal(web->networks[0].network, "default");
    assert_string_equal(app_find_network(app, "default")->name, "shop_default");
}

static void test_commands_are_text_or_words(void **state)
{
    SCOPED(reading_fini)
    struct reading text = read_web("    command: sh -c \"echo $$HOME\"\n    entrypoint: ''\n");
    SCOPED(reading_fini)
    struct reading list = read_web("    command: [a, 'b c']\n    entrypoint: [/e]\n");

    (void)state;
    assert_words(&web_of(&text)->command, "[sh][-c][echo $HOME]");
    assert_true(web_of(&text)->has_entrypoint);
    assert_int_equal(web_of(&text)->entrypoint.count, 0);
    assert_words(&web_of(&list)->command, "[a][b c]");
    assert_words(&web_of(&list)->entrypoint, "[/e]");
}

static void test_environment_and_labels_come_in_both_forms(void **state)
{
    static const struct paper_file files[] = {
        {"compose.yaml", "services:\n"
                         "  web:\n"
                         "    image: w\n"
                         "    environment: {B: 2, A: text, N: , T: true, HERE: }\n"
                         "    labels: [b=2, a]\n"
                         "  list:\n"
                         "    image: w\n"
                         "    environment: [A=1, A=2, \"C=x=y\", HERE, GONE]\n"
                         "    labels: {a: 1.50, b: }\n"},
        {NULL, NULL}};
    static const char *const variables[][2] = {{"HERE", "there"}, {NULL, NULL}};
    struct paper_world world = {.files = files, .variables = variables};
    const struct compose_input input = {0};
    SCOPED(reading_fini) struct reading reading = read_world(&world, &input);

    (void)state;
    assert_pairs(&web_of(&reading)->environment, "[A=text][B=2][HERE=there][T=true]");
    assert_pairs(&web_of(&reading)->labels, "[a=][b=2]");
    const struct service *list = app_find_service(reading.app, "list");
    assert_pairs(&list->environment, "[A=2][C=x=y][HERE=there]");
    assert_pairs(&list->labels, "[a=1.5][b=]");
}

static void test_env_files_are_under_what_the_service_says(void **state)
{
    static const struct paper_file files[] = {{"compose.yaml",
                                               "services:\n"
                                               "  web:\n"
                                               "    image: w\n"
                                               "    environment: {A: own}\n"
                                               "    env_file:\n"
                                               "      - a.env\n"
                                               "      - {path: none.env, required: false}\n"
                                               "      - {path: b.env, format: raw}\n"},
                                              {"a.env", "A=a\nB=b\nC=\"$B$HOME\"\n"},
                                              {"b.env", "B=\"$raw\"\n"},
                                              {NULL, NULL}};
    static const char *const variables[][2] = {{"HOME", "/h"}, {NULL, NULL}};
    struct paper_world world = {.files = files, .variables = variables};
    const struct compose_input input = {0};
    SCOPED(reading_fini) struct reading reading = read_world(&world, &input);

    (void)state;
    assert_pairs(&web_of(&reading)->environment, "[A=own][B=\"$raw\"][C=b/h]");
}

static void test_ports_come_in_all_forms(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_web("    ports:\n"
                                      "      - 3000\n"
                                      "      - \"9090-9091:8080-8081\"\n"
                                      "      - \"127.0.0.1:5000:53/udp\"\n"
                                      "      - \"[::1]:6000:6000\"\n"
                                      "      - \"7000-7010:7000\"\n"
                                      "      - {target: 80, published: 8000, protocol: tcp}\n"
                                      "      - {target: 81, published: \"8001-8005\"}\n");
    static const struct {
        unsigned first, last, target;
        enum port_protocol protocol;
        const char *ip;
    } expected[] = {
        {0, 0, 3000, PORT_TCP, NULL},        {9090, 9090, 8080, PORT_TCP, NULL},
        {9091, 9091, 8081, PORT_TCP, NULL},  {5000, 5000, 53, PORT_UDP, "127.0.0.1"},
        {6000, 6000, 6000, PORT_TCP, "::1"}, {7000, 7010, 7000, PORT_TCP, NULL},
        {8000, 8000, 80, PORT_TCP, NULL},    {8001, 8005, 81, PORT_TCP, NULL},
    };

    (void)state;
    const struct service *web = web_of(&reading);
    assert_int_equal(web->port_count, 8);
    for (size_t i = 0; i < 8; i++) {
        const struct port *port = &web->ports[i];

        assert_int_equal(port->published_first, expected[i].first);
        assert_int_equal(port->published_last, expected[i].last);
        assert_int_equal(port->target, expected[i].target);
        assert_int_equal(port->protocol, expected[i].protocol);
        if (expected[i].ip)
            assert_string_equal(port->host_ip, expected[i].ip);
        else
            assert_null(port->host_ip);
    }
}

static void test_volumes_are_named_bound_or_anonymous(void **state)
{
    static const struct paper_file files[] = {
        {"compose.yaml", "services:\n"
                         "  web:\n"
                         "    image: w\n"
                         "    volumes:\n"
                         "      - data:/data/:ro\n"
                         "      - ./conf:/conf\n"
                         "      - /var/run/x.sock:/x.sock\n"
                         "      - ~/home:/home\n"
                         "      - /anonymous\n"
                         "      - {type: bind, source: ../up, target: /up, read_only: true}\n"
                         "volumes: {data: , unused: }\n"},
        {NULL, NULL}};
    static const char *const variables[][2] = {{"HOME", "/h"}, {NULL, NULL}};
    static const struct {
        enum mount_kind kind;
        const char *source, *target;
        bool read_only;
    } expected[] = {
        {MOUNT_VOLUME, "data", "/data", true},
        {MOUNT_BIND, "/shop/conf", "/conf", false},
        {MOUNT_BIND, "/var/run/x.sock", "/x.sock", false},
        {MOUNT_BIND, "/h/home", "/home", false},
        {MOUNT_VOLUME, "", "/anonymous", false},
        {MOUNT_BIND, "/up", "/up", true},
    };
    struct paper_world world = {.files = files, .variables = variables};
    const struct compose_input input = {0};
    SCOPED(reading_fini) struct reading reading = read_world(&world, &input);

    (void)state;
    const struct service *web = web_of(&reading);
    assert_int_equal(web->mount_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(web->mounts[i].kind, expected[i].kind);
        assert_string_equal(web->mounts[i].source, expected[i].source);
        assert_string_equal(web->mounts[i].target, expected[i].target);
        assert_int_equal(web->mounts[i].read_only, expected[i].read_only);
    }
    assert_int_equal(reading.app->volume_count, 1);
    assert_string_equal(reading.app->volumes[0].name, "shop_data");
}

static void test_networks_and_dependencies_come_in_both_forms(void **state)
{
    SCOPED(reading_fini)
    struct reading reading =
        read_text("services:\n"
                  "  web:\n"
                  "    image: w\n"
                  "    networks: [front, back]\n"
                  "    depends_on: [db]\n"
                  "  db:\n"
                  "    image: d\n"
                  "    networks: {back: {aliases: [data, base]}}\n"
                  "  job:\n"
                  "    image: j\n"
                  "    depends_on:\n"
                  "      db: {condition: service_healthy, restart: true}\n"
                  "      web: {condition: service_completed_successfully}\n"
                  "      none: {condition: service_started, required: false}\n"
                  "  none: {image: n, profiles: [p]}\n"
                  "networks:\n"
                  "  front: {driver: bridge, driver_opts: {a: 1}, labels: [l=1]}\n"
                  "  back: {internal: true, external: true, name: theirs}\n");
    const struct app *app = app_of(&reading);
    const struct service *job = app_find_service(app, "job");

    (void)state;
    assert_int_equal(app->network_count, 3);
    assert_string_equal(app_find_network(app, "front")->name, "shop_front");
    assert_pairs(&app_find_network(app, "front")->driver_opts, "[a=1]");
    assert_pairs(&app_find_network(app, "front")->labels, "[l=1]");
    assert_string_equal(app_find_network(app, "back")->name, "theirs");
    assert_true(app_find_network(app, "back")->external);
    assert_true(app_find_network(app, "back")->internal);
    assert_int_equal(web_of(&reading)->network_count, 2);
    assert_words(&app_find_service(app, "db")->networks[0].aliases, "[data][base]");
    assert_int_equal(web_of(&reading)->dependencies[0].condition, DEPENDS_STARTED);
    assert_true(web_of(&reading)->dependencies[0].required);
    assert_int_equal(job->dependency_count, 3);
    assert_int_equal(job->dependencies[0].condition, DEPENDS_HEALTHY);
    assert_true(job->dependencies[0].restart);
    assert_false(job->dependencies[1].required);
    assert_int_equal(job->dependencies[2].condition, DEPENDS_COMPLETED);
}

static void test_health_restart_and_resources(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_web("    healthcheck:\n"
                                      "      test: curl -f localhost\n"
                                      "      interval: 1m30s\n"
                                      "      timeout: 500ms\n"
                                      "      start_period: 1h\n"
                                      "      retries: 3\n"
                                      "    restart: on-failure:5\n"
                                      "    scale: 3\n"
                                      "    mem_limit: 64m\n"
                                      "    deploy:\n"
                                      "      resources:\n"
                                      "        limits: {cpus: '0.1', memory: 64M}\n"
                                      "        reservations: {cpus: 0.05, memory: 32m}\n");
    const struct service *web = web_of(&reading);

    (void)state;
    assert_words(&web->healthcheck.test, "[CMD-SHELL][curl -f localhost]");
    assert_int_equal(web->healthcheck.interval_ns, UINT64_C(90000000000));
    assert_int_equal(web->healthcheck.timeout_ns, UINT64_C(500000000));
    assert_int_equal(web->healthcheck.start_period_ns, UINT64_C(3600000000000));
    assert_int_equal(web->healthcheck.retries, 3);
    assert_int_equal(web->restart, RESTART_ON_FAILURE);
    assert_int_equal(web->restart_retries_max, 5);
    assert_int_equal(web->replicas, 3);
    assert_int_equal(web->cpus_limit_nano, 100000000);
    assert_int_equal(web->memory_limit_bytes, 64 << 20);
    assert_int_equal(web->cpus_reservation_nano, 50000000);
    assert_int_equal(web->memory_reservation_bytes, 32 << 20);
}

static void test_a_health_check_can_be_disabled(void **state)
{
    SCOPED(reading_fini)
    struct reading disable = read_web("    healthcheck: {disable: true}\n");
    SCOPED(reading_fini) struct reading none = read_web("    healthcheck: {test: [NONE]}\n");

    (void)state;
    assert_true(web_of(&disable)->healthcheck.disabled);
    assert_true(web_of(&none)->healthcheck.disabled);
}

static void assert_setting(const struct service *service, enum setting_id id, const char *json)
{
    const struct setting *setting = settings_find(&service->settings, id);

    assert_non_null(setting);
    const struct settings one = {(struct setting *)(uintptr_t)setting, 1};
    json_t *object = settings_to_json(&one);
    char *text = json_dumps(object, JSON_COMPACT);
    assert_string_equal(text, json);
    free(text);
    json_decref(object);
}

static void test_settings_are_handed_through(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_web("    cap_add: [NET_ADMIN]\n"
                                      "    privileged: true\n"
                                      "    stop_grace_period: 1m30s\n"
                                      "    shm_size: 64m\n"
                                      "    memswap_limit: -1\n"
                                      "    pids_limit: 100\n"
                                      "    devices: [/dev/a:/dev/b, {source: /dev/c}]\n"
                                      "    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}\n"
                                      "    tmpfs: /run:size=1m\n"
                                      "    extra_hosts: ['a:1.2.3.4', 'b=::1']\n"
                                      "    logging: {driver: local, options: {max-size: 5m}}\n"
                                      "    sysctls: [net.core.somaxconn=1]\n"
                                      "    working_dir: /w\n");
    const struct service *web = web_of(&reading);

    (void)state;
    assert_int_equal(web->settings.count, 14);
    assert_setting(web, SETTING_CAP_ADD, "{\"cap_add\":[\"NET_ADMIN\"]}");
    assert_setting(web, SETTING_PRIVILEGED, "{\"privileged\":true}");
    assert_setting(web, SETTING_STOP_GRACE_PERIOD, "{\"stop_grace_period\":90000000000}");
    assert_setting(web, SETTING_SHM_SIZE, "{\"shm_size\":67108864}");
    assert_setting(web, SETTING_MEMSWAP_LIMIT, "{\"memswap_limit\":-1}");
    assert_setting(web, SETTING_PIDS_LIMIT, "{\"pids_limit\":100}");
    assert_setting(web, SETTING_DEVICES,
                   "{\"devices\":[\"/dev/a:/dev/b:rwm\",\"/dev/c:/dev/c:rwm\"]}");
    assert_setting(web, SETTING_ULIMITS,
                   "{\"ulimits\":{\"nofile\":\"1:2\",\"nproc\":\"3:3\"}}");
    assert_setting(web, SETTING_TMPFS, "{\"tmpfs\":[\"/run:size=1m\"]}");
    assert_setting(web, SETTING_EXTRA_HOSTS, "{\"extra_hosts\":[\"a=1.2.3.4\",\"b=::1\"]}");
    assert_setting(web, SETTING_LOGGING_DRIVER, "{\"logging.driver\":\"local\"}");
    assert_setting(web, SETTING_LOGGING_OPTIONS, "{\"logging.options\":{\"max-size\":\"5m\"}}");
    assert_setting(web, SETTING_SYSCTLS, "{\"sysctls\":{\"net.core.somaxconn\":\"1\"}}");
    assert_setting(web, SETTING_WORKING_DIR, "{\"working_dir\":\"/w\"}");
}

static void test_probes_name_the_published_port(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text(
        "services:\n"
        "  a: {image: a, ports: ['80:8080', '8080:80'], x-seawall: {probe: 'http://:8080'}}\n"
        "  b: {image: b, ports: ['5432'], x-seawall: {probe: 'tcp://:5432', state: "
        "replicated}}\n"
        "  c:\n"
        "    image: c\n"
        "    ports: ['8443:443']\n"
        "    x-seawall:\n"
        "      hostname: c.example.test\n"
        "      survive: {region: 1}\n"
        "      ttl: 30s\n"
        "      state: none\n"
        "      probe: {url: 'http://h.test:443/x?y', status: 204, interval: 500ms, timeout: "
        "2s}\n");
    const struct app *app = app_of(&reading);

    (void)state;
    assert_int_equal(app->services[0].probe.port, 80);
    assert_string_equal(app->services[0].probe.path, "/");
    assert_int_equal(app->services[1].probe.kind, PROBE_TCP);
    assert_int_equal(app->services[1].probe.port, 5432);
    assert_int_equal(app->services[1].state, STATE_REPLICATED);
    const struct service *c = &app->services[2];
    assert_string_equal(c->hostname, "c.example.test");
    assert_int_equal(c->survive.count[DOMAIN_REGION], 1);
    assert_int_equal(c->ttl_s, 30);
    assert_int_equal(c->state, STATE_NONE);
    assert_int_equal(c->probe.status, 204);
    assert_int_equal(c->probe.interval_ms, 500);
    assert_int_equal(c->probe.timeout_ms, 2000);
    assert_string_equal(c->probe.host, "h.test");
    assert_string_equal(c->probe.path, "/x?y");
}

static void test_a_published_service_is_probed_unless_it_says_none(void **state)
{
    SCOPED(reading_fini) struct reading plain = read_web("    ports: ['80:8080']\n");
    SCOPED(reading_fini) struct reading udp = read_web("    ports: ['53:53/udp']\n");
    SCOPED(reading_fini)
    struct reading none = read_web("    ports: ['80']\n    x-seawall: {probe: none}\n");

    (void)state;
    assert_int_equal(web_of(&plain)->probe.kind, PROBE_TCP);
    assert_int_equal(web_of(&plain)->probe.port, 8080);
    assert_int_equal(web_of(&udp)->probe.kind, PROBE_NONE);
    assert_int_equal(web_of(&none)->probe.kind, PROBE_NONE);
}

static void test_variables_come_from_the_process_then_from_the_file(void **state)
{
    static const struct paper_file files[] = {
        {"compose.yaml",
         "services: {web: {image: \"${A}/${B}:${C:-c}$D-$COMPOSE_PROJECT_NAME\"}}"},
        {".env", "A=dot\nB=dot\n"},
        {NULL, NULL}};
    static const char *const variables[][2] = {{"A", "process"}, {NULL, NULL}};
    struct paper_world world = {.files = files, .variables = variables};
    const struct compose_input input = {.name = "prod"};
    SCOPED(reading_fini) struct reading reading = read_world(&world, &input);

    (void)state;
    assert_string_equal(web_of(&reading)->image, "process/dot:c-prod");
    assert_int_equal(reading.problems.warnings, 1);
    assert_string_equal(
        problem_text(reading.arena, &reading.problems.items[0]),
        "compose.yaml:1:25: warning: the variable 'D' is not set; nothing is put "
        "in its place");
}

static void test_the_name_has_its_order(void **state)
{
    static const struct paper_file files[] = {
        {"compose.yaml", "services: {web: {image: w}}"},
        {"named.yaml", "name: ${N:-in-file}\nservices: {web: {image: w}}"},
        {"/My.Shop (2)/compose.yaml", "services: {web: {image: w}}"},
        {NULL, NULL}};
    static const char *const variables[][2] = {{"COMPOSE_PROJECT_NAME", "from-variable"},
                                               {NULL, NULL}};
    static const struct {
        const char *file, *option, *name;
        bool has_variable;
    } cases[] = {
        {"compose.yaml", NULL, "shop", false},
        {"named.yaml", NULL, "in-file", false},
        {"named.yaml", NULL, "from-variable", true},
        {"named.yaml", "option", "option", true},
        {"/My.Shop (2)/compose.yaml", NULL, "myshop2", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper_world world = {.files = files,
                                    .variables = cases[i].has_variable ? variables : NULL};
        const struct compose_input input = {
            .files = &cases[i].file, .file_count = 1, .name = cases[i].option};
        SCOPED(reading_fini) struct reading reading = read_world(&world, &input);

        assert_string_equal(app_of(&reading)->name, cases[i].name);
    }
}

static void test_files_are_found_here_and_above(void **state)
{
    static const struct paper_file here[] = {
        {"compose.yml", "services: {web: {image: a}}"},
        {"compose.override.yaml", "services: {web: {image: b}}"},
        {NULL, NULL}};
    static const struct paper_file above[] = {
        {"/docker-compose.yml", "name: up\nservices: {web: {image: c, volumes: ['./x:/x']}}"},
        {NULL, NULL}};
    static const struct paper_file none[] = {{NULL, NULL}};
    SCOPED(reading_fini) struct reading two = read_files(here);
    SCOPED(reading_fini) struct reading one = read_files(above);
    SCOPED(reading_fini) struct reading nothing = read_files(none);

    (void)state;
    assert_string_equal(web_of(&two)->image, "b");
    assert_string_equal(web_of(&one)->mounts[0].source, "/x");
    assert_string_equal(project_folder(one.project), "/");
    assert_string_equal(problem_text(nothing.arena, &nothing.problems.items[0]),
                        "no compose.yaml in /shop or above it; name a file with -f");
}

static void test_profiles_choose_services(void **state)
{
    static const struct paper_file files[] = {{"compose.yaml",
                                               "services:\n"
                                               "  web: {image: w}\n"
                                               "  debug: {image: d, profiles: [dev, test]}\n"
                                               "  other: {image: o, profiles: [other]}\n"},
                                              {NULL, NULL}};
    static const char *const profiles[] = {"test"};
    static const char *const variables[][2] = {{"COMPOSE_PROFILES", "x,other"}, {NULL, NULL}};
    struct paper_world world = {.files = files, .variables = variables};
    const struct compose_input input = {.profiles = profiles, .profile_count = 1};
    SCOPED(reading_fini) struct reading none = read_files(files);
    SCOPED(reading_fini) struct reading all = read_world(&world, &input);

    (void)state;
    assert_int_equal(app_of(&none)->service_count, 1);
    assert_int_equal(app_of(&all)->service_count, 3);
}

static void test_bad_files_are_told(void **state)
{
    (void)state;
    assert_refused("", "compose.yaml: the file is empty, expected 'services:' with a mapping");
    assert_refused("# nothing\n",
                   "compose.yaml: the file is empty, expected 'services:' with a mapping");
    assert_refused("services: {web: [\n",
                   "compose.yaml:2:1: not YAML: flow sequence without a closing bracket");
    assert_refused("\xff\n", "compose.yaml:1:1: the byte 0xff is not UTF-8");
    assert_refused("- a\n", "compose.yaml:1:1: the file: expected a mapping, found a list");
    assert_refused("services: {a: {image: x}, a: {image: y}}\n",
                   "compose.yaml:1:27: the key 'a' is there already, in line 1");
    assert_refused("services: {}\n",
                   "compose.yaml:1:1: there is no service to run; profiles may hide them");
    assert_refused("service: {}\n",
                   "compose.yaml:1:1: unknown key 'service' in the file; did you mean "
                   "'services'?");
    assert_refused("services: [web]\n",
                   "compose.yaml:1:11: services: expected a mapping of services, found a list");
    assert_refused("services: {'a b': {image: x}}\n",
                   "compose.yaml:1:12: services: found the name 'a b', expected a name of a-z, "
                   "A-Z, 0-9, '.', '_' and '-'");
    assert_refused("services: {web: }\n",
                   "compose.yaml:1:12: web: expected a mapping, found nothing");
    assert_refused("services: {web: {}}\n",
                   "compose.yaml:1:17: service 'web': expected an image or a build, found "
                   "neither");
    assert_refused("services: {web: {build: .}}\n",
                   "compose.yaml:1:17: service 'web': expected an image; Seawall builds none: "
                   "build it, push it and name it here");
    assert_refused("name: Shop!\nservices: {web: {image: x}}\n",
                   "compose.yaml:1:7: name: expected a project name of a-z, 0-9, '_' and '-', "
                   "the first a letter or digit, at most 63, found 'Shop!'");
}

static void test_bad_keys_and_types_are_told(void **state)
{
    (void)state;
    assert_web_refused("    imag: x\n",
                       "4:5: unknown key 'imag' in web; did you mean 'image'?");
    assert_web_refused("    colour: red\n", "4:5: unknown key 'colour' in web");
    assert_web_refused("    container_name: one\n",
                       "4:5: container_name: not supported yet; Seawall would run the app "
                       "without it");
    assert_web_refused("    ipc: service:b\n  b: {image: b}\n",
                       "4:10: ipc: 'service:b': sharing it with another service is not "
                       "supported yet");
    assert_web_refused("    deploy: {placement: {constraints: [a==b]}}\n",
                       "4:14: placement: not supported yet; Seawall would run the app without "
                       "it");
    assert_web_refused("    ports: 80\n", "4:12: ports: expected a list of ports, found the "
                                          "number 80");
    assert_web_refused("    ports: [\"x\"]\n",
                       "4:13: ports: expected a port from 0 to 65535, or a range such as "
                       "8000-8010, as target, found 'x'");
    assert_web_refused("    ports: [\"80:\"]\n",
                       "4:13: ports: expected [[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL], whose "
                       "target is missing, found '80:'");
    assert_web_refused("    ports: [\"80-82:80-81\"]\n",
                       "4:13: ports: expected two ranges of the same length, found "
                       "'80-82:80-81'");
    assert_web_refused("    ports: [\"1.2.3:80:80\"]\n",
                       "4:13: ports: expected an IPv4 or IPv6 address in front of the ports, "
                       "found '1.2.3:80:80'");
    assert_web_refused("    ports: [\"80/icmp\"]\n",
                       "4:13: ports: expected tcp, udp or sctp as protocol, found '80/icmp'");
    assert_web_refused("    ports: [{target: 70000}]\n",
                       "4:22: target: expected a port from 1 to 65535, found the number 70000");
    assert_web_refused("    environment: 5\n",
                       "4:18: environment: expected a mapping, or a list of NAME=VALUE, found "
                       "the number 5");
    assert_web_refused("    environment: {A: [b]}\n", "4:22: A: expected text, found a list");
    assert_web_refused("    command: \"a 'b\"\n",
                       "4:14: command: expected a command whose quotes are closed, found 'a "
                       "'b'");
    assert_web_refused("    volumes: [\"a::b\"]\n",
                       "4:15: volumes: expected [SOURCE:]TARGET[:MODE] with no empty section "
                       "between colons, found 'a::b'");
    assert_web_refused("    volumes: [{type: tmpfs, target: /t}]\n",
                       "4:22: type: expected volume or bind, found 'tmpfs': others are not "
                       "supported yet");
    assert_web_refused("    volumes: [\"a:b\"]\nvolumes: {a: }\n",
                       "4:15: target: expected an absolute path, found 'b'");
}

static void test_bad_values_are_told(void **state)
{
    (void)state;
    assert_web_refused("    restart: sometimes\n",
                       "4:14: restart: expected no, always, on-failure[:RETRIES] or "
                       "unless-stopped, found 'sometimes'");
    assert_web_refused("    healthcheck: {interval: 5}\n",
                       "4:29: interval: expected a duration such as 500ms, 10s or 1m30s, found "
                       "the number 5");
    assert_web_refused(
        "    healthcheck: {test: [curl]}\n",
        "4:26: test: expected CMD, CMD-SHELL or NONE as first item, found 'curl'");
    assert_web_refused("    deploy: {replicas: many}\n",
                       "4:24: replicas: expected a whole number, found 'many'");
    assert_web_refused(
        "    deploy: {replicas: -1}\n",
        "4:24: replicas: expected a number from 0 to 10000, found the number -1");
    assert_web_refused("    deploy: {resources: {limits: {memory: lots}}}\n",
                       "4:43: memory: expected a size such as 512m, 2GiB or 1048576, found "
                       "'lots'");
    assert_web_refused("    depends_on: {db: {condition: service_up}}\n",
                       "4:34: condition: expected service_started, service_healthy or "
                       "service_completed_successfully, found 'service_up'");
    assert_web_refused("    image: ${X:?no image}\n",
                       "4:5: the key 'image' is there already, in line 3");
    assert_web_refused("    labels: {a: \"${X:?say X}\"}\n",
                       "4:17: the variable 'X' is required and has no value: say X");
    assert_web_refused(
        "    labels: {a: \"${X\"}\n",
        "4:17: '${X': what stands behind '${' is no variable; write '$$' for the "
        "sign itself");
    assert_web_refused("    env_file: none.env\n",
                       "4:15: open '/shop/none.env': No such file or directory");
    assert_web_refused(
        "    x-seawall: {probe: 'ftp://:80'}\n",
        "4:24: probe: expected http://[HOST]:PORT[/PATH], tcp://:PORT or none, found "
        "'ftp://:80'");
    assert_web_refused("    x-seawall: {probe: 'http://:80'}\n",
                       "4:24: probe: the service publishes no TCP port 80");
    assert_web_refused("    x-seawall: {stat: none}\n",
                       "4:17: unknown key 'stat' in x-seawall; did you mean 'state'?");
    assert_web_refused("    x-seawall: {ttl: 1500ms}\n",
                       "4:22: ttl: expected whole seconds, one at least, found '1.5s'");
    assert_web_refused("    x-seawall: {hostname: a_b}\n",
                       "4:27: hostname: expected a DNS name such as shop.example.test, found "
                       "'a_b'");
}

static void test_what_does_not_fit_together_is_told(void **state)
{
    (void)state;
    assert_web_refused("    networks: [fornt]\nnetworks: {front: }\n",
                       "4:16: service 'web': the network 'fornt' is not defined under "
                       "'networks'; did you mean 'front'?");
    assert_web_refused("    volumes: [\"data:/d\"]\n",
                       "4:15: service 'web': the volume 'data' is not defined under 'volumes'");
    assert_web_refused("    depends_on: [db]\n",
                       "4:18: service 'web': the dependency 'db' is not defined under "
                       "'services'");
    assert_web_refused("    depends_on: [db]\n  db: {image: d, depends_on: [web]}\n",
                       "4:18: services depend on each other in a cycle: db -> web -> db");
    assert_web_refused("    ports: [\"80:80\"]\n  b: {image: b, ports: [\"80:81\"]}\n",
                       "4:13: port 80/tcp is published by 'b' already (on all addresses): no "
                       "Engine could run both; see compose.yaml:5");
    assert_web_refused(
        "    volumes: [\"/a:/d\", {type: volume, target: /e, source: v}]\n"
        "    scale: 2\n    deploy: {replicas: 3}\nvolumes: {v: }\n",
        "5:12: service 'web': scale is 2, deploy.replicas is 3; keep one of them");
}

static void test_all_mistakes_are_told_at_once(void **state)
{
    SCOPED(reading_fini)
    struct reading reading = read_text("services:\n"
                                       "  a: {imag: x, ports: [y]}\n"
                                       "  b: {image: 5, restart: [z]}\n");

    (void)state;
    assert_int_equal(reading.result, -EINVAL);
    assert_int_equal(reading.problems.errors, 3);
}

static void test_large_files_are_refused_unread(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, COMPOSE_FILE_SIZE_MAX + 4096);
    while (text.len <= COMPOSE_FILE_SIZE_MAX)
        assert_int_equal(buf_printf(&text, "# %1000s\n", ""), 0);
    SCOPED(reading_fini) struct reading reading = read_text(buf_text(&text));
    buf_fini(&text);
    assert_string_equal(problem_text(reading.arena, &reading.problems.items[0]),
                        "read '/shop/compose.yaml': larger than the limit of 16777216 bytes");
}

static void test_ten_thousand_services_take_less_than_a_second(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, COMPOSE_FILE_SIZE_MAX);
    assert_int_equal(buf_printf(&text, "services:\n"), 0);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(buf_printf(&text,
                                    "  s%u:\n    image: shop/web:%u\n    environment:\n"
                                    "      A: ${X:-x}\n      B: %u\n    volumes: [v%u:/data]\n"
                                    "    depends_on: [s%u]\n    deploy: {replicas: 2}\n",
                                    i, i, i, i, i ? i - 1 : 9999 + 1),
                         0);
    assert_int_equal(buf_printf(&text, "  s10000: {image: x}\nvolumes:\n"), 0);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(buf_printf(&text, "  v%u:\n", i), 0);
    clock_t before = clock();
    SCOPED(reading_fini) struct reading reading = read_text(buf_text(&text));
    clock_t took = (clock() - before) / (CLOCKS_PER_SEC / 1000);
    buf_fini(&text);
    assert_int_equal(app_of(&reading)->service_count, 10001);
    /* A second of the processor's time is the goal; sanitizers get more. */
    if (took >= 10000)
        fail_msg("10,000 services took %ld ms", (long)took);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_shop_becomes_an_app),
        cmocka_unit_test(test_commands_are_text_or_words),
        cmocka_unit_test(test_environment_and_labels_come_in_both_forms),
        cmocka_unit_test(test_env_files_are_under_what_the_service_says),
        cmocka_unit_test(test_ports_come_in_all_forms),
        cmocka_unit_test(test_volumes_are_named_bound_or_anonymous),
        cmocka_unit_test(test_networks_and_dependencies_come_in_both_forms),
        cmocka_unit_test(test_health_restart_and_resources),
        cmocka_unit_test(test_a_health_check_can_be_disabled),
        cmocka_unit_test(test_settings_are_handed_through),
        cmocka_unit_test(test_probes_name_the_published_port),
        cmocka_unit_test(test_a_published_service_is_probed_unless_it_says_none),
        cmocka_unit_test(test_variables_come_from_the_process_then_from_the_file),
        cmocka_unit_test(test_the_name_has_its_order),
        cmocka_unit_test(test_files_are_found_here_and_above),
        cmocka_unit_test(test_profiles_choose_services),
        cmocka_unit_test(test_bad_files_are_told),
        cmocka_unit_test(test_bad_keys_and_types_are_told),
        cmocka_unit_test(test_bad_values_are_told),
        cmocka_unit_test(test_what_does_not_fit_together_is_told),
        cmocka_unit_test(test_all_mistakes_are_told_at_once),
        cmocka_unit_test(test_large_files_are_refused_unread),
        cmocka_unit_test(test_ten_thousand_services_take_less_than_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
