/* SPDX-License-Identifier: Apache-2.0 */
/* seawall ps: what runs where, how it is, and what waits for whom. */
#include "cli/client.h"
#include "cli/output.h"
#include "cli/user_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_ps;

static const struct command_option options[] = {
    OPTION_FILE,
    OPTIONS_PROJECT,
    {.name = "all", .letter = 'a', .help = "All apps of the server, a line each"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall ps", "the app of the Compose file here"},
    {"seawall ps -p shop web", "one service of an app by its name"},
    {"seawall ps --all", "all apps"},
    EXAMPLE_END,
};

/* All apps. */

static int print_apps(struct cli *cli, const json_t *apps, struct err *err)
{
    static const char *const headers[] = {"APP",   "SERVICES", "REPLICAS", "RUNNING",
                                          "STATE", "REVISION", NULL};
    struct table table;

    table_init(&table, cli->arena, headers);
    for (size_t i = 0; i < json_array_size(apps); i++) {
        const json_t *app = json_array_get(apps, i);

        table_add(&table, output_text(app, "name"));
        table_add_number(&table, output_number(app, "services"));
        table_add_number(&table, output_number(app, "replicas"));
        table_add_number(&table, output_number(app, "running"));
        table_add(&table, output_text(app, "state"));
        table_add_number(&table, output_number(app, "revision"));
    }
    return output_table(&table, err);
}

/* One app. */

/* "80->8080/tcp, 443->8443/tcp", as Docker has it. */
static const char *ports_text(struct arena *arena, const json_t *ports)
{
    const char *text = "";

    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *port = json_array_get(ports, i);

        if (output_number(port, "published"))
            text = arena_printf(arena, "%s%s%lld->%lld/%s", text, *text ? ", " : "",
                                output_number(port, "published"), output_number(port, "target"),
                                output_text(port, "protocol"));
    }
    return text;
}

/*
 *  reachable   made from the file as it is   the cell
 *  no          *                             the last known state, in doubt
 *  yes         no                            the state, and that it is to be replaced
 *  yes         yes                           the state
 */
static const char *state_text(struct arena *arena, const json_t *replica)
{
    const char *state = output_text(replica, "state");

    if (json_is_false(json_object_get(replica, "reachable")))
        return arena_printf(arena, "unknown (was %s)", state);
    if (json_is_false(json_object_get(replica, "current")))
        return arena_printf(arena, "%s (old)", state);
    return state;
}

static void add_replica(struct table *table, const json_t *replica)
{
    const char *health = output_text(replica, "health");

    table_add(table, output_text(replica, "cluster"));
    table_add(table, output_text(replica, "service"));
    table_add(table, output_text(replica, "name"));
    table_add(table, state_text(table->arena, replica));
    table_add(table, strcmp(health, "none") == 0 ? "" : health);
    table_add(table, ports_text(table->arena, json_object_get(replica, "ports")));
    table_add(table, output_text(replica, "endpoint"));
    table_add(table, output_text(replica, "status"));
}

/* By cluster, service and number, whatever the order in which the Engines list them. */
static int compare_replicas(const void *left, const void *right)
{
    const json_t *a = *(const json_t *const *)left, *b = *(const json_t *const *)right;
    int order = strcmp(output_text(a, "cluster"), output_text(b, "cluster"));

    if (!order)
        order = strcmp(output_text(a, "service"), output_text(b, "service"));
    if (!order)
        order = (output_number(a, "number") > output_number(b, "number")) -
                (output_number(a, "number") < output_number(b, "number"));
    return order;
}

static void add_replicas(struct table *table, const json_t *replicas)
{
    size_t count = json_array_size(replicas);
    const json_t **sorted = arena_array(table->arena, count, sizeof(*sorted));

    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(replicas, i);
    if (count)
        qsort(sorted, count, sizeof(*sorted), compare_replicas);
    for (size_t i = 0; i < count; i++)
        add_replica(table, sorted[i]);
}

