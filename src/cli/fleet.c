/* SPDX-License-Identifier: Apache-2.0 */
/* seawall fleet: the clusters that one server manages. */
#include "cli/amount.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"
#include "model/fleet_json.h"
#include "model/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_fleet;

/* seawall fleet ls */

static const struct command_option ls_options[] = {
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example ls_examples[] = {
    {"seawall fleet ls", "all clusters"},
    {"seawall fleet ls --format json", "with addresses, endpoints and times"},
    EXAMPLE_END,
};

static void add_cluster(struct table *table, const json_t *cluster)
{
    const json_t *capacity = json_object_get(cluster, "capacity");
    double cpus = json_number_value(json_object_get(capacity, "cpus"));
    long long memory = output_number(capacity, "memory");
    const char *state = output_text(cluster, "state");

    table_add(table, output_text(cluster, "name"));
    table_add(table, output_text(cluster, "provider"));
    table_add(table, output_text(cluster, "region"));
    table_add(table, output_text(cluster, "driver"));
    table_add(table, json_is_true(json_object_get(cluster, "drained"))
                         ? arena_printf(table->arena, "%s, drained", state)
                         : state);
    table_add(table, output_text(cluster, "engine"));
    table_add_number(table, output_number(cluster, "replicas"));
    table_add(table, cpus > 0 ? amount_cpus(table->arena, cpus) : "");
    table_add(table, memory > 0 ? amount_bytes(table->arena, (uint64_t)memory) : "");
}

/* Why the clusters that are not ready are not: in full, which no column could hold. */
static void print_errors(const json_t *clusters)
{
    for (size_t i = 0, printed = 0; i < json_array_size(clusters); i++) {
        const json_t *cluster = json_array_get(clusters, i);

        if (!*output_text(cluster, "error"))
            continue;
        (void)fputs(printed++ ? "" : "\n", stdout);
        output_clean(output_text(cluster, "name"));
        (void)fputs(": ", stdout);
        output_clean(output_text(cluster, "state"));
        (void)fputs(" since ", stdout);
        output_clean(output_text(cluster, "since"));
        (void)fputs(": ", stdout);
        output_clean(output_text(cluster, "error"));
        (void)fputs("\n", stdout);
    }
}

static int print_fleet(struct cli *cli, const json_t *fleet, struct err *err)
{
    static const char *const headers[] = {"NAME",   "PROVIDER", "REGION", "DRIVER", "STATE",
                                          "ENGINE", "REPLICAS", "CPUS",   "MEMORY", NULL};
    const json_t *clusters = json_object_get(fleet, "clusters");
    struct table table;

    if (json_array_size(clusters) == 0) {
        (void)puts("There is no cluster yet: 'seawall fleet apply -f fleet.yaml' brings some");
        return 0;
    }
    table_init(&table, cli->arena, headers);
    for (size_t i = 0; i < json_array_size(clusters); i++)
        add_cluster(&table, json_array_get(clusters, i));
    int r = output_table(&table, err);
    if (r == 0)
        print_errors(clusters);
    return r;
}

static int ls_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *fleet = NULL;
    int r = client_open(&client, cli, err);

    if (r == 0)
        r = client_call(client, "GET", "/v1/fleet", NULL, &fleet, err);
    if (r == CLIENT_OK)
        r = cli->is_json ? output_json(fleet, err) : print_fleet(cli, fleet, err);
    json_decref(fleet);
    return client_exit(r);
}

static const struct command ls = {
    .name = "ls",
    .summary = "List the clusters and how they are",
    .text = "STATE is connecting, ready or unreachable; a cluster that is drained runs nothing "
            "new. CPUS and MEMORY are what the planner reckons with: the fleet file's, else "
            "what the cluster reports.",
    .options = ls_options,
    .examples = ls_examples,
    .run = ls_run,
};

/* seawall fleet apply */

static const struct command_option apply_options[] = {
    {.name = "file", .letter = 'f', .value = "FILE", .help = "Fleet file; - is standard input"},
    {.name = "allow-exec",
     .help = "Let the server run the programs that kubeconfigs of the file name"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example apply_examples[] = {
    {"seawall fleet apply -f fleet.yaml", "add the clusters of a file, and change those of it "
                                          "that are there"},
    EXAMPLE_END,
};

static void print_names(const json_t *answer, const char *what)
{
    const json_t *names = json_object_get(answer, what);

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));

        (void)fputs("cluster ", stdout);
        output_clean(name ? name : "");
        (void)printf(" %s\n", what);
    }
}

