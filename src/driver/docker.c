/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/driver.h"

#include <errno.h>

/* Declared by driver_list.h for driver.c; repeated so that the definition is checked. */
extern const struct driver driver_docker;

static int docker_request(struct driver_call *call, struct http_request *out, struct err *err)
{
    (void)call;
    (void)out;
    return err_set(err, -ENOSYS, "docker: not yet");
}

static int docker_reply(struct driver_call *call, const struct http_reply *in, struct err *err)
{
    (void)call;
    (void)in;
    return err_set(err, -ENOSYS, "docker: not yet");
}

const struct driver driver_docker = {
    .name = "docker",
    .ops = 0,
    .request = docker_request,
    .reply = docker_reply,
};