/* Returns whether `trouble` is the same in other words. */
static bool print_waiting(const json_t *waiting, const char *trouble)
{
    bool is_told = false;

    for (size_t i = 0; i < json_array_size(waiting); i++) {
        const json_t *wait = json_array_get(waiting, i);
        const char *cluster = output_text(wait, "cluster"), *what = output_text(wait, "for");
        long long actions = output_number(wait, "actions");

        if (actions > 0)
            (void)printf("%lld action%s wait%s for ", actions, actions == 1 ? "" : "s",
                         actions == 1 ? "s" : "");
        else
            (void)fputs("waits for ", stdout);
        output_clean(cluster);
        (void)fputs(": ", stdout);
        output_clean(what);
        (void)fputs("\n", stdout);
        is_told |= strncmp(trouble, cluster, strlen(cluster)) == 0 && strstr(trouble, what);
    }
    return is_told;
}

static int print_app(struct cli *cli, const json_t *app, struct err *err)
{
    static const char *const headers[] = {"CLUSTER", "SERVICE",  "NAME",   "STATE", "HEALTH",
                                          "PORTS",   "ENDPOINT", "STATUS", NULL};
    const json_t *replicas = json_object_get(app, "replicas");
    const char *trouble = output_text(app, "trouble");
    struct table table;

    table_init(&table, cli->arena, headers);
    table.optional =
        1; /* the Engine's own words are long, and say little that STATE does not */
    add_replicas(&table, replicas);
    int r = output_table(&table, err);
    if (r < 0)
        return r;
    (void)fputs("\n", stdout);
    output_clean(output_text(app, "name"));
    (void)fputs(": ", stdout);
    output_clean(output_text(app, "state"));
    (void)printf(", revision %lld\n", output_number(app, "revision"));
    if (!print_waiting(json_object_get(app, "waiting"), trouble) && *trouble) {
        (void)fputs("trouble: ", stdout);
        output_clean(trouble);
        (void)fputs("\n", stdout);
    }
    return 0;
}

static bool is_named(const struct args *args, const char *service)
{
    for (size_t i = 0; i < args->count; i++)
        if (strcmp(args->items[i], service) == 0)
            return true;
    return args->count == 0;
}

/* Keeps the services that were asked for. -ENOENT: the app has no such service. */
static int select_services(struct cli *cli, json_t *app, struct err *err)
{
    const json_t *services = json_object_get(json_object_get(app, "plan"), "services");
    json_t *replicas = json_object_get(app, "replicas");

    for (size_t i = 0; i < cli->args.count; i++)
        if (!json_object_get(services, cli->args.items[i]))
            return err_set(err, -ENOENT, "app '%s' has no service '%s'",
                           output_text(app, "name"), cli->args.items[i]);
    for (size_t i = json_array_size(replicas); i > 0; i--)
        if (!is_named(&cli->args, output_text(json_array_get(replicas, i - 1), "service")))
            (void)json_array_remove(replicas, i - 1);
    return 0;
}

static int show_all(struct cli *cli, struct client *client, struct err *err)
{
    json_t *answer = NULL;
    int r = client_call(client, "GET", "/v1/apps", NULL, &answer, err);

    if (r == CLIENT_OK)
        r = cli->is_json ? output_json(answer, err)
                         : print_apps(cli, json_object_get(answer, "apps"), err);
    json_decref(answer);
    return client_exit(r);
}

static int ps_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *app = NULL;
    int r = client_open(&client, cli, err);

    if (r < 0)
        return r;
    if (args_has(&cli->args, "all"))
        return show_all(cli, client, err);

    const char *name = NULL;
    r = user_files_app_name(&name, cli, err);
    if (r < 0)
        return r;
    r = client_call(client, "GET", arena_printf(cli->arena, "/v1/apps/%s", name), NULL, &app,
                    err);
    if (r == CLIENT_OK)
        r = select_services(cli, app, err);
    if (r == CLIENT_OK)
        r = cli->is_json ? output_json(app, err) : print_app(cli, app, err);
    json_decref(app);
    return client_exit(r);
}

const struct command command_ps = {
    .name = "ps",
    .summary = "Show what runs where, and what waits for whom",
    .arguments = "[SERVICE...]",
    .args_max = COMMAND_ARGS_MANY,
    .text =
        "ENDPOINT is what steering says: up, down or unknown; '-' where nothing is steered. "
        "A STATE that ends in (old) is of a definition that was changed since; one that is "
        "unknown is in a cluster whose API cannot be reached.",
    .options = options,
    .examples = examples,
    .run = ps_run,
};
