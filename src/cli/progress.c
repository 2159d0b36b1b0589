/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

/* Narrower windows get the title line alone. */
#define WIDTH_MIN_ROWS 24
#define NAME_MAX_WIDTH 40

static const char *member(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text ? text : "";
}

static unsigned number(const json_t *line, const char *key, unsigned otherwise)
{
    const json_t *value = json_object_get(line, key);
    json_int_t found = json_integer_value(value);

    return json_is_integer(value) && found >= 0 && found <= INT32_MAX ? (unsigned)found
                                                                      : otherwise;
}

/* Drops what does not fit: the view is for people, and the window is smaller still. */
PRINTF(2, 3) static void say(struct buf *out, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (len > 0 && buf_add(out, text, strlen(text)) < 0)
        return;
}

void progress_init(struct progress *progress, const char *title, uint64_t now_ms)
{
    *progress = (struct progress){
        .arena = arena_new(), .title = title, .start_ms = now_ms, .outcome = ""};
}

void progress_fini(struct progress *progress)
{
    progress->arena = arena_free(progress->arena);
}

static const char *clean_copy(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    table_clean(copy);
    return copy;
}

static struct progress_row *find_row(struct progress *p, const char *cluster,
                                     const char *service, uint64_t now_ms)
{
    /* The latest rows are the busiest. */
    for (size_t i = p->count; i > 0; i--)
        if (strcmp(p->rows[i - 1].cluster, cluster) == 0 &&
            strcmp(p->rows[i - 1].service, service) == 0)
            return &p->rows[i - 1];
    if (p->count == PROGRESS_ROWS_MAX)
        return NULL;
    p->rows = arena_grow(p->arena, p->rows, p->count, &p->capacity, sizeof(*p->rows));

    struct progress_row *row = &p->rows[p->count++];
    *row = (struct progress_row){.cluster = clean_copy(p->arena, cluster),
                                 .service = clean_copy(p->arena, service),
                                 .first_ms = now_ms};
    return row;
}

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
    table_clean(out);
}

static void add_to_row(struct progress *p, const json_t *line, bool is_waiting, uint64_t now_ms)
{
    struct progress_row *row =
        find_row(p, member(line, "cluster"), member(line, "service"), now_ms);
    const char *status = member(line, "status");

    if (!row)
        return;
    row->is_waiting = is_waiting;
    row->is_failing = strcmp(status, "error") == 0;
    row->last_ms = now_ms;
    copy_text(row->what, sizeof(row->what), member(line, "what"));
    copy_text(row->message, sizeof(row->message), member(line, "message"));
    row->started += strcmp(status, "start") == 0;
    row->ended += strcmp(status, "done") == 0 || row->is_failing;
}

void progress_add(struct progress *progress, const json_t *line, uint64_t now_ms)
{
    const char *phase = member(line, "phase");

    progress->done = number(line, "done", progress->done);
    progress->total = number(line, "total", progress->total);
    if (strcmp(phase, "action") == 0)
        add_to_row(progress, line, false, now_ms);
    else if (strcmp(phase, "waiting") == 0)
        add_to_row(progress, line, true, now_ms);
    progress->is_done = strcmp(phase, "done") == 0;
    progress->is_failed = strcmp(phase, "failed") == 0;
    if (progress->is_done || progress->is_failed)
        progress->outcome = clean_copy(progress->arena, member(line, "message"));
}

/* The live view. */

enum look { LOOK_WORKING, LOOK_WAITING, LOOK_FAILED, LOOK_DONE };

/*
 *  fails   waits   all that began has ended   look
 *  yes     *       *                          failed
 *  no      yes     *                          waiting
 *  no      no      yes                        done
 *  no      no      no                         working
 */
static enum look look_of(const struct progress_row *row)
{
    if (row->is_failing)
        return LOOK_FAILED;
    if (row->is_waiting)
        return LOOK_WAITING;
    return row->ended >= row->started ? LOOK_DONE : LOOK_WORKING;
}

struct painter {
    struct buf *out;
    size_t width;
    bool colour;
    unsigned lines;
};

