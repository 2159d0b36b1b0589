/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every reply of the Kubernetes driver. The first byte picks the operation, the second the kind
 * that is watched; then follow the steps of the call: one byte for the status, the body up to a
 * 0 byte. Streams get their body as one piece.
 */
#include "driver/driver.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_change(void *ctx, const struct driver_change *change)
{
    (void)ctx;
    assert(change->id && change->app && change->service && change->what);
}

static void on_log(void *ctx, const struct driver_log_line *line)
{
    (void)ctx;
    assert(line->text[line->len] == '\0');
}

static void on_progress(void *ctx, const char *text)
{
    (void)ctx;
    assert(text);
}

static struct service_network networks[] = {{.network = "back"}, {.network = "default"}};
static struct port ports[] = {{.published_first = 80, .published_last = 82, .target = 80}};
static struct service service = {.name = "web",
                                 .image = "shop/web:3",
                                 .networks = networks,
                                 .network_count = 2,
                                 .ports = ports,
                                 .port_count = 1};
static struct network app_networks[] = {{.key = "back", .name = "shop_back"},
                                        {.key = "default", .name = "shop_default"}};
static struct volume app_volumes[] = {{.key = "default", .name = "shop_data"}};
static const struct app app = {.name = "shop",
                               .services = &service,
                               .service_count = 1,
                               .networks = app_networks,
                               .network_count = 2,
                               .volumes = app_volumes,
                               .volume_count = 1};

/* Feeds one step's reply. Returns what the driver says. */
static int feed(const struct driver *driver, struct driver_call *call,
                const struct http_request *request, int status, const char *body, size_t len)
{
    struct err err = {0};
    struct http_reply reply = {.status = status,
                               .content_type = "application/json",
                               .api_version = "",
                               .body = body,
                               .body_len = len};

    if (request->stream && status < 400) {
        int r = driver->chunk(call, body, len, &err);
        if (r < 0)
            return r;
        reply.body = "";
        reply.body_len = 0;
    }
    int r = driver->reply(call, &reply, &err);
    assert(r >= 0 || (err.code == r && strstr(err.text, "kubernetes at amber-1: ")));
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 401, 403, 404, 409, 410, 500};
    static const struct cluster cluster = {.name = "amber-1", .driver = "kubernetes"};
    const struct driver *driver = driver_find("kubernetes");

    if (size < 2)
        return 0;
    struct action action = {.kind = (enum action_kind)(data[0] / DRIVER_OPS % ACTION_KINDS),
                            .app = "shop",
                            .service = "web",
                            .number = 1,
                            .target = "default",
                            .digest = "d1"};
    struct driver_call call = {.op = (enum driver_op)(data[0] % DRIVER_OPS),
                               .arena = arena_new(),
                               .cluster = &cluster,
                               .api_minor = data[1] & 128 ? 34 : 25,
                               .mirror = driver->mirror_new(),
                               .stream = data[1] % driver->streams,
                               .action = &action,
                               .app = &app,
                               .service = &service,
                               .replica_id = "shop/web-1/uid",
                               .on_change = on_change,
                               .on_log = on_log,
                               .on_progress = on_progress};
    size_t at = 2;
    int r = DRIVER_AGAIN;

    while (r == DRIVER_AGAIN && at < size && call.step < DRIVER_STEPS_MAX) {
        struct http_request request;
        struct err err = {0};

        if (driver->request(&call, &request, &err) < 0)
            break;
        int status = statuses[data[at++] % 8];
        size_t len = strnlen((const char *)data + at, size - at);
        const char *body = arena_strndup(call.arena, (const char *)data + at, len);
        at += len + (at + len < size);
        r = feed(driver, &call, &request, status, body, len);
        call.step++;
    }
    (void)observation_free(call.observation);
    (void)driver->mirror_free(call.mirror);
    (void)arena_free(call.arena);
    return 0;
}
