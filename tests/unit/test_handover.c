/* SPDX-License-Identifier: Apache-2.0 */
/* dns/handover: what readers see, and when it is released. */
#include "dns/handover.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#define READERS 3
#define PUTS    20000

static unsigned released; /* the writer's thread alone counts */

static void release(void *value)
{
    *(unsigned *)value = 0; /* a reader that still has it would notice */
    free(value);
    released++;
}

static unsigned *value_new(unsigned number)
{
    unsigned *value = malloc(sizeof(*value));

    assert_non_null(value);
    *value = number;
    return value;
}

static void test_a_value_is_released_when_its_last_reader_left(void **state)
{
    struct handover handover;

    (void)state;
    released = 0;
    handover_init(&handover, 2, release);
    assert_null(handover_enter(&handover, 0));
    handover_put(&handover, value_new(1));
    handover_leave(&handover, 0);
    assert_int_equal(released, 0);

    const unsigned *first = handover_enter(&handover, 0);
    const unsigned *same = handover_enter(&handover, 1);
    assert_ptr_equal(first, same);
    assert_ptr_equal(first, handover_latest(&handover));
    handover_put(&handover, value_new(2));
    handover_leave(&handover, 1);
    const unsigned *second = handover_enter(&handover, 1);
    assert_int_equal(*second, 2);
    handover_reclaim(&handover);
    assert_int_equal(*first, 1);
    assert_int_equal(released, 0);

    handover_leave(&handover, 0);
    handover_reclaim(&handover);
    assert_int_equal(released, 1);
    handover_leave(&handover, 1);
    handover_fini(&handover);
    assert_int_equal(released, 2);
}

static void test_values_that_a_slow_reader_never_saw_wait_for_it_as_well(void **state)
{
    struct handover handover;

    (void)state;
    released = 0;
    handover_init(&handover, 1, release);
    handover_put(&handover, value_new(1));
    (void)handover_enter(&handover, 0);
    for (unsigned i = 0; i < HANDOVER_OLD_MAX; i++)
        handover_put(&handover, value_new(i + 2));
    assert_int_equal(released, 0);
    handover_leave(&handover, 0);
    handover_put(&handover, value_new(100));
    assert_int_equal(released, HANDOVER_OLD_MAX + 1);
    handover_fini(&handover);
    assert_int_equal(released, HANDOVER_OLD_MAX + 2);
}

struct reader {
    struct handover *handover;
    size_t number;
    _Atomic(int) *stop;
    unsigned wrong;
};

static void *read_always(void *ctx)
{
    struct reader *reader = ctx;
    unsigned before = 0;

    while (!atomic_load(reader->stop)) {
        const unsigned *value = handover_enter(reader->handover, reader->number);

        /* Numbers grow; 0 is what a released value says. */
        for (int i = 0; i < 10 && value; i++)
            reader->wrong += *value == 0 || *value < before;
        before = value ? *value : 0;
        handover_leave(reader->handover, reader->number);
    }
    return NULL;
}

static void test_readers_never_see_what_was_released(void **state)
{
    struct reader readers[READERS];
    pthread_t threads[READERS];
    struct handover handover;
    _Atomic(int) stop = 0;

    (void)state;
    released = 0;
    handover_init(&handover, READERS, release);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){&handover, i, &stop, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_always, &readers[i]), 0);
    }
    for (unsigned i = 1; i <= PUTS; i++)
        handover_put(&handover, value_new(i));
    atomic_store(&stop, 1);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
    }
    handover_fini(&handover);
    assert_int_equal(released, PUTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_is_released_when_its_last_reader_left),
        cmocka_unit_test(test_values_that_a_slow_reader_never_saw_wait_for_it_as_well),
        cmocka_unit_test(test_readers_never_see_what_was_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
