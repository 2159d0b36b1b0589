/* SPDX-License-Identifier: Apache-2.0 */
#include "model/problem.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1000 /* what was found is quoted, and may be long */

void problems_init(struct problems *problems, struct arena *arena)
{
    *problems = (struct problems){.arena = arena};
}

/* What was found may run over lines, or hold what a terminal would obey. */
static void keep_on_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

PRINTF(4, 0)
static void add(struct problems *problems, enum problem_kind kind, struct place place,
                const char *fmt, va_list args)
{
    size_t *found = kind == PROBLEM_ERROR ? &problems->errors : &problems->warnings;
    char text[TEXT_MAX];

    if ((*found)++ >= PROBLEMS_KEPT_MAX)
        return;
    (void)vsnprintf(text, sizeof(text), fmt, args);
    text[utf8_valid_length(text, strlen(text))] = '\0'; /* no character cut in the middle */
    keep_on_one_line(text);
    if (place.file)
        place.file = arena_strdup(problems->arena, place.file);
    problems->items = arena_grow(problems->arena, problems->items, problems->count,
                                 &problems->capacity, sizeof(*problems->items));
    problems->items[problems->count++] = (struct problem){
        .kind = kind, .place = place, .text = arena_strdup(problems->arena, text)};
}

int problems_add(struct problems *problems, struct place place, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(problems, PROBLEM_ERROR, place, fmt, args);
    va_end(args);
    return -EINVAL;
}

int problems_refuse(struct problems *problems, struct place place, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(problems, PROBLEM_ERROR, place, fmt, args);
    va_end(args);
    problems->unsupported++;
    return -EOPNOTSUPP;
}

void problems_warn(struct problems *problems, struct place place, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(problems, PROBLEM_WARNING, place, fmt, args);
    va_end(args);
}

static int compare_unsigned(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_problem(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;
    int order = strcmp(a->place.file ? a->place.file : "", b->place.file ? b->place.file : "");

    if (!order)
        order = compare_unsigned(a->place.line, b->place.line);
    if (!order)
        order = compare_unsigned(a->place.column, b->place.column);
    return order ? order : strcmp(a->text, b->text);
}

void problems_sort(struct problems *problems)
{
    if (problems->count)
        qsort(problems->items, problems->count, sizeof(*problems->items), compare_problem);
}

const char *problem_text(struct arena *arena, const struct problem *problem)
{
    const struct place *place = &problem->place;
    const char *kind = problem->kind == PROBLEM_WARNING ? "warning: " : "";

    if (!place->file)
        return arena_printf(arena, "%s%s", kind, problem->text);
    if (!place->line)
        return arena_printf(arena, "%s: %s%s", place->file, kind, problem->text);
    return arena_printf(arena, "%s:%u:%u: %s%s", place->file, place->line, place->column, kind,
                        problem->text);
}

json_t *problems_to_json(const struct problems *problems)
{
    json_t *list = json_array();

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        const struct place *place = &problem->place;
        json_t *item = json_object();

        (void)json_object_set_new(
            item, "kind", json_string(problem->kind == PROBLEM_WARNING ? "warning" : "error"));
        if (place->file)
            (void)json_object_set_new(item, "file", json_string(place->file));
        if (place->line) {
            (void)json_object_set_new(item, "line", json_integer(place->line));
            (void)json_object_set_new(item, "column", json_integer(place->column));
        }
        (void)json_object_set_new(item, "message", json_string(problem->text));
        (void)json_array_append_new(list, item);
    }
    return list;
}

int problems_err(const struct problems *problems, struct err *err)
{
    size_t at = 0;

    while (at < problems->count && problems->items[at].kind != PROBLEM_ERROR)
        at++;
    if (at == problems->count)
        return err_set(err, -EINVAL, "nothing is wrong");

    const char *text = problem_text(problems->arena, &problems->items[at]);
    if (problems->errors == 1)
        return err_set(err, -EINVAL, "%s", text);
    return err_set(err, -EINVAL, "%s (and %zu more)", text, problems->errors - 1);
}
