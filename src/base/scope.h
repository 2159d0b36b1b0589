/* SPDX-License-Identifier: Apache-2.0 */
/* Release by scope, hand over by name: see SCOPED in attr.h. */
#pragma once

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void scope_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void scope_free(void *p)
{
    free(*(void **)p);
}

static inline void scope_fclose(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

/* Returns the descriptor and leaves -1, so that its scope no longer closes it. */
static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Returns the pointer and leaves NULL, so that its scope no longer frees it. */
static inline void *take_ptr(void *p)
{
    void *taken = *(void **)p;

    *(void **)p = NULL;
    return taken;
}
