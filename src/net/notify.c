/* SPDX-License-Identifier: Apache-2.0 */
#include "net/notify.h"

#include "base/scope.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int notify_send(const char *text, struct err *err)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = name ? strlen(name) : 0;

    if (!len)
        return 0;
    if (len >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@'))
        return err_set(err, -EINVAL, "NOTIFY_SOCKET '%.120s': expected a path or '@NAME'",
                       name);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@') /* a socket without a file: unix(7) */
        address.sun_path[0] = '\0';

    SCOPED(scope_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL,
                         (const struct sockaddr *)&address, address_len) < 0)
        return err_sys(err, "tell '%s' that we are %s", name, text);
    return 0;
}
