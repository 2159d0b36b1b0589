/* SPDX-License-Identifier: Apache-2.0 */
#include "model/intent.h"

struct intent *intent_share(struct intent *intent)
{
    intent->shares++;
    return intent;
}

struct intent *intent_free(struct intent *intent)
{
    if (intent && intent->shares)
        intent->shares--;
    else if (intent)
        (void)arena_free(intent->arena);
    return NULL;
}

void intent_freep(struct intent **intent)
{
    *intent = intent_free(*intent);
}
