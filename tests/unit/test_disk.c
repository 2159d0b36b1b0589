/* SPDX-License-Identifier: Apache-2.0 */
/* server/disk: what is written while a commit runs, together, and what fails alone. */
#include "base/mem.h"
#include "server/disk.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    uv_loop_t loop;
    struct store *store;
    struct disk *disk;
};

/* What one write was told. */
struct told {
    unsigned count;
    int code;
};

static int setup(void **state)
{
    struct world *w = mem_new(struct world);
    struct err err = {0};

    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(store_open(&w->store, "memory:", &err), 0);
    w->disk = disk_new(&w->loop, w->store);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    disk_drain(w->disk);
    w->disk = disk_free(w->disk);
    w->store = store_close(w->store);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    free(w);
    return 0;
}

static void on_done(void *ctx, const struct err *err)
{
    struct told *told = ctx;

    told->count++;
    told->code = err ? err->code : 0;
}

static void write_text(struct world *w, const char *key, const char *data, struct told *told)
{
    disk_write(w->disk, &(struct disk_entry){.key = key, .data = data}, 1, on_done, told);
}

static void assert_stored(struct world *w, const char *key, const char *expected)
{
    struct arena *arena = arena_new();
    struct store_value value;
    struct err err = {0};
    int r = store_get(w->store, arena, key, &value, &err);

    if (expected) {
        assert_int_equal(r, STORE_OK);
        assert_int_equal(value.len, strlen(expected));
        assert_memory_equal(value.data, expected, value.len);
    } else {
        assert_int_equal(r, STORE_NOT_FOUND);
    }
    (void)arena_free(arena);
}

static void assert_told(const struct told *told, int code)
{
    assert_int_equal(told->count, 1);
    assert_int_equal(told->code, code);
}

/* The first write is under way when the others come, which therefore go together. */
static void test_of_writes_to_one_key_the_last_one_counts(void **state)
{
    struct world *w = *state;
    struct told told[5] = {0};

    write_text(w, "first", "1", &told[0]);
    write_text(w, "fleet", "a", &told[1]);
    write_text(w, "fleet", "b", &told[2]);
    write_text(w, "apps/shop", "x", &told[3]);
    write_text(w, "apps/shop", NULL, &told[4]);
    assert_int_equal(told[0].count, 0); /* never from inside disk_write */
    disk_drain(w->disk);
    for (size_t i = 0; i < 5; i++)
        assert_told(&told[i], 0);
    assert_stored(w, "fleet", "b");
    assert_stored(w, "apps/shop", NULL);
}

static void test_a_write_that_fails_fails_alone(void **state)
{
    struct world *w = *state;
    struct told told[4] = {0};
    char key[STORE_KEY_MAX + 2];

    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    write_text(w, "first", "1", &told[0]);
    write_text(w, "fleet", "a", &told[1]);
    write_text(w, key, "too long a key", &told[2]);
    write_text(w, "fleet", "b", &told[3]);
    disk_drain(w->disk);
    assert_told(&told[1], 0);
    assert_told(&told[2], -EINVAL);
    assert_told(&told[3], 0);
    assert_stored(w, "fleet", "b");
}

static void test_entries_that_are_written_together_are_there_together_or_not_at_all(
    void **state)
{
    struct world *w = *state;
    struct told told[2] = {0};
    struct disk_entry good[] = {{.key = "fleet", .data = "a"},
                                {.key = "apps/shop", .data = "x"}};
    struct disk_entry bad[] = {{.key = "fleet", .data = "b"}, {.key = "", .data = "no key"}};

    disk_write(w->disk, good, 2, on_done, &told[0]);
    disk_write(w->disk, bad, 2, on_done, &told[1]);
    disk_drain(w->disk);
    assert_told(&told[0], 0);
    assert_told(&told[1], -EINVAL);
    assert_stored(w, "fleet", "a");
    assert_stored(w, "apps/shop", "x");
}

/* Writes once more from inside its own callback. */
struct again {
    struct world *world;
    struct told told;
    unsigned left;
};

static void on_again(void *ctx, const struct err *err)
{
    struct again *again = ctx;

    on_done(&again->told, err);
    if (again->left--)
        disk_write(again->world->disk, &(struct disk_entry){.key = "n", .data = "x"}, 1,
                   on_again, again);
}

static void test_a_drain_waits_for_what_a_callback_writes(void **state)
{
    struct world *w = *state;
    struct again again = {.world = w, .left = 3};

    disk_write(w->disk, &(struct disk_entry){.key = "n", .data = "x"}, 1, on_again, &again);
    disk_drain(w->disk);
    assert_int_equal(again.told.count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_of_writes_to_one_key_the_last_one_counts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_write_that_fails_fails_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_entries_that_are_written_together_are_there_together_or_not_at_all, setup,
            teardown),
        cmocka_unit_test_setup_teardown(test_a_drain_waits_for_what_a_callback_writes, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
