/* SPDX-License-Identifier: Apache-2.0 */
/* steer/table: candidates of endpoints, and which of them are picked how often. */
#include "steer/table.h"
#include "table_world.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 300
#define DRAWS 4000

static const char *const three_clouds[] = {
    "192.0.2.1 1 amber-1 north amber",
    "192.0.2.2 2 birch-1 north birch",
    "192.0.2.3 3 cedar-1 north cedar",
};

/* Candidates. */

static void test_a_table_without_names_knows_nothing(void **state)
{
    SCOPED(table_freep) struct table *table = table_new(0);

    (void)state;
    table_seal(table);
    assert_null(table_find(table, "shop.example.test"));
    assert_null(table_free(NULL));
}

static void test_names_are_found(void **state)
{
    static const char *const names[] = {"a.test", "b.test", "c.test", "d.test", "e.test"};
    SCOPED(table_freep) struct table *table = table_new(5);

    (void)state;
    for (size_t i = 0; i < 5; i++)
        world_name(table, i, names[i], WORLD_LINES(three_clouds));
    table_seal(table);
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(table_find(table, names[i]), &table->names[i]);
    assert_null(table_find(table, "a"));
    assert_null(table_find(table, "bb.test"));
    assert_null(table_find(table, "f.test"));
}

static void test_only_weights_above_zero_are_candidates(void **state)
{
    static const char *const lines[] = {
        "192.0.2.1 0 amber-1 north amber",
        "192.0.2.2 7 birch-1 north birch",
        "2001:db8::1 0 amber-1 north amber",
    };
    SCOPED(table_freep) struct table *table = world_of(WORLD_LINES(lines));
    const struct table_name *name = &table->names[0];

    (void)state;
    assert_int_equal(name->a.count, 1);
    assert_int_equal(name->a.weight_sum, 7);
    assert_memory_equal(name->a.candidates[0].ip, "\xc0\x00\x02\x02", 4);
    assert_int_equal(name->aaaa.count, 0);
    assert_false(name->endpoints[1].is_ipv6);
    assert_true(name->endpoints[2].is_ipv6);
}

static void test_ports_of_one_address_are_one_candidate(void **state)
{
    static const char *const lines[] = {
        "192.0.2.1 2 amber-1 north amber",   "192.0.2.1 3 amber-1 north amber",
        "192.0.2.2 0 birch-1 north birch",   "192.0.2.2 4 birch-1 north birch",
        "2001:db8::1 1 amber-1 north amber", "2001:db8::1 4294967295 amber-1 north amber",
    };
    SCOPED(table_freep) struct table *table = world_of(WORLD_LINES(lines));
    const struct table_name *name = &table->names[0];

    (void)state;
    assert_int_equal(name->a.count, 2);
    assert_int_equal(name->a.candidates[0].weight, 5);
    assert_int_equal(name->a.candidates[1].weight, 4);
    assert_int_equal(name->a.weight_sum, 9);
    assert_int_equal(name->aaaa.count, 1);
    assert_int_equal(name->aaaa.candidates[0].weight, UINT32_MAX);
    assert_int_equal(name->aaaa.weight_sum, UINT32_MAX);
}

static void test_sealing_again_after_a_change_is_the_same_as_sealing_once(void **state)
{
    SCOPED(table_freep) struct table *table = world_of(WORLD_LINES(three_clouds));

    (void)state;
    table->names[0].endpoints[0].weight = 0;
    table_seal(table);
    assert_int_equal(table->names[0].a.count, 2);
    assert_int_equal(table->names[0].a.weight_sum, 5);
}

/* Picking. */

static void test_nothing_is_picked_from_nothing(void **state)
{
    SCOPED(table_freep) struct table *table = world_of(NULL, 0);
    const struct table_candidate *picked[TABLE_ANSWER_MAX];
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(table_pick(&table->names[0].a, &random, picked), 0);
}

