/* SPDX-License-Identifier: Apache-2.0 */
/* seawall scale: other numbers of replicas, without another file. */
#include "base/number.h"
#include "cli/follow.h"
#include "cli/plan_print.h"
#include "cli/user_files.h"
#include "model/name.h"

#include <errno.h>
#include <string.h>

/* Declared by command_list.h for command.c; repeated so that the definition is checked. */
extern const struct command command_scale;

static const struct command_option options[] = {
    OPTION_FILE,   OPTION_PROJECT, OPTION_ENV_FILE, OPTION_DETACH,
    OPTION_FORMAT, OPTION_SOCKET,  OPTION_END,
};

static const struct command_example examples[] = {
    {"seawall scale web=6", "six replicas, whatever is lost"},
    {"seawall scale -p shop web=6 worker=3", "of an app by its name"},
    EXAMPLE_END,
};

/* "web=6" becomes a member of `services`. */
static int add_scale(const struct cli *cli, json_t *services, const char *word, struct err *err)
{
    const char *equals = strchr(word, '=');
    const char *service =
        arena_strndup(cli->arena, word, equals ? (size_t)(equals - word) : strlen(word));
    uint64_t replicas;

    if (!equals || !name_is_key(service) ||
        number_read(equals + 1, strlen(equals + 1), 0, APP_REPLICAS_MAX, &replicas) < 0)
        return err_set(err, -EINVAL, "'%s': expected SERVICE=NUMBER with a number from 0 to %d",
                       word, APP_REPLICAS_MAX);
    if (json_object_get(services, service))
        return err_set(err, -EINVAL, "'%s': service '%s' is there twice", word, service);
    return json_object_set_new(services, service, json_integer((json_int_t)replicas));
}

static int send_scales(struct cli *cli, json_t *services, struct err *err)
{
    SCOPED(client_closep) struct client *client = NULL;
    const char *name = NULL;
    json_t *refusal = NULL;
    int r = user_files_app_name(&name, cli, err);

    if (r == 0)
        r = client_open(&client, cli, err);
    if (r < 0)
        return r;
    json_t *body = json_pack("{s:O}", "services", services);
    r = follow_command(cli, client, arena_printf(cli->arena, "/v1/apps/%s/scale", name), body,
                       arena_printf(cli->arena, "scale %s", name), &refusal, err);
    json_decref(body);
    return plan_print_refusal(cli, r, refusal, err);
}

static int scale_run(struct cli *cli, struct err *err)
{
    json_t *services = json_object();
    int r = 0;

    for (size_t i = 0; r == 0 && i < cli->args.count; i++)
        r = add_scale(cli, services, cli->args.items[i], err);
    r = r < 0 ? CLI_USAGE : send_scales(cli, services, err);
    json_decref(services);
    return r;
}

const struct command command_scale = {
    .name = "scale",
    .summary = "Change how many replicas of a service are needed",
    .arguments = "SERVICE=NUMBER...",
    .args_min = 1,
    .args_max = COMMAND_ARGS_MANY,
    .text = "The number is what is left after any loss that the service survives: as many more "
            "run as that takes, as with deploy.replicas in the file. The next 'seawall up' "
            "brings back the number of the file.",
    .options = options,
    .examples = examples,
    .run = scale_run,
};
