/* SPDX-License-Identifier: Apache-2.0 */
/* nameserver/keeper: what is on disk is the last intent, or the one before, or nothing. */
#include "base/file.h"
#include "base/mem.h"
#include "nameserver/keeper.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TEXT_SIZE 256

struct world {
    uv_loop_t loop;
    struct keeper *keeper;
    char folder[64], path[96], previous[128];
    unsigned told, failed;
    struct err err; /* the latest that on_done brought */
};

static void open_keeper(struct world *w)
{
    struct err err;
    char folder[80];

    (void)snprintf(folder, sizeof(folder), "%s/state", w->folder);
    assert_int_equal(keeper_open(&w->keeper, &w->loop, folder, &err), 0);
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    assert_int_equal(uv_loop_init(&w->loop), 0);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/seawall-test-keeper-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof(w->path), "%s/state/intent.json", w->folder);
    (void)snprintf(w->previous, sizeof(w->previous), "%s/state/intent.previous.json",
                   w->folder);
    open_keeper(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[128];

    w->keeper = keeper_close(w->keeper);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    (void)unlink(w->path);
    (void)unlink(w->previous);
    (void)snprintf(path, sizeof(path), "%s.damaged", w->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/state/lock", w->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/state", w->folder);
    assert_int_equal(rmdir(path), 0); /* nothing else was left there */
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

static const char *text_of(char out[TEXT_SIZE], unsigned generation)
{
    (void)snprintf(out, TEXT_SIZE,
                   "{\"generation\": %u, \"zone\": \"test\", \"nameservers\": [\"ns1.test\"], "
                   "\"names\": []}",
                   generation);
    return out;
}

static void on_done(void *ctx, const struct err *err)
{
    struct world *w = ctx;

    w->told++;
    w->failed += err != NULL;
    w->err = err ? *err : (struct err){0};
}

static void write_generation(struct world *w, unsigned generation)
{
    char text[TEXT_SIZE];

    (void)text_of(text, generation);
    keeper_write(w->keeper, text, strlen(text), on_done, w);
}

static void until_told(struct world *w, unsigned count)
{
    while (w->told < count)
        assert_true(uv_run(&w->loop, UV_RUN_ONCE) || w->told >= count);
}

static void put_file(const char *path, const char *text)
{
    struct err err;

    assert_int_equal(file_replace(path, text, strlen(text), &err), 0);
}

/* Loads and compares the outcome and the generation, 0 for none. */
static void check_load(struct world *w, int outcome, uint64_t generation, const char *complaint)
{
    SCOPED(intent_freep) struct intent *intent = NULL;
    struct err err = {0};

    assert_int_equal(keeper_load(w->keeper, &intent, &err), outcome);
    assert_int_equal(intent ? intent->generation : 0, generation);
    if (complaint)
        assert_non_null(strstr(err.text, complaint));
    else
        assert_int_equal(err.code, 0);
}

static void test_a_first_start_finds_nothing_and_complains_of_nothing(void **state)
{
    check_load(*state, KEEPER_NOTHING, 0, NULL);
}

static void test_what_was_told_to_be_durable_is_there_after_a_restart(void **state)
{
    struct world *w = *state;

    write_generation(w, 7);
    until_told(w, 1);
    assert_int_equal(w->failed, 0);
    w->keeper = keeper_close(w->keeper);
    open_keeper(w);
    check_load(w, KEEPER_LAST, 7, NULL);
}

static void test_of_many_the_newest_is_written_and_all_are_told(void **state)
{
    struct world *w = *state;

    for (unsigned generation = 1; generation <= 100; generation++)
        write_generation(w, generation);
    until_told(w, 100);
    assert_int_equal(w->failed, 0);
    check_load(w, KEEPER_LAST, 100, NULL);
}

static void test_damage_brings_back_the_one_before_and_is_kept_aside(void **state)
{
    static const char *const damages[] = {"", "{", "[]", "{\"generation\": 8}", "\xff"};
    struct world *w = *state;
    char text[TEXT_SIZE];

    for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        put_file(w->previous, text_of(text, 7));
        put_file(w->path, damages[i]);
        check_load(w, KEEPER_PREVIOUS, 7, "intent.json': ");
        assert_int_equal(access(w->path, F_OK), -1);
    }
}

