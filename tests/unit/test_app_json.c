/* SPDX-License-Identifier: Apache-2.0 */
/* model/app_json: the way of an app through the API and the store, and what a copy is made of.
 */
#include "model/app_json.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const char text[] =
    "{\"name\": \"shop\", \"ttl\": 5, \"hostname\": \"shop.example.test\","
    " \"survive\": {\"provider\": 1},"
    " \"networks\": {\"default\": {\"name\": \"shop_default\"}},"
    " \"services\": {\"web\": {\"image\": \"shop/web:3\", \"replicas\": 4,"
    "   \"networks\": {\"default\": {}},"
    "   \"settings\": {\"cap_add\": [\"A\"], \"init\": false, \"oom_score_adj\": -5,"
    "     \"sysctls\": {\"a\": \"1\"}, \"user\": \"me\"},"
    "   \"ports\": [{\"published_first\": 8080, \"published_last\": 8083, \"target\": 80}]}}}";

static struct app *parse(const char *from)
{
    json_error_t error;
    json_t *json = json_loads(from, 0, &error);
    struct app *app = NULL;
    struct err err = {0};

    assert_non_null(json);
    if (app_from_json(&app, json, &err) < 0)
        fail_msg("%s", err.text);
    json_decref(json);
    return app;
}

static void test_an_app_survives_the_way_through_json(void **state)
{
    struct app *app = parse(text), *again = NULL;
    json_t *written = app_to_json(app);
    struct err err = {0};

    (void)state;
    assert_string_equal(app->services[0].name, "web");
    assert_int_equal(app->services[0].replicas, 4);
    assert_int_equal(app->services[0].ports[0].published_last, 8083);
    assert_int_equal(app->survive.count[DOMAIN_PROVIDER], 1);

    assert_int_equal(app_from_json(&again, written, &err), 0);
    json_t *rewritten = app_to_json(again);
    assert_true(json_equal(written, rewritten));
    json_decref(rewritten);
    json_decref(written);
    (void)app_free(again);
    (void)app_free(app);
}

static void test_a_digest_changes_with_the_container_and_with_nothing_else(void **state)
{
    struct app *app = parse(text);
    struct service *web = &app->services[0];
    char before[SERVICE_DIGEST_SIZE], after[SERVICE_DIGEST_SIZE];

    (void)state;
    service_digest(app, web, before);
    web->replicas = 9;
    web->ttl_s = 60;
    web->survive.count[DOMAIN_REGION] = 1;
    service_digest(app, web, after);
    assert_string_equal(before, after);

    web->settings.items[1].is_true = true;
    service_digest(app, web, after);
    assert_string_not_equal(before, after);
    web->settings.items[1].is_true = false;
    web->image = "shop/web:4";
    service_digest(app, web, after);
    assert_string_not_equal(before, after);
    (void)app_free(app);
}

static void test_an_unknown_key_is_refused_by_name(void **state)
{
    json_t *json = json_pack("{s:s, s:{}, s:i}", "name", "shop", "services", "colour", 1);
    struct app *app = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(app_from_json(&app, json, &err), -EINVAL);
    assert_non_null(strstr(err.text, "colour"));
    assert_null(app);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_app_survives_the_way_through_json),
        cmocka_unit_test(test_a_digest_changes_with_the_container_and_with_nothing_else),
        cmocka_unit_test(test_an_unknown_key_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