/* No provider gives more than `from_each` of the addresses. */
static void assert_domains(const char *const *lines, size_t count, unsigned from_each)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        SCOPED(table_freep) struct table *table = world_of(lines, count);
        const struct table_family *family = &table->names[0].a;
        const struct table_candidate *picked[TABLE_ANSWER_MAX];
        unsigned per_provider[8] = {0}; /* by where its candidates begin */
        struct random random;

        random_init(&random, seed);
        size_t picked_count = table_pick(family, &random, picked);
        for (size_t i = 0; i < picked_count; i++)
            per_provider[picked[i]->domains[DOMAIN_PROVIDER].begin]++;
        for (size_t i = 0; i < 8; i++)
            if (per_provider[i] > from_each)
                fail_msg("seed %llu: %u addresses of one provider, expected %u at most",
                         (unsigned long long)seed, per_provider[i], from_each);
    }
}

static void test_each_address_comes_from_another_provider_while_there_are_some(void **state)
{
    static const char *const four[] = {
        "192.0.2.1 1000 amber-1 north amber", "192.0.2.2 1000 amber-1 north amber",
        "192.0.2.3 1000 amber-2 north amber", "192.0.2.4 1 birch-1 north birch",
        "192.0.2.5 1 cedar-1 north cedar",    "192.0.2.6 1 dogwood-1 north dogwood",
    };
    static const char *const two[] = {
        "192.0.2.1 1000 amber-1 north amber", "192.0.2.2 1000 amber-1 north amber",
        "192.0.2.3 1000 amber-1 north amber", "192.0.2.4 1 birch-1 north birch",
        "192.0.2.5 1 birch-1 north birch",
    };

    (void)state;
    assert_domains(WORLD_LINES(four), 1);
    /* 4 of 2 providers: the third and fourth come by weight, so 3 of one is right. */
    assert_domains(WORLD_LINES(two), 3);
}

/* The promise, spelled out anew: compares text, not ids. */
static int distance_of(const struct table_endpoint *a, const struct table_endpoint *b)
{
    if (strcmp(a->provider, b->provider) != 0)
        return 3;
    if (strcmp(a->region, b->region) != 0)
        return 2;
    return strcmp(a->cluster, b->cluster) != 0;
}

static int distance_of_nearest(const struct table_name *name, const size_t *picked,
                               size_t count, size_t candidate)
{
    int nearest = 3;

    for (size_t i = 0; i < count; i++) {
        if (picked[i] == candidate)
            return -1;
        int distance = distance_of(&name->endpoints[picked[i]], &name->endpoints[candidate]);
        nearest = distance < nearest ? distance : nearest;
    }
    return nearest;
}

/* Up to 12 addresses, each a candidate of its own, in random domains with random weights. */
static struct table *random_table(struct random *random)
{
    char text[12][64];
    const char *lines[12];
    size_t count = 1 + random_below(random, 12);

    for (size_t i = 0; i < count; i++) {
        unsigned provider = random_below(random, 4);
        unsigned region = random_below(random, 2);

        (void)snprintf(text[i], sizeof(text[i]), "192.0.2.%zu %u c%u-%u-%u r%u p%u", i + 1,
                       1 + random_below(random, 9), provider, region, random_below(random, 2),
                       region, provider);
        lines[i] = text[i];
    }
    return world_of(lines, count);
}

static size_t pick_indexes(const struct table_family *family, struct random *random,
                           size_t out[TABLE_ANSWER_MAX])
{
    const struct table_candidate *picked[TABLE_ANSWER_MAX];
    size_t count = table_pick(family, random, picked);

    for (size_t i = 0; i < count; i++)
        out[i] = picked[i]->ip[3] - (size_t)1; /* 192.0.2.1 is the first endpoint */
    return count;
}

