/* SPDX-License-Identifier: Apache-2.0 */
#include "health/verdict.h"

#include <assert.h>

void verdict_init(struct verdict *v, unsigned rise, unsigned fall)
{
    assert(rise >= 1);
    assert(fall >= 1);

    *v = (struct verdict){
        .state = VERDICT_UNKNOWN,
        .rise = rise,
        .fall = fall,
        .rise_now = rise,
        .calm = VERDICT_CALM, /* the first fall is no relapse */
    };
}

static unsigned needed(const struct verdict *v)
{
    return v->state == VERDICT_DOWN ? v->rise_now : v->fall;
}

static bool agrees(const struct verdict *v, bool ok)
{
    return v->state != VERDICT_UNKNOWN && ok == (v->state == VERDICT_UP);
}

static void go_up(struct verdict *v)
{
    /* A newcomer keeps its calm; whoever comes back earns it. */
    if (v->state == VERDICT_DOWN)
        v->calm = 0;
    v->state = VERDICT_UP;
    v->streak = 0;
}

static void go_down(struct verdict *v)
{
    bool is_relapse = v->calm < VERDICT_CALM;

    if (!is_relapse)
        v->rise_now = v->rise;
    else if (v->rise_now * 2 <= v->rise * VERDICT_RISE_FACTOR_MAX)
        v->rise_now *= 2;
    v->state = VERDICT_DOWN;
    v->streak = 0;
}

bool verdict_add(struct verdict *v, bool ok)
{
    assert(v->streak < needed(v));

    if (ok && v->state == VERDICT_UNKNOWN) {
        go_up(v);
        return true;
    }
    if (agrees(v, ok)) {
        v->streak = 0;
        if (ok && v->calm < VERDICT_CALM)
            v->calm++;
        return false;
    }
    if (++v->streak < needed(v))
        return false;

    if (ok)
        go_up(v);
    else
        go_down(v);
    return true;
}

bool verdict_is_in_doubt(const struct verdict *v)
{
    return v->streak > 0;
}
