/* SPDX-License-Identifier: Apache-2.0 */
#include "health/prober.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "health/attempt.h"
#include "health/schedule.h"
#include "health/verdict.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_PORT 80

/* Targets that are remembered though nobody names them: a megabyte. */
#define ASLEEP_MAX 1000

struct target;

/* One attempt that is under way. */
struct flight {
    struct target *target;
    struct attempt *attempt; /* NULL: free */
    uint64_t number;
};

struct target {
    struct prober *prober;
    char *key; /* all that tells it from others: see target_key */
    struct attempt_target how;
    char *request;
    struct schedule schedule;
    struct verdict verdict;
    struct finding finding;

    uv_timer_t timer; /* the next attempt */
    struct flight flights[PROBE_OVERLAP_MAX];
    uint64_t started; /* attempts so far */
    bool is_due;      /* it is time, but no flight is free */
    bool is_waiting;  /* it is time, but all sockets are taken: in the prober's queue */
    struct target *next_waiting;
    bool is_named;      /* by the intent that is being set */
    uint64_t asleep_ms; /* loop time since which no intent names it */
};

struct prober {
    uv_loop_t *loop;
    struct random random;
    size_t attempts_max;
    void (*on_verdict)(void *ctx);
    void *ctx;

    struct map targets; /* key (the target's) -> struct target */
    /*
     * The same, of those that were down when no intent named them any more. When a cloud
     * returns its dead copies leave the intent and new ones come in their places: they are to
     * get their traffic back slowly, too.
     */
    struct map asleep;
    unsigned remember_ms;
    const struct finding **findings;
    struct target *waiting, **waiting_end;
    struct prober_stats stats;
};

static void target_due(struct target *target);

/* Attempts. */

static struct flight *flight_free(struct target *target)
{
    for (size_t i = 0; i < PROBE_OVERLAP_MAX; i++)
        if (!target->flights[i].attempt)
            return &target->flights[i];
    return NULL;
}

static void flight_end(struct flight *flight)
{
    flight->attempt = NULL;
    flight->target->prober->stats.attempts--;
}

/* What is still under way began before the answer came, and can tell nothing newer. */
static void cancel_older(struct target *target, uint64_t number)
{
    for (size_t i = 0; i < PROBE_OVERLAP_MAX; i++) {
        struct flight *flight = &target->flights[i];

        if (!flight->attempt || flight->number >= number)
            continue;
        flight->attempt = attempt_cancel(flight->attempt);
        flight_end(flight);
    }
}

static void record_verdict(struct target *target, enum verdict_state before, const char *why)
{
    struct finding *finding = &target->finding;

    finding->state = target->verdict.state;
    finding->since_ms = clock_wall_ms();
    finding->returned_ms =
        before == VERDICT_DOWN && finding->state == VERDICT_UP ? clock_monotonic_ms() : 0;
    (void)snprintf(finding->why, sizeof(finding->why), "%s", why);
    target->prober->on_verdict(target->prober->ctx);
}

static void on_timer(uv_timer_t *timer)
{
    target_due(timer->data);
}

/* Brings the next attempt forward. */
static void look_again(struct target *target)
{
    unsigned retry_ms = schedule_retry_ms(&target->schedule);

    if (uv_is_active((uv_handle_t *)&target->timer) &&
        uv_timer_get_due_in(&target->timer) > retry_ms)
        (void)uv_timer_start(&target->timer, on_timer, retry_ms, 0);
}

static void start_waiting(struct prober *prober)
{
    while (prober->waiting && prober->stats.attempts < prober->attempts_max) {
        struct target *target = prober->waiting;

        prober->waiting = target->next_waiting;
        if (!prober->waiting)
            prober->waiting_end = &prober->waiting;
        target->is_waiting = false;
        prober->stats.waiting--;
        target_due(target);
    }
}

static void count(struct prober_stats *stats, enum attempt_result result)
{
    if (result == ATTEMPT_OK)
        stats->succeeded++;
    else if (result == ATTEMPT_FAILED)
        stats->failed++;
    else
        stats->voided++;
}

static void on_attempt(void *ctx, enum attempt_result result, const char *why)
{
    struct flight *flight = ctx;
    struct target *target = flight->target;
    struct prober *prober = target->prober;
    enum verdict_state before = target->verdict.state;
    bool was_in_doubt = verdict_is_in_doubt(&target->verdict);

    flight_end(flight);
    count(&prober->stats, result);
    if (result == ATTEMPT_OK)
        cancel_older(target, flight->number);
    if (result != ATTEMPT_VOID && verdict_add(&target->verdict, result == ATTEMPT_OK))
        record_verdict(target, before, why);
    if (!was_in_doubt && verdict_is_in_doubt(&target->verdict))
        look_again(target);
    if (target->is_due)
        target_due(target);
    start_waiting(prober);
}

