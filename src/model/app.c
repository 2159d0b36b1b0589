/* SPDX-License-Identifier: Apache-2.0 */
#include "model/app.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct app *app_free(struct app *app)
{
    if (app)
        (void)arena_free(app->arena);
    return NULL;
}

void app_freep(struct app **app)
{
    *app = app_free(*app);
}

static int compare_service(const void *name, const void *service)
{
    return strcmp(name, ((const struct service *)service)->name);
}

static int compare_network(const void *key, const void *network)
{
    return strcmp(key, ((const struct network *)network)->key);
}

static int compare_volume(const void *key, const void *volume)
{
    return strcmp(key, ((const struct volume *)volume)->key);
}

static const void *find(const char *key, const void *items, size_t count, size_t size,
                        int (*compare)(const void *, const void *))
{
    return count ? bsearch(key, items, count, size, compare) : NULL;
}

const struct service *app_find_service(const struct app *app, const char *name)
{
    return find(name, app->services, app->service_count, sizeof(*app->services),
                compare_service);
}

const struct network *app_find_network(const struct app *app, const char *key)
{
    return find(key, app->networks, app->network_count, sizeof(*app->networks),
                compare_network);
}

const struct volume *app_find_volume(const struct app *app, const char *key)
{
    return find(key, app->volumes, app->volume_count, sizeof(*app->volumes), compare_volume);
}

uint64_t service_cpus_nano(const struct service *service)
{
    return service->cpus_reservation_nano ? service->cpus_reservation_nano
                                          : service->cpus_limit_nano;
}

uint64_t service_memory_bytes(const struct service *service)
{
    return service->memory_reservation_bytes ? service->memory_reservation_bytes
                                             : service->memory_limit_bytes;
}

bool service_is_pinned(const struct service *service)
{
    return service->state == STATE_PLAIN && service->mount_count > 0;
}

unsigned service_replicas_per_host_max(const struct service *service)
{
    unsigned max = UINT_MAX;

    for (size_t i = 0; i < service->port_count; i++) {
        const struct port *port = &service->ports[i];
        unsigned room = port->published_last - port->published_first + 1u;

        if (port->published_first && room < max)
            max = room;
    }
    return max;
}

const struct port *service_steered_port(const struct service *service)
{
    for (size_t i = 0; i < service->port_count; i++) {
        const struct port *port = &service->ports[i];

        if (port->protocol == PORT_TCP &&
            (!service->probe.port || service->probe.port == port->target))
            return port;
    }
    return NULL;
}