static void test_each_pick_is_as_far_from_the_others_as_any_could_be(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random;

        random_init(&random, seed);
        SCOPED(table_freep) struct table *table = random_table(&random);
        const struct table_name *name = &table->names[0];
        size_t picked[TABLE_ANSWER_MAX];
        size_t count = pick_indexes(&name->a, &random, picked);

        size_t expected = name->a.count < TABLE_ANSWER_MAX ? name->a.count : TABLE_ANSWER_MAX;
        if (count != expected)
            fail_msg("seed %llu: %zu addresses, expected %zu", (unsigned long long)seed, count,
                     expected);
        for (size_t i = 1; i < count; i++) {
            int got = distance_of_nearest(name, picked, i, picked[i]);

            for (size_t other = 0; other < name->a.count; other++)
                if (distance_of_nearest(name, picked, i, other) > got)
                    fail_msg("seed %llu: pick %zu is at distance %d, %zu would be farther",
                             (unsigned long long)seed, i, got, other);
        }
    }
}

/* How likely each candidate is to come second. */
static void second_expected(const struct table_name *name, double out[12])
{
    for (size_t first = 0; first < name->a.count; first++) {
        int farthest = -1;
        double sum = 0;

        for (size_t i = 0; i < name->a.count; i++) {
            int distance = distance_of_nearest(name, &first, 1, i);

            if (distance > farthest)
                sum = 0;
            farthest = distance > farthest ? distance : farthest;
            sum += distance == farthest ? name->endpoints[i].weight : 0;
        }
        for (size_t i = 0; i < name->a.count; i++)
            if (i != first && distance_of_nearest(name, &first, 1, i) == farthest)
                out[i] += (double)name->endpoints[first].weight / (double)name->a.weight_sum *
                          name->endpoints[i].weight / sum;
    }
}

/* Within five deviations: one false alarm in a million, and the seeds are fixed. */
static void assert_share(uint64_t seed, const char *which, size_t i, unsigned got, double p)
{
    double off = got - p * DRAWS;

    if (off * off > 25 * p * (1 - p) * DRAWS + 1)
        fail_msg("seed %llu: address %zu came %s %u times of %d, expected %.0f",
                 (unsigned long long)seed, i + 1, which, got, DRAWS, p * DRAWS);
}

static void test_the_first_and_the_second_address_are_drawn_by_weight(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random;

        random_init(&random, seed);
        SCOPED(table_freep) struct table *table = random_table(&random);
        const struct table_name *name = &table->names[0];
        unsigned first[12] = {0};
        unsigned second[12] = {0};
        double expected[12] = {0};

        for (unsigned i = 0; i < DRAWS; i++) {
            size_t picked[TABLE_ANSWER_MAX];

            if (pick_indexes(&name->a, &random, picked) > 1)
                second[picked[1]]++;
            first[picked[0]]++;
        }
        second_expected(name, expected);
        for (size_t i = 0; i < name->a.count; i++) {
            assert_share(seed, "first", i, first[i],
                         (double)name->endpoints[i].weight / (double)name->a.weight_sum);
            assert_share(seed, "second", i, second[i], expected[i]);
        }
    }
}

static void test_huge_weights_do_not_overflow(void **state)
{
    static const char *const lines[] = {
        "192.0.2.1 4294967295 amber-1 north amber",
        "192.0.2.2 4294967295 birch-1 north birch",
        "192.0.2.3 4294967295 cedar-1 north cedar",
    };
    SCOPED(table_freep) struct table *table = world_of(WORLD_LINES(lines));
    unsigned first[3] = {0};
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        size_t picked[TABLE_ANSWER_MAX];

        assert_int_equal(pick_indexes(&table->names[0].a, &random, picked), 3);
        first[picked[0]]++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_share(1, "first", i, first[i], 1.0 / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_table_without_names_knows_nothing),
        cmocka_unit_test(test_names_are_found),
        cmocka_unit_test(test_only_weights_above_zero_are_candidates),
        cmocka_unit_test(test_ports_of_one_address_are_one_candidate),
        cmocka_unit_test(test_sealing_again_after_a_change_is_the_same_as_sealing_once),
        cmocka_unit_test(test_nothing_is_picked_from_nothing),
        cmocka_unit_test(test_each_address_comes_from_another_provider_while_there_are_some),
        cmocka_unit_test(test_each_pick_is_as_far_from_the_others_as_any_could_be),
        cmocka_unit_test(test_the_first_and_the_second_address_are_drawn_by_weight),
        cmocka_unit_test(test_huge_weights_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
