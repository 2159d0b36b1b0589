/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"
#include "model/fleet_json.h"

static void show(struct request *request)
{
    request_reply(request, 200, request->api->backend->fleet(request->api->ctx));
}

static void apply(struct request *request)
{
    json_t *body = request_body(request, NULL);
    struct fleet *fleet;
    struct err err = {0};

    if (!body)
        return;
    int r = fleet_from_json(&fleet, body, &err);
    json_decref(body);
    if (r < 0) {
        request_fail(request, &err);
        return;
    }
    request->api->backend->fleet_apply(
        request->api->ctx, fleet, (struct backend_done){.fn = request_on_done, .ctx = request});
}

static void cluster_remove(struct request *request)
{
    request->api->backend->cluster_remove(
        request->api->ctx, request->name, request_flag(request, "force"),
        (struct backend_done){.fn = request_on_done, .ctx = request});
}

static void cluster_drain(struct request *request)
{
    request->api->backend->cluster_drain(
        request->api->ctx, request->name, request_flag(request, "undo"),
        (struct backend_done){.fn = request_on_done, .ctx = request});
}

const struct route routes_fleet[] = {
    {"GET", "/v1/fleet", show, QUESTION, ""},
    {"PUT", "/v1/fleet", apply, COMMAND, ""},
    {"DELETE", "/v1/clusters/NAME", cluster_remove, COMMAND, "force?"},
    {"POST", "/v1/clusters/NAME/drain", cluster_drain, COMMAND, "undo?"},
    {0},
};
