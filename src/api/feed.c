/* SPDX-License-Identifier: Apache-2.0 */
#include "api/feed.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>

struct feed_listener {
    struct feed *feed;
    struct feed_listener *next;
    feed_on_line *on_line; /* NULL: left, freed when nobody walks the list */
    void *ctx;
};

struct feed {
    json_t **kept; /* a ring of kept_max */
    size_t kept_max, kept_count, kept_at;
    struct feed_listener *listeners;
    unsigned walking; /* depth of feed_publish */
};

struct feed *feed_new(size_t kept_max)
{
    struct feed *feed = mem_new(struct feed);

    feed->kept = mem_array(kept_max, sizeof(*feed->kept));
    feed->kept_max = kept_max;
    return feed;
}

static void sweep(struct feed *feed)
{
    struct feed_listener **at = &feed->listeners;

    while (*at) {
        struct feed_listener *listener = *at;

        if (listener->on_line) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        free(listener);
    }
}

struct feed *feed_free(struct feed *feed)
{
    if (!feed)
        return NULL;
    for (struct feed_listener *l = feed->listeners; l; l = l->next)
        l->on_line = NULL;
    sweep(feed);
    for (size_t i = 0; i < feed->kept_count; i++)
        json_decref(feed->kept[i]);
    free(feed->kept);
    free(feed);
    return NULL;
}

static void keep(struct feed *feed, json_t *line)
{
    if (!feed->kept_max) {
        json_decref(line);
        return;
    }
    if (feed->kept_count < feed->kept_max) {
        feed->kept[feed->kept_count++] = line;
        return;
    }
    json_decref(feed->kept[feed->kept_at]);
    feed->kept[feed->kept_at] = line;
    feed->kept_at = (feed->kept_at + 1) % feed->kept_max;
}

void feed_publish(struct feed *feed, json_t *line)
{
    char at[CLOCK_TEXT_SIZE];

    (void)json_object_set_new(line, "at", json_string(clock_text(clock_wall_ms(), at)));
    feed->walking++;
    for (struct feed_listener *l = feed->listeners; l; l = l->next)
        if (l->on_line)
            l->on_line(l->ctx, line);
    feed->walking--;
    if (!feed->walking)
        sweep(feed);
    keep(feed, line);
}

struct feed_listener *feed_listen(struct feed *feed, bool replay, feed_on_line *on_line,
                                  void *ctx)
{
    struct feed_listener *listener = mem_new(struct feed_listener);

    *listener = (struct feed_listener){
        .feed = feed, .next = feed->listeners, .on_line = on_line, .ctx = ctx};
    feed->listeners = listener;

    feed->walking++;
    for (size_t i = 0; replay && listener->on_line && i < feed->kept_count; i++)
        on_line(ctx, feed->kept[(feed->kept_at + i) % feed->kept_max]);
    feed->walking--;
    return listener;
}

struct feed_listener *feed_leave(struct feed_listener *listener)
{
    if (!listener)
        return NULL;
    listener->on_line = NULL;
    if (!listener->feed->walking)
        sweep(listener->feed);
    return NULL;
}
