/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_print.h"

#include "cli/output.h"
#include "cli/term.h"
#include "model/plan_json.h"
#include "plan/explain.h"

#include <stdio.h>
#include <unistd.h>

/* 100,000 services with their certificates and reasons. */
#define TEXT_SIZE_MAX ((size_t)256 << 20)

/* `text` was filled with the outcome `r`. Released here. */
static int print_text(struct buf *text, int r, struct err *err)
{
    if (r < 0)
        (void)err_set(err, r, "the plan takes more than %zu bytes; --format json has no limit",
                      TEXT_SIZE_MAX);
    else
        (void)fputs(buf_text(text), stdout);
    buf_fini(text);
    return r;
}

int plan_print(const struct plan *plan, const struct diff *diff, struct err *err)
{
    struct buf text;

    buf_init(&text, TEXT_SIZE_MAX);
    int r = plan_explain(&text, plan, diff, term_has_colour(STDOUT_FILENO));
    return print_text(&text, r, err);
}

int plan_print_summary(const json_t *json, struct err *err)
{
    json_t *clean = output_clean_json(json);
    SCOPED(plan_freep) struct plan *plan = NULL;
    struct buf text;
    int r = plan_from_json(&plan, clean, err);

    json_decref(clean);
    if (r < 0)
        return err_wrap(err, "the plan that the server sent");
    buf_init(&text, TEXT_SIZE_MAX);
    r = plan_summarize(&text, plan, term_has_colour(STDOUT_FILENO));
    return print_text(&text, r, err);
}

int plan_print_answer(const json_t *answer, struct err *err)
{
    json_t *clean = output_clean_json(answer);
    const json_t *changes = json_object_get(clean, "diff");
    SCOPED(plan_freep) struct plan *plan = NULL;
    SCOPED(diff_freep) struct diff *diff = NULL;
    int r = plan_from_json(&plan, json_object_get(clean, "plan"), err);

    if (r == 0 && changes)
        r = diff_from_json(&diff, changes, err);
    json_decref(clean);
    if (r < 0)
        return err_wrap(err, "the plan that the server sent");
    return plan_print(plan, diff, err);
}

int plan_print_refusal(const struct cli *cli, int outcome, json_t *answer, struct err *err)
{
    struct err unprinted = {0};
    int r = 0;

    if (outcome == CLI_REFUSED && cli->is_json)
        r = output_json(answer, &unprinted);
    else if (outcome == CLI_REFUSED && json_object_get(answer, "plan"))
        r = plan_print_answer(answer, &unprinted);
    json_decref(answer);
    if (r < 0)
        *err = unprinted;
    return r < 0 ? r : outcome;
}
