/* SPDX-License-Identifier: Apache-2.0 */
/* net/notify: the service manager hears when we are ready. */
#include "base/scope.h"
#include "net/notify.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A manager that listens at an abstract address of this process. */
static int listen_at(char *name, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(name, size, "@seawall-test-%d", (int)getpid());
    memcpy(address.sun_path, name, strlen(name));
    address.sun_path[0] = '\0';
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    return fd;
}

static void test_the_manager_hears_it(void **state)
{
    char name[64], heard[64];
    SCOPED(scope_close) int fd = listen_at(name, sizeof(name));
    struct err err = {0};

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    assert_int_equal(notify_send("READY=1", &err), 0);
    ssize_t len = recv(fd, heard, sizeof(heard), 0);
    assert_int_equal(len, 7);
    assert_memory_equal(heard, "READY=1", 7);
}

static void test_without_a_manager_nothing_is_said(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(notify_send("READY=1", &err), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
    assert_int_equal(notify_send("READY=1", &err), 0);
}

static void test_a_manager_that_is_gone_is_a_failure_with_its_name(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/notify", 1), 0);
    assert_int_equal(notify_send("READY=1", &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/notify"));
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    assert_int_equal(notify_send("READY=1", &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_manager_hears_it),
        cmocka_unit_test(test_without_a_manager_nothing_is_said),
        cmocka_unit_test(test_a_manager_that_is_gone_is_a_failure_with_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
