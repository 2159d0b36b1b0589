/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds a fuzz target every file of its corpus: what once crashed must not crash again. */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The corpus is in git, where nobody wants larger files. */
#define INPUT_SIZE_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    struct err err = {0};
    struct buf buf;

    buf_init(&buf, INPUT_SIZE_MAX);
    int r = file_read(path, &buf, &err);
    if (r < 0) {
        (void)fprintf(stderr, "replay: %s\n", err.text);
    } else {
        /* A copy of the exact size, so that a sanitizer sees a read past the end. */
        uint8_t *exact = malloc(buf.len ? buf.len : 1);

        if (exact) {
            memcpy(exact, buf_text(&buf), buf.len);
            (void)LLVMFuzzerTestOneInput(exact, buf.len);
        }
        free(exact);
    }
    buf_fini(&buf);
    return r;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, alphasort);
    int failed = count <= 0;

    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        /* Said before the input runs: after a crash the last line names the culprit. */
        (void)printf("%s\n", entries[i]->d_name);
        (void)fflush(stdout);
        failed |= replay(path) < 0;
        free(entries[i]);
    }
    free(entries);
    (void)printf("%d inputs\n", count);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;

    for (int i = 1; i < argc; i++)
        failed |= replay_folder(argv[i]);
    return failed;
}
