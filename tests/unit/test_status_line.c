/* SPDX-License-Identifier: Apache-2.0 */
/* health/status_line: the status of an HTTP reply from its first bytes. */
#include "health/status_line.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void test_only_http_1_with_a_status_is_accepted(void **state)
{
    static const struct {
        const char *text;
        int result;
        unsigned status;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n", 0, 200},
        {"HTTP/1.0 503 Service Unavailable\r\n\r\nbody", 0, 503},
        {"HTTP/1.1 100", 0, 100},
        {"HTTP/1.1 599\r\n", 0, 599},
        {"", STATUS_LINE_MORE, 0},
        {"HTTP/1.1 20", STATUS_LINE_MORE, 0},
        {"HTTP/2.0 200", -EPROTO, 0},
        {"HTTP/1.x 200", -EPROTO, 0},
        {"http/1.1 200", -EPROTO, 0},
        {"HTTP/1.1 099", -EPROTO, 0},
        {"HTTP/1.1 600", -EPROTO, 0},
        {"HTTP/1.1 2 0", -EPROTO, 0},
        {"SSH-2.0-OpenSSH_9.2\r\n", -EPROTO, 0},
        {"\r\nHTTP/1.1 200", -EPROTO, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct status_line line = {0};
        unsigned status = 0;
        int r = status_line_add(&line, cases[i].text, strlen(cases[i].text), &status);

        if (r != cases[i].result || status != cases[i].status)
            fail_msg("'%s': got %d and %u, expected %d and %u", cases[i].text, r, status,
                     cases[i].result, cases[i].status);
    }
}

static void test_it_may_come_byte_by_byte(void **state)
{
    static const char text[] = "HTTP/1.1 204 No Content\r\n";
    struct status_line line = {0};
    unsigned status = 0;

    (void)state;
    for (size_t i = 0; i < STATUS_LINE_SIZE - 1; i++)
        assert_int_equal(status_line_add(&line, &text[i], 1, &status), STATUS_LINE_MORE);
    assert_int_equal(status_line_add(&line, &text[STATUS_LINE_SIZE - 1], 1, &status), 0);
    assert_int_equal(status, 204);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_http_1_with_a_status_is_accepted),
        cmocka_unit_test(test_it_may_come_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