static void wait_for_socket(struct target *target)
{
    struct prober *prober = target->prober;

    if (target->is_waiting)
        return;
    target->is_waiting = true;
    target->next_waiting = NULL;
    *prober->waiting_end = target;
    prober->waiting_end = &target->next_waiting;
    prober->stats.waiting++;
}

/* It is time for an attempt: starts one if there is room, and sets the time of the next. */
static void target_due(struct target *target)
{
    struct prober *prober = target->prober;
    struct flight *flight = flight_free(target);

    target->is_due = !flight;
    if (!flight)
        return;
    if (prober->stats.attempts >= prober->attempts_max) {
        wait_for_socket(target);
        return;
    }
    flight->number = ++target->started;
    flight->attempt = attempt_start(prober->loop, &target->how, on_attempt, flight);
    if (++prober->stats.attempts > prober->stats.attempts_max)
        prober->stats.attempts_max = prober->stats.attempts;
    (void)uv_timer_start(&target->timer, on_timer,
                         schedule_next_ms(&target->schedule, &prober->random), 0);
}

/* Targets. */

static const char *target_host(const struct intent_name *name)
{
    return name->probe.host ? name->probe.host : name->name;
}

static char *target_key(const struct intent_name *name, const struct endpoint *endpoint)
{
    const struct probe *probe = &name->probe;
    struct schedule schedule = schedule_of(probe);

    if (probe->kind == PROBE_TCP)
        return mem_printf("tcp %s %u %u %u", endpoint->address, endpoint->port,
                          schedule.interval_ms, schedule.timeout_ms);
    return mem_printf("http %s %u %u %u %u %s %s", endpoint->address, endpoint->port,
                      schedule.interval_ms, schedule.timeout_ms, probe->status,
                      target_host(name), probe->path);
}

static char *make_request(const struct intent_name *name, uint16_t port)
{
    char suffix[8] = "";

    /* RFC 9112 section 3.2: the port belongs to the host where it is not the usual one. */
    if (!name->probe.host && port != HTTP_PORT)
        (void)snprintf(suffix, sizeof(suffix), ":%u", port);
    return mem_printf("GET %s HTTP/1.1\r\nHost: %s%s\r\nUser-Agent: seawall\r\nAccept: */*\r\n"
                      "Connection: close\r\n\r\n",
                      name->probe.path, target_host(name), suffix);
}

static void set_address(struct attempt_target *how, const struct endpoint *endpoint)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&how->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&how->address;
    int r;

    if (strchr(endpoint->address, ':')) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(endpoint->port);
        r = inet_pton(AF_INET6, endpoint->address, &v6->sin6_addr);
        how->address_len = sizeof(*v6);
    } else {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint->port);
        r = inet_pton(AF_INET, endpoint->address, &v4->sin_addr);
        how->address_len = sizeof(*v4);
    }
    assert(r == 1); /* the reader of intents has seen to that */
}

static struct target *target_new(struct prober *prober, char *key,
                                 const struct intent_name *name,
                                 const struct endpoint *endpoint)
{
    struct target *target = mem_new(struct target);

    target->prober = prober;
    target->key = key;
    target->schedule = schedule_of(&name->probe);
    verdict_init(&target->verdict, PROBE_RISE, PROBE_FALL);
    target->finding.since_ms = clock_wall_ms();
    for (size_t i = 0; i < PROBE_OVERLAP_MAX; i++)
        target->flights[i].target = target;
    set_address(&target->how, endpoint);
    target->how.timeout_ms = target->schedule.timeout_ms;
    if (name->probe.kind == PROBE_HTTP) {
        target->request = make_request(name, endpoint->port);
        target->how.request = target->request;
        target->how.request_len = strlen(target->request);
        target->how.status = name->probe.status;
    }
    (void)uv_timer_init(prober->loop, &target->timer);
    target->timer.data = target;
    (void)map_set(&prober->targets, target->key, target);
    return target;
}

static void on_target_closed(uv_handle_t *handle)
{
    struct target *target = handle->data;

    free(target->key);
    free(target->request);
    free(target);
}

static void leave_queue(struct target *target)
{
    struct prober *prober = target->prober;
    struct target **at = &prober->waiting;

    if (!target->is_waiting)
        return;
    while (*at != target)
        at = &(*at)->next_waiting;
    *at = target->next_waiting;
    if (!*at)
        prober->waiting_end = at;
    target->is_waiting = false;
    prober->stats.waiting--;
}

static void target_rest(struct target *target)
{
    cancel_older(target, UINT64_MAX);
    leave_queue(target);
    (void)uv_timer_stop(&target->timer);
    target->is_due = false;
}

