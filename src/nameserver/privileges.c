/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT (UINT32_C(1) << CAP_NET_BIND_SERVICE)

int privileges_drop(struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(err, "give up privileges");
    if (syscall(SYS_capget, &header, sets) < 0)
        return err_sys(err, "read the privileges");
    /* Where nothing more was given there may be a filter that ends who so much as tries. */
    if (!(sets[0].permitted & ~KEPT) && !sets[1].permitted)
        return 0;
    sets[0].permitted &= KEPT;
    sets[0].effective = sets[0].permitted;
    sets[0].inheritable = 0;
    sets[1] = (struct __user_cap_data_struct){0};
    if (syscall(SYS_capset, &header, sets) < 0)
        return err_sys(err, "give up privileges");
    return 0;
}
