/* SPDX-License-Identifier: Apache-2.0 */
/* seawall dns: what is answered now, and why. */
#include "cli/client.h"
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_dns;

static const struct command_option options[] = {
    OPTION_FORMAT,
    OPTION_SOCKET,
    OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall dns show", "all names"},
    {"seawall dns show shop.example.test", "one name"},
    EXAMPLE_END,
};

static void add_endpoint(struct table *table, const json_t *name, const json_t *endpoint)
{
    table_add(table, output_text(name, "name"));
    table_add(table, arena_printf(table->arena, "%s:%lld", output_text(endpoint, "address"),
                                  output_number(endpoint, "port")));
    table_add(table, output_text(endpoint, "cluster"));
    table_add(table, output_text(endpoint, "provider"));
    table_add(table, output_text(endpoint, "verdict"));
    table_add_number(table, output_number(endpoint, "weight"));
    table_add(table, json_is_true(json_object_get(endpoint, "answered")) ? "yes" : "no");
    table_add(table, output_text(endpoint, "why"));
}

static int print_names(struct cli *cli, const json_t *names, struct err *err)
{
    static const char *const headers[] = {"NAME",     "ENDPOINT", "CLUSTER",
                                          "PROVIDER", "VERDICT",  "WEIGHT",
                                          "ANSWERED", "WHY",      NULL};
    struct table table;

    table_init(&table, cli->arena, headers);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        const json_t *endpoints = json_object_get(name, "endpoints");

        for (size_t j = 0; j < json_array_size(endpoints); j++)
            add_endpoint(&table, name, json_array_get(endpoints, j));
    }
    int r = output_table(&table, err);
    for (size_t i = 0; r == 0 && i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);

        if (!json_is_true(json_object_get(name, "fail_open")))
            continue;
        output_clean(output_text(name, "name"));
        (void)puts(": every endpoint looks down, so all are answered");
    }
    return r;
}

/* Keeps the one name that was asked for; DNS names have no case, and may end in a dot. */
static int select_name(json_t *table, const char *wanted, struct err *err)
{
    json_t *names = json_object_get(table, "names");
    size_t len = strlen(wanted);

    if (len > 1 && wanted[len - 1] == '.')
        len--;
    for (size_t i = json_array_size(names); i > 0; i--) {
        const char *name = output_text(json_array_get(names, i - 1), "name");

        if (strlen(name) != len || strncasecmp(name, wanted, len) != 0)
            (void)json_array_remove(names, i - 1);
    }
    if (json_array_size(names) == 0)
        return err_set(err, -ENOENT, "dns: there is no name '%s'", wanted);
    return 0;
}

static int show_run(struct cli *cli, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    json_t *table = NULL;
    int r = client_open(&client, cli, err);

    if (r == 0)
        r = client_call(client, "GET", "/v1/dns", NULL, &table, err);
    if (r == CLIENT_OK && cli->args.count)
        r = select_name(table, cli->args.items[0], err);
    if (r == CLIENT_OK)
        r = cli->is_json ? output_json(table, err)
                         : print_names(cli, json_object_get(table, "names"), err);
    json_decref(table);
    return client_exit(r);
}

static const struct command show = {
    .name = "show",
    .summary = "Show what is answered now, and why",
    .arguments = "[NAME]",
    .args_max = 1,
    .options = options,
    .examples = examples,
    .run = show_run,
};

static const struct command *const dns_commands[] = {&show, NULL};

const struct command command_dns = {
    .name = "dns",
    .summary = "Show what the nameserver answers",
    .commands = dns_commands,
};
