/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"
#include "model/app_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCALES_MAX 1000

static void list(struct request *request)
{
    request_reply(request, 200, request->api->backend->apps(request->api->ctx));
}

static void show(struct request *request)
{
    struct err err = {0};
    json_t *app = request->api->backend->app(request->api->ctx, request->name, &err);

    if (app)
        request_reply(request, 200, app);
    else
        request_fail(request, &err);
}

/* The member "app" of the body; NULL, and the request is answered, if it is none. */
static struct app *read_app(struct request *request, const json_t *body)
{
    const json_t *json = json_object_get(body, "app");
    struct app *app = NULL;
    struct err err = {0};

    if (!json)
        (void)err_set(&err, -EINVAL, "the body must have a member 'app'");
    else if (app_from_json(&app, json, &err) == 0)
        return app;
    request_fail(request, &err);
    return NULL;
}

static void plan(struct request *request)
{
    static const char *const keys[] = {"app", NULL};
    json_t *body = request_body(request, keys), *reply = NULL;
    struct err err = {0};

    if (!body)
        return;
    struct app *app = read_app(request, body);
    json_decref(body);
    if (!app)
        return;
    if (request->api->backend->plan(request->api->ctx, app, &reply, &err) < 0)
        request_fail(request, &err);
    else
        request_reply(request, 200, reply);
}

static struct backend_stream *open_progress(const struct request *request,
                                            struct backend_sink sink, struct err *err)
{
    return request->api->backend->progress(request->api->ctx, request->name, sink, err);
}

/* A command is durable: follow its progress, or be content. */
static void on_accepted(void *ctx, int result, json_t *reply, const struct err *err)
{
    struct request *request = ctx;

    if (result != BACKEND_OK) {
        request_on_done(ctx, result, reply, err);
        return;
    }
    json_decref(reply);
    request_stream(request, open_progress);
}

static struct backend_done done_of(struct request *request, bool detach)
{
    return (struct backend_done){.fn = detach ? request_on_done : on_accepted, .ctx = request};
}

static void up(struct request *request)
{
    static const char *const keys[] = {"app", "detach", NULL};
    json_t *body = request_body(request, keys);
    struct app *app = NULL;
    struct err err = {0};
    bool detach;

    if (!body)
        return;
    if (request_body_flag(body, "detach", &detach, &err) < 0)
        request_fail(request, &err);
    else
        app = read_app(request, body);
    json_decref(body);
    if (!app)
        return;
    if (strcmp(app->name, request->name) != 0) {
        (void)err_set(&err, -EINVAL, "the app is called '%s', the path says '%s'", app->name,
                      request->name);
        (void)app_free(app);
        request_fail(request, &err);
        return;
    }
    request->api->backend->app_up(request->api->ctx, app, done_of(request, detach));
}

static void down(struct request *request)
{
    static const char *const keys[] = {"volumes", "detach", NULL};
    json_t *body = request_body(request, keys);
    struct err err = {0};
    bool detach, volumes;

    if (!body)
        return;
    if (request_body_flag(body, "detach", &detach, &err) < 0 ||
        request_body_flag(body, "volumes", &volumes, &err) < 0)
        request_fail(request, &err);
    else
        request->api->backend->app_down(request->api->ctx, request->name, volumes,
                                        done_of(request, detach));
    json_decref(body);
}

static int read_scales(json_t *services, struct backend_scale *out, size_t *count,
                       struct err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(services) || !json_object_size(services) ||
        json_object_size(services) > SCALES_MAX)
        return err_set(err, -EINVAL, "'services' must name 1 to %d services", SCALES_MAX);
    *count = 0;
    json_object_foreach(services, name, value)
    {
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > APP_REPLICAS_MAX)
            return err_set(err, -EINVAL, "'services.%.60s' must be a number from 0 to %d", name,
                           APP_REPLICAS_MAX);
        out[(*count)++] = (struct backend_scale){
            .service = name, .replicas = (unsigned)json_integer_value(value)};
    }
    return 0;
}

static void scale(struct request *request)
{
    static const char *const keys[] = {"services", "detach", NULL};
    json_t *body = request_body(request, keys);
    struct backend_scale scales[SCALES_MAX];
    struct err err = {0};
    size_t count = 0;
    bool detach;

    if (!body)
        return;
    if (request_body_flag(body, "detach", &detach, &err) < 0 ||
        read_scales(json_object_get(body, "services"), scales, &count, &err) < 0)
        request_fail(request, &err);
    else
        request->api->backend->app_scale(request->api->ctx, request->name, scales, count,
                                         done_of(request, detach));
    json_decref(body);
}

const struct route routes_apps[] = {
    {"GET", "/v1/apps", list, QUESTION, ""},
    {"GET", "/v1/apps/NAME", show, QUESTION, ""},
    {"POST", "/v1/plan", plan, QUESTION, ""},
    {"POST", "/v1/apps/NAME/up", up, COMMAND, ""},
    {"POST", "/v1/apps/NAME/down", down, COMMAND, ""},
    {"POST", "/v1/apps/NAME/scale", scale, COMMAND, ""},
    {0},
};