/* The caller has taken it out of its map, or is about to forget the map. */
static void target_free(struct target *target)
{
    target_rest(target);
    uv_close((uv_handle_t *)&target->timer, on_target_closed);
}

/* The prober. */

struct prober *prober_new(uv_loop_t *loop, const struct prober_options *options,
                          void (*on_verdict)(void *ctx), void *ctx)
{
    struct prober *prober = mem_new(struct prober);

    assert(options->attempts_max >= 1);

    prober->loop = loop;
    prober->attempts_max = options->attempts_max;
    random_init(&prober->random, options->seed);
    prober->on_verdict = on_verdict;
    prober->ctx = ctx;
    prober->waiting_end = &prober->waiting;
    prober->remember_ms = options->remember_ms;
    map_init(&prober->targets);
    map_init(&prober->asleep);
    return prober;
}

static void free_all(struct map *targets)
{
    size_t at = 0;
    void *target;

    while (map_next(targets, &at, NULL, &target))
        target_free(target);
    map_fini(targets);
}

struct prober *prober_free(struct prober *prober)
{
    if (!prober)
        return NULL;
    free_all(&prober->targets);
    free_all(&prober->asleep);
    free(prober->findings);
    free(prober);
    return NULL;
}

/* Sends a target to sleep that is to be remembered. */
static bool target_sleep(struct target *target)
{
    struct prober *prober = target->prober;

    if (target->verdict.state != VERDICT_DOWN || prober->asleep.count >= ASLEEP_MAX)
        return false;
    target_rest(target);
    target->started = 0;
    target->asleep_ms = uv_now(prober->loop);
    (void)map_set(&prober->asleep, target->key, target);
    return true;
}

static struct target *target_wake(struct prober *prober, const char *key)
{
    struct target *target = map_remove(&prober->asleep, key);

    if (target)
        (void)map_set(&prober->targets, target->key, target);
    return target;
}

static void forget(struct prober *prober)
{
    struct map kept;
    size_t at = 0;
    void *value;

    map_init(&kept);
    while (map_next(&prober->asleep, &at, NULL, &value)) {
        struct target *target = value;

        if (uv_now(prober->loop) - target->asleep_ms >= prober->remember_ms)
            target_free(target);
        else
            (void)map_set(&kept, target->key, target);
    }
    map_fini(&prober->asleep);
    prober->asleep = kept;
}

/* The target that speaks for an endpoint; NULL when nothing does. */
static struct target *name_target(struct prober *prober, const struct intent_name *name,
                                  const struct endpoint *endpoint)
{
    if (name->probe.kind == PROBE_NONE)
        return NULL;

    char *key = target_key(name, endpoint);
    struct target *target = map_find(&prober->targets, key);

    if (!target)
        target = target_wake(prober, key);
    if (target)
        free(key);
    else
        target = target_new(prober, key, name, endpoint);
    target->is_named = true;
    return target;
}

static void start_probing(struct target *target)
{
    struct prober *prober = target->prober;

    if (!target->started && !uv_is_active((uv_handle_t *)&target->timer))
        (void)uv_timer_start(
            &target->timer, on_timer,
            schedule_first_ms(&target->schedule, prober->targets.count, &prober->random), 0);
}

/* Ends the targets that nobody names any more, starts the new ones. */
static void settle(struct prober *prober)
{
    struct map kept;
    size_t at = 0;
    void *value;

    map_init(&kept);
    while (map_next(&prober->targets, &at, NULL, &value)) {
        struct target *target = value;

        if (target->is_named) {
            target->is_named = false;
            (void)map_set(&kept, target->key, target);
            start_probing(target);
        } else if (!target_sleep(target)) {
            target_free(target);
        }
    }
    map_fini(&prober->targets);
    prober->targets = kept;
}

void prober_set(struct prober *prober, const struct intent *intent)
{
    size_t count = 0;

    for (size_t i = 0; i < intent->name_count; i++)
        count += intent->names[i].endpoint_count;
    free(prober->findings);
    prober->findings = mem_array(count, sizeof(*prober->findings));
    forget(prober);

    size_t at = 0;
    for (size_t i = 0; i < intent->name_count; i++)
        for (size_t j = 0; j < intent->names[i].endpoint_count; j++) {
            struct target *target =
                name_target(prober, &intent->names[i], &intent->names[i].endpoints[j]);

            prober->findings[at++] = target ? &target->finding : NULL;
        }
    settle(prober);
    start_waiting(prober);
}

const struct finding *const *prober_findings(const struct prober *prober)
{
    return prober->findings;
}

void prober_stats(const struct prober *prober, struct prober_stats *out)
{
    *out = prober->stats;
    out->targets = prober->targets.count;
}
