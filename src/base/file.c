/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int read_all(int fd, const char *path, struct buf *out, struct err *err)
{
    char chunk[16384];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "read '%s'", path);
        if (got == 0)
            return 0;
        if (buf_add(out, chunk, (size_t)got) < 0)
            return err_set(err, -EFBIG, "read '%s': larger than the limit of %zu bytes", path,
                           out->size_max);
    }
}

int file_read(const char *path, struct buf *out, struct err *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", out, err);

    SCOPED(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    if (fstat(fd, &st) < 0)
        return err_sys(err, "stat '%s'", path);
    if (S_ISDIR(st.st_mode))
        return err_set(err, -EISDIR, "read '%s': is a directory, a file was expected", path);
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > out->size_max)
        return err_set(err, -EFBIG, "read '%s': %lld bytes, the limit is %zu", path,
                       (long long)st.st_size, out->size_max);
    return read_all(fd, path, out, err);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

int file_sync_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];

    (void)snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder)
        slash[1] = '\0';
    else if (slash)
        *slash = '\0';

    SCOPED(scope_close)
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return err_sys(err, "sync the folder of '%s'", path);
    return 0;
}

int file_replace(const char *path, const void *data, size_t len, struct err *err)
{
    char neighbour[PATH_MAX];

    if (snprintf(neighbour, sizeof(neighbour), "%s.new", path) >= (int)sizeof(neighbour))
        return err_set(err, -ENAMETOOLONG, "write '%s': path too long", path);

    SCOPED(scope_close)
    int fd = open(neighbour, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(err, "create '%s'", neighbour);
    int r = write_all(fd, data, len);
    if (r < 0) {
        errno = -r;
        (void)err_sys(err, "write '%s'", neighbour);
        (void)unlink(neighbour); /* half a file is of no use to anybody */
        return err->code;
    }
    if (fsync(fd) < 0)
        return err_sys(err, "sync '%s'", neighbour);
    if (rename(neighbour, path) < 0)
        return err_sys(err, "rename '%s' to '%s'", neighbour, path);
    return file_sync_folder(path, err);
}
