/* SPDX-License-Identifier: Apache-2.0 */
/* steer/steer: what is answered, by how much, and why. */
#include "model/intent_json.h"
#include "steer/steer.h"
#include "steer_world.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 2000

/* Decides and compares the weights, one letter each: '.' none, 'F' full, else in tens. */
static void check_weights(const char *endpoints, const char *weights, bool fail_open)
{
    struct world w;

    world_init(&w);
    world_add(&w, "shop.example.test", endpoints);
    SCOPED(table_freep) struct table *table = world_decide(&w);
    const struct table_name *name = &table->names[0];

    assert_int_equal(name->endpoint_count, strlen(weights));
    for (size_t i = 0; i < name->endpoint_count; i++)
        if (name->endpoints[i].weight != (weights[i] == 'F' ? 100 : 0))
            fail_msg("'%s': endpoint %zu: found weight %u, expected '%c'", endpoints, i,
                     name->endpoints[i].weight, weights[i]);
    assert_int_equal(name->fail_open, fail_open);
    assert_int_equal(w.next_ms, STEER_NEVER);
}

static void test_the_chart_of_what_is_answered(void **state)
{
    static const struct {
        const char *endpoints, *weights;
        bool fail_open;
    } cases[] = {
        {"-u -u -u", "FFF", false}, {"-u -d -u", "F.F", false},
        {"-u -? -d", "F..", false}, {"-? -d -?", "F.F", false},
        {"-. -d", "F.", false},     {"-d -d", "FF", true},
        {"-d _u", "F.", true},      {"_u _d", "FF", true},
        {"_u -u", ".F", false},     {"_u -?", ".F", false},
        {"+d -d", "F.", false},     {"+d -u", "FF", false},
        {"+. _.", "F.", false},     {"", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        check_weights(cases[i].endpoints, cases[i].weights, cases[i].fail_open);
}

static void check_why(const char *endpoints, size_t i, const char *why)
{
    struct world w;

    world_init(&w);
    world_add(&w, "shop.example.test", endpoints);
    SCOPED(table_freep) struct table *table = world_decide(&w);

    assert_string_equal(table->names[0].endpoints[i].why, why);
}

static void test_every_endpoint_says_why(void **state)
{
    (void)state;
    check_why("-u", 0, "up");
    check_why("+d", 0, "pinned up");
    check_why("_u -u", 0, "pinned down");
    check_why("_u", 0, "pinned down; answered, as there is nothing else");
    check_why("-? -u", 0, "not known yet");
    check_why("-?", 0, "not known yet, and nothing else is up");
    check_why("-d -u", 0, "down: HTTP 503");
    check_why("-d", 0, "down: HTTP 503; answered, as everything looks down");
}

static void test_the_table_says_what_the_intent_says_and_outlives_it(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.serial = 42;
    world_add(&w, "shop.example.test", "-u");
    world_add(&w, "www.example.test", "-d -.");
    w.endpoints[0].weight = 3;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    memset(&w, 'x', sizeof(w));

    const struct table_name *www = table_find(table, "www.example.test");
    const struct table_endpoint *endpoint = &table->names[0].endpoints[0];
    assert_int_equal(table->generation, 7);
    assert_int_equal(table->serial, 42);
    assert_string_equal(table->zone, "example.test");
    assert_int_equal(table->nameservers.count, 1);
    assert_string_equal(table->nameservers.items[0], "ns1.example.test");
    assert_string_equal(table->names[0].app, "shop");
    assert_string_equal(table->names[0].service, "web");
    assert_int_equal(table->names[0].ttl_s, 5);
    assert_string_equal(endpoint->address, "192.0.2.10");
    assert_int_equal(endpoint->port, 80);
    assert_string_equal(endpoint->cluster, "amber-1");
    assert_string_equal(endpoint->region, "north");
    assert_string_equal(endpoint->provider, "amber");
    assert_int_equal(endpoint->weight, 300);
    assert_int_equal(endpoint->verdict, VERDICT_UP);
    assert_int_equal(endpoint->since_ms, 5);
    assert_int_equal(table->names[0].a.count, 1);
    assert_non_null(www);
    assert_int_equal(www->endpoints[0].verdict, VERDICT_DOWN);
    assert_int_equal(www->endpoints[1].since_ms, 0);
}

/* The weight of an endpoint that returned `ago_ms` ago, beside one that was never down. */
static unsigned weight_after(uint64_t ago_ms, uint64_t *next_in_ms)
{
    struct world w;

    world_init(&w);
    world_add(&w, "shop.example.test", "-u -u");
    w.findings[1].returned_ms = WORLD_NOW_MS - ago_ms;
    SCOPED(table_freep) struct table *table = world_decide(&w);

    assert_int_equal(table->names[0].endpoints[0].weight, 100);
    *next_in_ms = w.next_ms == STEER_NEVER ? STEER_NEVER : w.next_ms - WORLD_NOW_MS;
    return table->names[0].endpoints[1].weight;
}

static void test_who_returns_gets_its_weight_back_step_by_step(void **state)
{
    static const struct {
        uint64_t ago_ms;
        unsigned weight;
        uint64_t next_in_ms;
    } cases[] = {
        {0, 10, 3000},
        {1, 10, 2999},
        {2999, 10, 1},
        {3000, 20, 3000},
        {13000, 50, 2000},
        {26999, 90, 1},
        {27000, 100, STEER_NEVER},
        {900000, 100, STEER_NEVER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t next_in_ms;

        assert_int_equal(weight_after(cases[i].ago_ms, &next_in_ms), cases[i].weight);
        assert_int_equal(next_in_ms, cases[i].next_in_ms);
    }
}

static void test_slow_start_says_how_far_it_is(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "-u");
    w.findings[0].returned_ms = WORLD_NOW_MS - 10000;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    assert_string_equal(table->names[0].endpoints[0].why, "up; slow start: 40 %");
}

static void test_a_return_in_the_future_is_one_just_now(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "-u");
    w.findings[0].returned_ms = WORLD_NOW_MS + 500;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    assert_int_equal(table->names[0].endpoints[0].weight, 10);
    assert_int_equal(w.next_ms, WORLD_NOW_MS + 3500);
}

static void test_a_pin_knows_no_slow_start(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "+u");
    w.findings[0].returned_ms = WORLD_NOW_MS;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    assert_int_equal(table->names[0].endpoints[0].weight, 100);
}