static void test_each_write_leaves_the_one_before_as_a_spare(void **state)
{
    struct world *w = *state;

    for (unsigned generation = 1; generation <= 3; generation++) {
        write_generation(w, generation);
        until_told(w, generation);
    }
    put_file(w->path, "{");
    check_load(w, KEEPER_PREVIOUS, 2, "line 1, column");
}

static void test_when_both_are_damaged_there_is_nothing_but_a_complaint(void **state)
{
    struct world *w = *state;

    put_file(w->path, "{");
    put_file(w->previous, "{");
    check_load(w, KEEPER_NOTHING, 0, "intent.json': line 1");
}

static void test_a_lost_file_is_replaced_by_its_spare(void **state)
{
    struct world *w = *state;
    char text[TEXT_SIZE];

    put_file(w->previous, text_of(text, 7));
    check_load(w, KEEPER_PREVIOUS, 7, "No such file");
}

/* The file size limit stands in for a full disk: both fail in the middle of a write. */
static void test_a_full_disk_is_told_and_hurts_nothing(void **state)
{
    struct world *w = *state;
    struct rlimit limit, small = {.rlim_cur = 16};

    write_generation(w, 7);
    until_told(w, 1);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    write_generation(w, 8);
    until_told(w, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(w->failed, 1);
    assert_non_null(strstr(w->err.text, "intent.json"));
    check_load(w, KEEPER_LAST, 7, NULL);
    write_generation(w, 9);
    until_told(w, 3);
    assert_int_equal(w->failed, 1);
    check_load(w, KEEPER_LAST, 9, NULL);
}

static void test_closing_waits_for_the_write_and_tells_nobody(void **state)
{
    struct world *w = *state;

    write_generation(w, 7);
    write_generation(w, 8);
    w->keeper = keeper_close(w->keeper);
    assert_int_equal(w->told, 0);
    open_keeper(w);
    check_load(w, KEEPER_LAST, 7, NULL);
    assert_null(keeper_close(NULL));
}

static void test_a_folder_that_cannot_be_made_is_an_error_that_names_it(void **state)
{
    struct world *w = *state;
    struct keeper *keeper = NULL;
    struct err err = {0};

    char below[128];

    put_file(w->path, "");
    (void)snprintf(below, sizeof(below), "%s/below", w->path);
    assert_int_equal(keeper_open(&keeper, &w->loop, below, &err), -ENOTDIR);
    assert_null(keeper);
    assert_non_null(strstr(err.text, w->path));
}

static void test_a_folder_has_one_keeper_at_a_time(void **state)
{
    struct world *w = *state;
    struct keeper *second = NULL;
    struct err err = {0};
    char folder[80];

    (void)snprintf(folder, sizeof(folder), "%s/state", w->folder);
    assert_int_equal(keeper_open(&second, &w->loop, folder, &err), -EBUSY);
    assert_non_null(strstr(err.text, folder));
    w->keeper = keeper_close(w->keeper);
    open_keeper(w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_first_start_finds_nothing_and_complains_of_nothing),
        TEST(test_what_was_told_to_be_durable_is_there_after_a_restart),
        TEST(test_of_many_the_newest_is_written_and_all_are_told),
        TEST(test_damage_brings_back_the_one_before_and_is_kept_aside),
        TEST(test_each_write_leaves_the_one_before_as_a_spare),
        TEST(test_when_both_are_damaged_there_is_nothing_but_a_complaint),
        TEST(test_a_lost_file_is_replaced_by_its_spare),
        TEST(test_a_full_disk_is_told_and_hurts_nothing),
        TEST(test_closing_waits_for_the_write_and_tells_nobody),
        TEST(test_a_folder_has_one_keeper_at_a_time),
        TEST(test_a_folder_that_cannot_be_made_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
