/* SPDX-License-Identifier: Apache-2.0 */
/* plan/explain: a plan in words. */
#include "plan/explain.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static struct placement web_placements[] = {{"amber-1", 2}, {"birch-1", 2}, {"cedar-1", 2}};
static struct placement db_placements[] = {{"amber-1", 1}};
static struct certificate_line web_certificate[] = {
    {DOMAIN_PROVIDER, "amber", 4, 4},
    {DOMAIN_PROVIDER, "birch", 4, 4},
    {DOMAIN_PROVIDER, "cedar", 4, 4},
};
static struct plan_service services[] = {
    {.name = "db",
     .needed = 1,
     .placed = 1,
     .placements = db_placements,
     .placement_count = 1,
     .pinned = true,
     .why = "it keeps its data in one place"},
    {.name = "web",
     .needed = 4,
     .placed = 6,
     .placements = web_placements,
     .placement_count = 3,
     .survive = {{0, 0, 1}},
     .survives = true,
     .why = "4 needed + 2 spare: any one of 3 providers may be lost",
     .certificate = web_certificate,
     .certificate_count = 3},
};
static const char *warnings[] = {"db does not survive the loss of amber-1"};
static const struct plan shop = {
    .app = "shop",
    .services = services,
    .service_count = 2,
    .survive_source = "any one provider may be lost: the file says so",
    .warnings = {warnings, 1},
};

static void assert_explains(const struct plan *plan, const struct diff *diff, bool colour,
                            const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    assert_int_equal(plan_explain(&out, plan, diff, colour), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
}

static void test_a_plan_is_told_as_an_aligned_table_and_reasons(void **state)
{
    SCOPED(diff_freep) struct diff *diff = diff_make(&shop, NULL, NULL);

    (void)state;
    assert_explains(&shop, diff, false,
                    "shop: any one provider may be lost: the file says so\n"
                    "\n"
                    "  SERVICE  NEEDED  PLACED  amber-1  birch-1  cedar-1  SURVIVES\n"
                    "  db            1       1        1        -        -  no: pinned\n"
                    "  web           4       6        2        2        2  any 1 provider\n"
                    "\n"
                    "If this is lost, this is left\n"
                    "  SERVICE  LOST            LEFT  NEEDED\n"
                    "  web      provider amber     4       4\n"
                    "  web      provider birch     4       4\n"
                    "  web      provider cedar     4       4\n"
                    "\n"
                    "Why\n"
                    "  db   it keeps its data in one place\n"
                    "  web  4 needed + 2 spare: any one of 3 providers may be lost\n"
                    "\n"
                    "Warnings\n"
                    "  db does not survive the loss of amber-1\n"
                    "\n"
                    "Changes\n"
                    "  + db in amber-1: 0 -> 1 (start)\n"
                    "  + web in amber-1: 0 -> 2 (start)\n"
                    "  + web in birch-1: 0 -> 2 (start)\n"
                    "  + web in cedar-1: 0 -> 2 (start)\n");
}

static void test_a_refusal_says_what_would_do_and_shows_no_changes(void **state)
{
    struct refusal refusals[] = {{"web", "it needs 2 providers", "add a cluster"}};
    struct plan_service web = {.name = "web", .needed = 4, .why = "refused"};
    struct plan plan = {.app = "shop",
                        .services = &web,
                        .service_count = 1,
                        .survive_source = "s",
                        .refusals = refusals,
                        .refusal_count = 1};
    SCOPED(diff_freep) struct diff *diff = diff_make(&plan, &shop, NULL);

    (void)state;
    assert_explains(&plan, diff, false,
                    "shop: s\n"
                    "\n"
                    "  SERVICE  NEEDED  PLACED  SURVIVES\n"
                    "  web           4       -  no: refused\n"
                    "\n"
                    "Why\n"
                    "  web  refused\n"
                    "\n"
                    "Refused: nothing is changed\n"
                    "  web: it needs 2 providers\n"
                    "    what would do: add a cluster\n");
}

static void test_more_clusters_than_a_terminal_holds_become_a_list(void **state)
{
    struct placement placements[] = {{"c1", 1}, {"c2", 1}, {"c3", 1}, {"c4", 1},
                                     {"c5", 1}, {"c6", 1}, {"c7", 1}};
    struct plan_service web = {.name = "web",
                               .needed = 7,
                               .placed = 7,
                               .placements = placements,
                               .placement_count = 7,
                               .why = "7 needed"};
    struct plan plan = {
        .app = "shop", .services = &web, .service_count = 1, .survive_source = "s"};

    (void)state;
    assert_explains(
        &plan, NULL, false,
        "shop: s\n"
        "\n"
        "  SERVICE  NEEDED  PLACED  CLUSTERS                                  SURVIVES\n"
        "  web           7       7  c1 1, c2 1, c3 1, c4 1, c5 1, c6 1, c7 1  no: not asked "
        "for\n"
        "\n"
        "Why\n"
        "  web  7 needed\n");
}

static void test_colours_appear_only_when_asked_for(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    assert_int_equal(plan_explain(&out, &shop, NULL, false), 0);
    assert_null(strchr(buf_text(&out), '\033'));
    assert_int_equal(plan_explain(&out, &shop, NULL, true), 0);
    assert_non_null(strstr(buf_text(&out), "\033[33mdb does not survive"));
    buf_fini(&out);
}

static void test_a_summary_is_the_table_and_the_warnings(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    assert_int_equal(plan_summarize(&out, &shop, false), 0);
    assert_string_equal(buf_text(&out),
                        "  SERVICE  NEEDED  PLACED  amber-1  birch-1  cedar-1  SURVIVES\n"
                        "  db            1       1        1        -        -  no: pinned\n"
                        "  web           4       6        2        2        2  any 1 provider\n"
                        "\n"
                        "Warnings\n"
                        "  db does not survive the loss of amber-1\n");
    buf_fini(&out);
}

static void test_a_text_beyond_the_limit_is_reported(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    assert_int_equal(plan_explain(&out, &shop, NULL, false), -EMSGSIZE);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_is_told_as_an_aligned_table_and_reasons),
        cmocka_unit_test(test_a_refusal_says_what_would_do_and_shows_no_changes),
        cmocka_unit_test(test_more_clusters_than_a_terminal_holds_become_a_list),
        cmocka_unit_test(test_colours_appear_only_when_asked_for),
        cmocka_unit_test(test_a_summary_is_the_table_and_the_warnings),
        cmocka_unit_test(test_a_text_beyond_the_limit_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
