/* SPDX-License-Identifier: Apache-2.0 */
#include "nameserver/listening.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct strings strings_copy(const struct strings *in)
{
    struct strings out = {.items = mem_array(in->count, sizeof(*out.items)),
                          .count = in->count};

    for (size_t i = 0; i < in->count; i++)
        out.items[i] = mem_strdup(in->items[i]);
    return out;
}

static void strings_release(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free((void *)(uintptr_t)strings->items[i]);
    free(strings->items);
    *strings = (struct strings){0};
}

static bool strings_are_equal(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static int open_dns(struct dns_server **out, const struct strings *listen, struct err *err)
{
    struct dns_server_options options = {.listen = *listen};

    return dns_server_open(out, &options, err);
}

int listening_open(struct listening *listening, const struct strings *listen, struct err *err)
{
    struct strings copy = strings_copy(listen);
    int r = open_dns(&listening->dns, &copy, err);

    if (r < 0)
        strings_release(&copy);
    else
        listening->listen = copy;
    return r;
}

void listening_close(struct listening *listening)
{
    listening->dns = dns_server_close(listening->dns);
    strings_release(&listening->listen);
}

int listening_change(struct listening *listening, const struct strings *listen,
                     struct helm *helm, struct err *err)
{
    struct listening before = *listening;
    struct err again = {0};

    if (strings_are_equal(&listening->listen, listen))
        return 0;
    helm_set_dns(helm, NULL);
    listening->dns = dns_server_close(listening->dns);
    int r = listening_open(listening, listen, err);
    if (r == 0)
        strings_release(&before.listen);
    else if (open_dns(&listening->dns, &listening->listen, &again) < 0)
        (void)err_wrap(err, "%s; and where it listened before: %s", "listen elsewhere",
                       again.text);
    helm_set_dns(helm, listening->dns);
    return r;
}