static void test_the_next_moment_is_the_earliest_of_all_names(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "a.example.test", "-u -u");
    world_add(&w, "b.example.test", "-u");
    w.findings[0].returned_ms = WORLD_NOW_MS - 100;
    w.findings[1].returned_ms = WORLD_NOW_MS - 2000;
    w.findings[2].returned_ms = WORLD_NOW_MS - 1000;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    assert_int_equal(table->name_count, 2);
    assert_int_equal(w.next_ms, WORLD_NOW_MS + 1000);
}

static void test_the_largest_intent_overflows_nothing(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_add(&w, "shop.example.test", "-u");
    w.endpoints[0].weight = INTENT_WEIGHT_MAX;
    SCOPED(table_freep) struct table *table = world_decide(&w);
    assert_int_equal(table->names[0].endpoints[0].weight, INTENT_WEIGHT_MAX * 100u);
}

/* Properties. */

static void random_world(struct world *w, struct random *random)
{
    static const char pins[] = "-----+_", verdicts[] = "uud?.";
    char endpoints[2 * WORLD_ENDPOINTS_MAX / WORLD_NAMES_MAX + 1];
    static const char *const names[WORLD_NAMES_MAX] = {"a.test", "b.test", "c.test", "d.test"};

    world_init(w);
    for (size_t n = 0; n < WORLD_NAMES_MAX; n++) {
        size_t count = random_below(random, WORLD_ENDPOINTS_MAX / WORLD_NAMES_MAX + 1);

        for (size_t i = 0; i < count; i++) {
            endpoints[2 * i] = pins[random_below(random, sizeof(pins) - 1)];
            endpoints[2 * i + 1] = verdicts[random_below(random, sizeof(verdicts) - 1)];
        }
        endpoints[2 * count] = '\0';
        world_add(w, names[n], endpoints);
    }
    for (size_t i = 0; i < w->endpoint_count; i++) {
        w->endpoints[i].weight = 1 + random_below(random, 5);
        if (random_below(random, 3) == 0)
            w->findings[i].returned_ms = w->now_ms - random_below(random, 40000);
    }
}

static void check_name(uint64_t seed, const struct table_name *name)
{
    bool any_up = false, any_answered = false;

    for (size_t i = 0; i < name->endpoint_count; i++) {
        const struct table_endpoint *e = &name->endpoints[i];

        any_up |= e->pin == PIN_UP || (e->pin == PIN_NONE && e->verdict == VERDICT_UP);
        any_answered |= e->weight > 0;
        if (!*e->why)
            fail_msg("seed %llu: no reason", (unsigned long long)seed);
    }
    if (name->endpoint_count && (!any_answered || !name->a.count))
        fail_msg("seed %llu: %s has endpoints and no answer", (unsigned long long)seed,
                 name->name);
    for (size_t i = 0; any_up && i < name->endpoint_count; i++) {
        const struct table_endpoint *e = &name->endpoints[i];

        if (e->weight && e->pin != PIN_UP && (e->pin == PIN_DOWN || e->verdict != VERDICT_UP))
            fail_msg("seed %llu: %s answers what is not up beside what is",
                     (unsigned long long)seed, name->name);
    }
}

static void test_a_name_with_endpoints_is_never_empty_and_never_prefers_what_is_down(
    void **state)
{
    struct random random;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;

        random_init(&random, seed);
        random_world(&w, &random);
        SCOPED(table_freep) struct table *table = world_decide(&w);
        for (size_t i = 0; i < table->name_count; i++)
            check_name(seed, &table->names[i]);
    }
}