static int apply_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    SCOPED(fleet_freep) struct fleet *fleet = NULL;
    const char *path = args_value(&cli->args, "file");
    json_t *answer = NULL;

    if (!path) {
        (void)err_set(err, -EINVAL, "which file? Name it with -f");
        return CLI_USAGE;
    }
    int r = user_files_fleet(&fleet, cli, path, err);
    if (r == 0)
        r = client_open(&client, cli, err);
    if (r == 0) {
        for (size_t i = 0; i < fleet->cluster_count; i++)
            fleet->clusters[i].allow_exec = args_has(&cli->args, "allow-exec");
        json_t *body = fleet_to_json(fleet);

        r = client_call(client, "PUT", "/v1/fleet", body, &answer, err);
        json_decref(body);
    }
    if (r == CLIENT_OK && cli->is_json) {
        r = output_json(answer, err);
    } else if (r == CLIENT_OK) {
        print_names(answer, "added");
        print_names(answer, "changed");
        print_names(answer, "unchanged");
    }
    json_decref(answer);
    return client_exit(r);
}

static const struct command apply = {
    .name = "apply",
    .summary = "Add and change the clusters that a file describes",
    .text = "What is in the fleet and not in the file stays: 'seawall fleet rm' takes it out.",
    .options = apply_options,
    .examples = apply_examples,
    .run = apply_run,
};

/* seawall fleet rm */

static const struct command_option rm_options[] = {
    {.name = "force", .help = "Also while apps run there: forget what runs, touch nothing"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example rm_examples[] = {
    {"seawall fleet rm amber-1", "take out a cluster where nothing runs any more"},
    {"seawall fleet rm amber-1 --force",
     "the cluster is gone for good, with all that ran there"},
    EXAMPLE_END,
};

/* Sends what has no body. CLIENT_OK: the answer is printed, as JSON or as `done`. */
static int send_command(struct cli *cli, const char *method, const char *path, const char *done,
                        struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *answer = NULL;
    int r = client_open(&client, cli, err);

    if (r == 0)
        r = client_call(client, method, path, NULL, &answer, err);
    if (r == CLIENT_REFUSED)
        return plan_print_refusal(cli, CLI_REFUSED, answer, err);
    if (r == CLIENT_OK && cli->is_json)
        r = output_json(answer, err);
    else if (r == CLIENT_OK)
        (void)puts(done);
    json_decref(answer);
    return client_exit(r);
}

/* The cluster as it stands in a path, or NULL with `err` set. */
static const char *cluster_path(const struct cli *cli, struct err *err)
{
    const char *name = cli->args.items[0];

    if (!name_is_cluster(name)) {
        (void)err_set(err, -EINVAL, "'%s' is no name of a cluster: a-z, 0-9 and '-' are", name);
        return NULL;
    }
    return arena_printf(cli->arena, "/v1/clusters/%s", name);
}

static int rm_run(struct cli *cli, struct err *err)
{
    const char *path = cluster_path(cli, err);

    if (!path)
        return CLI_USAGE;
    if (args_has(&cli->args, "force"))
        path = arena_printf(cli->arena, "%s?force=1", path);
    return send_command(cli, "DELETE", path,
                        arena_printf(cli->arena, "cluster %s removed", cli->args.items[0]),
                        err);
}

static const struct command rm = {
    .name = "rm",
    .summary = "Take a cluster out of the fleet",
    .arguments = "NAME",
    .args_min = 1,
    .args_max = 1,
    .text = "While apps run there it is left alone: drain it first.",
    .options = rm_options,
    .examples = rm_examples,
    .run = rm_run,
};

/* seawall fleet drain */

static const struct command_option drain_options[] = {
    {.name = "undo", .help = "Let things run there again"},
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example drain_examples[] = {
    {"seawall fleet drain amber-1", "before its maintenance"},
    {"seawall fleet drain amber-1 --undo", "afterwards"},
    EXAMPLE_END,
};

static int drain_run(struct cli *cli, struct err *err)
{
    const char *name = cli->args.items[0], *path = cluster_path(cli, err);
    bool is_undo = args_has(&cli->args, "undo");

    if (!path)
        return CLI_USAGE;
    return send_command(
        cli, "POST", arena_printf(cli->arena, "%s/drain%s", path, is_undo ? "?undo=1" : ""),
        is_undo ? arena_printf(cli->arena, "cluster %s may be used again", name)
                : arena_printf(cli->arena,
                               "cluster %s is being emptied; 'seawall fleet ls' shows how far "
                               "it is",
                               name),
        err);
}

static const struct command drain = {
    .name = "drain",
    .summary = "Empty a cluster, and run nothing new there",
    .arguments = "NAME",
    .args_min = 1,
    .args_max = 1,
    .text = "Refused when an app could not survive what it asks for without the cluster. What "
            "runs there stays until its replacement serves.",
    .options = drain_options,
    .examples = drain_examples,
    .run = drain_run,
};

static const struct command *const fleet_commands[] = {&apply, &ls, &rm, &drain, NULL};

const struct command command_fleet = {
    .name = "fleet",
    .summary = "Manage the clusters that apps run on",
    .commands = fleet_commands,
};
