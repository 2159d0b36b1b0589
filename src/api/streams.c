/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

static void version(struct request *request)
{
    request_reply(request, 200, request->api->backend->version(request->api->ctx));
}

static void dns(struct request *request)
{
    request->api->backend->dns(request->api->ctx,
                               (struct backend_done){.fn = request_on_done, .ctx = request});
}

/* A query value, or NULL when it is absent or empty. */
static const char *query_text(const struct request *request, const char *key)
{
    const char *text = http_exchange_query(request->exchange, key);

    return text && *text ? text : NULL;
}

static struct backend_stream *open_events(const struct request *request,
                                          struct backend_sink sink, struct err *err)
{
    struct backend_events events = {
        .app = query_text(request, "app"),
        .since = query_text(request, "since"),
        .follow = request_flag(request, "follow"),
    };

    return request->api->backend->events(request->api->ctx, &events, sink, err);
}

/* Of the form that all our times have, and can be compared with as text. */
static bool is_time(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    size_t i = 0;

    for (; form[i] && text[i]; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return form[i] == text[i];
}

static void events(struct request *request)
{
    const char *since = query_text(request, "since");
    struct err err = {0};

    if (since && !is_time(since)) {
        (void)err_set(&err, -EINVAL,
                      "since '%.40s': expected a time such as "
                      "2026-11-24T04:00:35.123Z",
                      since);
        request_fail(request, &err);
        return;
    }
    request_stream(request, open_events);
}

/* A query value as a number; `otherwise` if it is absent or not one. */
static int64_t query_number(const struct request *request, const char *key, int64_t max,
                            int64_t otherwise)
{
    const char *text = http_exchange_query(request->exchange, key);
    uint64_t value;

    if (!text || number_read(text, strlen(text), 0, (uint64_t)max, &value) < 0)
        return otherwise;
    return (int64_t)value;
}

static struct backend_stream *open_logs(const struct request *request, struct backend_sink sink,
                                        struct err *err)
{
    struct backend_logs logs = {
        .app = request->name,
        .service = http_exchange_query(request->exchange, "service"),
        .cluster = http_exchange_query(request->exchange, "cluster"),
        .follow = request_flag(request, "follow"),
        .timestamps = request_flag(request, "timestamps"),
        .tail = (int)query_number(request, "tail", INT_MAX, -1),
        .since_s = query_number(request, "since", INT64_MAX, 0),
    };

    return request->api->backend->logs(request->api->ctx, &logs, sink, err);
}

static void logs(struct request *request)
{
    struct err err = {0};
    json_t *app = request->api->backend->app(request->api->ctx, request->name, &err);

    if (!app) {
        request_fail(request, &err);
        return;
    }
    json_decref(app);
    request_stream(request, open_logs);
}

const struct route routes_streams[] = {
    {"GET", "/v1/version", version, QUESTION, ""},
    {"GET", "/v1/dns", dns, QUESTION, ""},
    {"GET", "/v1/events", events, QUESTION, "follow? app since"},
    {"GET", "/v1/apps/NAME/logs", logs, QUESTION,
     "service cluster follow? tail# since# timestamps?"},
    {0},
};
