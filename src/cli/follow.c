/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/follow.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/term.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ten times a second looks alive and costs nothing. */
#define TICK_MS 100

/* A window of 1,000 lines by 1,000 columns. */
#define VIEW_SIZE_MAX ((size_t)4 << 20)

struct follower {
    struct progress progress;
    bool is_json, is_live;
    unsigned lines; /* of the view on the screen */
    int result;     /* of writing to standard output */
    struct err *err;
};

/* Draws over the last view. Its last line stays empty: the cursor rests there. */
static void draw(struct follower *follower, bool is_last)
{
    size_t width = term_width(STDOUT_FILENO), height = term_height(STDOUT_FILENO);
    struct buf view;

    buf_init(&view, VIEW_SIZE_MAX);
    if (follower->lines)
        (void)printf("\033[%uA\r\033[J", follower->lines);
    /* The last view may scroll: all of it should stay readable. */
    follower->lines =
        progress_view(&follower->progress, clock_monotonic_ms(), width ? width - 1 : 0,
                      is_last ? SIZE_MAX : height - 1, term_has_colour(STDOUT_FILENO), &view);
    (void)fputs(buf_text(&view), stdout);
    (void)fflush(stdout);
    buf_fini(&view);
}

static void on_tick(void *ctx)
{
    struct follower *follower = ctx;

    draw(follower, false);
}

static void print_line(const json_t *line)
{
    struct buf text;

    buf_init(&text, CLIENT_LINE_MAX);
    progress_plain(line, &text);
    (void)fputs(buf_text(&text), stdout);
    (void)fflush(stdout);
    buf_fini(&text);
}

static int on_line(void *ctx, const json_t *line)
{
    struct follower *follower = ctx;

    progress_add(&follower->progress, line, clock_monotonic_ms());
    if (follower->is_json)
        follower->result = output_json_line(line, follower->err);
    else if (!follower->is_live)
        print_line(line);
    return follower->result < 0 || follower->progress.is_done || follower->progress.is_failed;
}

static int conclude(const struct follower *follower, const char *title, struct err *err)
{
    const struct progress *progress = &follower->progress;

    if (follower->result < 0)
        return follower->result;
    if (progress->is_failed)
        return err_set(err, -EIO, "%s: %s", title, progress->outcome);
    if (!progress->is_done)
        return err_set(err, -EIO,
                       "%s: the server went away before it was done. What it accepted goes on "
                       "once it is back: see 'seawall ps'",
                       title);
    if (progress->outcome[0] && follower->is_live)
        (void)printf("%s\n", progress->outcome);
    return CLI_DONE;
}

static int send_detached(struct cli *cli, struct client *client, const char *path,
                         const json_t *body, json_t **out, struct err *err)
{
    int r = client_call(client, "POST", path, body, out, err);

    if (r != CLIENT_OK)
        return r;
    if (cli->is_json)
        r = output_json_line(*out, err);
    else
        (void)puts("accepted; 'seawall ps' shows how far it is");
    json_decref(*out);
    return r;
}

static int send_followed(struct follower *follower, struct client *client, const char *path,
                         const json_t *body, json_t **out, struct err *err)
{
    const struct client_sink sink = {.on_line = on_line,
                                     .on_tick = follower->is_live ? on_tick : NULL,
                                     .tick_ms = TICK_MS,
                                     .ctx = follower};
    int r = client_stream(client, "POST", path, body, &sink, out, err);

    if (follower->is_live && (follower->lines || r == CLIENT_OK))
        draw(follower, true);
    return r;
}

int follow_command(struct cli *cli, struct client *client, const char *path, json_t *body,
                   const char *title, json_t **refusal, struct err *err)
{
    bool is_detached = args_has(&cli->args, "detach");
    struct follower follower = {
        .is_json = cli->is_json,
        .is_live = !cli->is_json && term_is_terminal(STDOUT_FILENO),
        .err = err,
    };
    json_t *answer = NULL;

    if (json_object_set_new(body, "detach", json_boolean(is_detached)) < 0)
        return err_set(err, -ENOMEM, "%s: out of memory", title);
    progress_init(&follower.progress, title, clock_monotonic_ms());
    int r = is_detached ? send_detached(cli, client, path, body, &answer, err)
                        : send_followed(&follower, client, path, body, &answer, err);
    if (r == CLIENT_OK && !is_detached) {
        r = conclude(&follower, title, err);
    } else if (r == CLIENT_INTERRUPTED) {
        (void)fprintf(stderr, "seawall: detached; the server goes on with it\n");
        r = CLI_INTERRUPTED;
    } else if (r == CLIENT_REFUSED) {
        *refusal = answer;
        r = CLI_REFUSED;
    }
    progress_fini(&follower.progress);
    return r;
}