static bool answers_are_equal(const struct table *a, const struct table *b)
{
    for (size_t n = 0; n < a->name_count; n++)
        for (size_t i = 0; i < a->names[n].endpoint_count; i++)
            if (a->names[n].endpoints[i].weight != b->names[n].endpoints[i].weight)
                return false;
    return true;
}

/* Walks time from one announced moment to the next: weights change then, and only then. */
static void test_nothing_changes_before_the_moment_that_was_announced(void **state)
{
    struct random random;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;

        random_init(&random, seed);
        random_world(&w, &random);
        SCOPED(table_freep) struct table *table = world_decide(&w);
        if (w.next_ms == STEER_NEVER)
            continue;
        uint64_t next_ms = w.next_ms;
        w.now_ms = next_ms - 1;
        SCOPED(table_freep) struct table *before = world_decide(&w);
        w.now_ms = next_ms;
        SCOPED(table_freep) struct table *then = world_decide(&w);
        if (!answers_are_equal(table, before) || answers_are_equal(table, then))
            fail_msg("seed %llu: announced %llu", (unsigned long long)seed,
                     (unsigned long long)next_ms);
    }
}

/* Generations. */

static struct intent *intent_of(unsigned generation, const char *zone)
{
    char text[200];
    struct intent *intent = NULL;
    struct err err;

    (void)snprintf(text, sizeof(text),
                   "{\"generation\": %u, \"zone\": \"%s\", \"nameservers\": [\"ns1.test\"], "
                   "\"names\": []}",
                   generation, zone);
    assert_int_equal(intent_parse(&intent, text, strlen(text), &err), 0);
    return intent;
}

static void test_only_a_newer_generation_replaces_what_is_there(void **state)
{
    SCOPED(intent_freep) struct intent *current = intent_of(7, "test");
    SCOPED(intent_freep) struct intent *older = intent_of(6, "test");
    SCOPED(intent_freep) struct intent *same = intent_of(7, "test");
    SCOPED(intent_freep) struct intent *forged = intent_of(7, "other");
    SCOPED(intent_freep) struct intent *newer = intent_of(8, "other");

    (void)state;
    assert_int_equal(steer_weigh(NULL, older), STEER_NEWER);
    assert_int_equal(steer_weigh(current, older), STEER_OLDER);
    assert_int_equal(steer_weigh(current, same), STEER_SAME);
    assert_int_equal(steer_weigh(current, forged), STEER_FORGED);
    assert_int_equal(steer_weigh(current, newer), STEER_NEWER);
}

static void test_whatever_is_offered_generations_never_fall(void **state)
{
    struct random random;

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        SCOPED(intent_freep) struct intent *current = NULL;
        uint64_t highest = 0;

        random_init(&random, seed);
        for (unsigned i = 0; i < 30; i++) {
            SCOPED(intent_freep)
            struct intent *offered =
                intent_of(random_below(&random, 10), random_below(&random, 2) ? "a" : "b");

            if (offered->generation > highest)
                highest = offered->generation;
            if (steer_weigh(current, offered) != STEER_NEWER)
                continue;
            struct intent *replaced = current;
            current = offered;
            offered = replaced;
            assert_true(!replaced || replaced->generation < current->generation);
        }
        assert_int_equal(current->generation, highest);
    }
}

static void test_serials_grow_with_the_clock_or_without_it(void **state)
{
    (void)state;
    assert_int_equal(steer_serial(0, 1795000000123), 1795000000);
    assert_int_equal(steer_serial(1795000000, 1795000000999), 1795000001);
    assert_int_equal(steer_serial(1795000007, 1795000001000), 1795000008);
    assert_int_equal(steer_serial(1795000000, 1795000002000), 1795000002);
    /* In the year 2106 seconds no longer fit: serials wrap, and go on growing (RFC 1982). */
    assert_int_equal(steer_serial(UINT32_MAX, 4294967296000), 0);
    assert_int_equal(steer_serial(UINT32_MAX - 1, 4294967298000), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_chart_of_what_is_answered),
        cmocka_unit_test(test_every_endpoint_says_why),
        cmocka_unit_test(test_the_table_says_what_the_intent_says_and_outlives_it),
        cmocka_unit_test(test_who_returns_gets_its_weight_back_step_by_step),
        cmocka_unit_test(test_slow_start_says_how_far_it_is),
        cmocka_unit_test(test_a_return_in_the_future_is_one_just_now),
        cmocka_unit_test(test_a_pin_knows_no_slow_start),
        cmocka_unit_test(test_the_next_moment_is_the_earliest_of_all_names),
        cmocka_unit_test(test_the_largest_intent_overflows_nothing),
        cmocka_unit_test(
            test_a_name_with_endpoints_is_never_empty_and_never_prefers_what_is_down),
        cmocka_unit_test(test_nothing_changes_before_the_moment_that_was_announced),
        cmocka_unit_test(test_only_a_newer_generation_replaces_what_is_there),
        cmocka_unit_test(test_whatever_is_offered_generations_never_fall),
        cmocka_unit_test(test_serials_grow_with_the_clock_or_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