/* One line, cut at the window's edge: a line that wraps would spoil the next redraw. */
static void paint(struct painter *painter, const char *colour, const char *text)
{
    size_t len = strlen(text);

    if (len > painter->width)
        len = painter->width;
    /* A cut inside a UTF-8 character would show as rubbish. */
    while (len && text[len] && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    bool is_coloured = painter->colour && colour;
    say(painter->out, "%s%.*s%s\n", is_coloured ? colour : "", (int)len, text,
        is_coloured ? PLAIN : "");
    painter->lines++;
}

static void paint_title(struct painter *painter, const struct progress *p, uint64_t now_ms)
{
    uint64_t tenths = (now_ms - p->start_ms) / 100;
    char text[256];

    (void)snprintf(text, sizeof(text), "%s  %u/%u  %llu.%llus", p->title, p->done, p->total,
                   (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10));
    paint(painter, p->is_failed ? RED : p->is_done ? GREEN : NULL, text);
}

static void paint_row(struct painter *painter, const struct progress_row *row, int names,
                      uint64_t now_ms)
{
    static const char *const words[] = {"working", "waiting", "failed", "done"};
    static const char *const colours[] = {NULL, YELLOW, RED, GREEN};
    enum look look = look_of(row);
    uint64_t tenths = ((look == LOOK_DONE ? row->last_ms : now_ms) - row->first_ms) / 100;
    const char *slash = row->service[0] ? "/" : "";
    char name[NAME_MAX_WIDTH + 4], text[512];

    (void)snprintf(name, sizeof(name), "%s%s%s", row->cluster, slash, row->service);
    (void)snprintf(text, sizeof(text), "  %-*s  %-7s %5llu.%llus  %s%s%s", names, name,
                   words[look], (unsigned long long)(tenths / 10),
                   (unsigned long long)(tenths % 10), look == LOOK_DONE ? "" : row->what,
                   look != LOOK_DONE && row->what[0] && row->message[0] ? ": " : "",
                   look == LOOK_DONE ? "" : row->message);
    for (size_t len = strlen(text); len && text[len - 1] == ' '; len--)
        text[len - 1] = '\0';
    paint(painter, colours[look], text);
}

static int widest_name(const struct progress *p)
{
    size_t widest = 0;

    for (size_t i = 0; i < p->count; i++) {
        size_t len = strlen(p->rows[i].cluster) + 1 + strlen(p->rows[i].service);

        if (len > widest)
            widest = len;
    }
    return widest > NAME_MAX_WIDTH ? NAME_MAX_WIDTH : (int)widest;
}

/* How many rows of each look get a line, when there is room for `room` in all. */
static void share_room(const struct progress *p, size_t room, size_t shown[4])
{
    static const enum look order[] = {LOOK_FAILED, LOOK_WORKING, LOOK_WAITING, LOOK_DONE};
    size_t counts[4] = {0};

    for (size_t i = 0; i < p->count; i++)
        counts[look_of(&p->rows[i])]++;
    for (size_t i = 0; i < 4; i++) {
        shown[order[i]] = counts[order[i]] < room ? counts[order[i]] : room;
        room -= shown[order[i]];
    }
}

unsigned progress_view(const struct progress *progress, uint64_t now_ms, size_t width,
                       size_t height, bool colour, struct buf *out)
{
    struct painter painter = {.out = out, .width = width, .colour = colour};
    size_t shown[4], hidden = 0;
    int names = widest_name(progress);

    if (height == 0 || width == 0)
        return 0;
    paint_title(&painter, progress, now_ms);
    if (width < WIDTH_MIN_ROWS || height < 3)
        return painter.lines;

    bool is_cut = progress->count > height - 1;
    share_room(progress, is_cut ? height - 2 : height - 1, shown);
    for (size_t i = 0; i < progress->count; i++) {
        enum look look = look_of(&progress->rows[i]);

        if (shown[look] == 0) {
            hidden++;
            continue;
        }
        shown[look]--;
        paint_row(&painter, &progress->rows[i], names, now_ms);
    }
    if (hidden) {
        char text[64];

        (void)snprintf(text, sizeof(text), "  ... and %zu more", hidden);
        paint(&painter, NULL, text);
    }
    return painter.lines;
}

/* Line by line. */

/* Adds the member of the line in a form that no terminal obeys. */
static void add_member(struct buf *out, const json_t *line, const char *key)
{
    size_t start = out->len;

    say(out, "%s", member(line, key));
    if (out->len > start)
        table_clean(out->data + start);
}

static void plain_action(const json_t *line, struct buf *out)
{
    static const char *const parts[] = {"cluster", "what", "status", "message"};
    unsigned total = number(line, "total", 0);
    const char *separator = "";

    if (total)
        say(out, "[%u/%u] ", number(line, "done", 0), total);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!member(line, parts[i])[0])
            continue;
        say(out, "%s", separator);
        add_member(out, line, parts[i]);
        separator = ": ";
    }
}

void progress_plain(const json_t *line, struct buf *out)
{
    if (strcmp(member(line, "phase"), "action") == 0) {
        plain_action(line, out);
    } else {
        add_member(out, line, "phase");
        say(out, "%s", member(line, "message")[0] ? ": " : "");
        add_member(out, line, "message");
    }
    say(out, "\n");
}
