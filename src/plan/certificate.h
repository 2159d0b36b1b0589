/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of a placement: what each loss that was asked for leaves.
 *
 * Where any one domain may be lost there is a line for each domain that holds a replica; the
 * loss of another takes nothing. Where any k > 1 may be lost there are the worst combinations,
 * at most CERTIFICATE_LINES_MAX of them, worst first; every other leaves at least as much.
 */
#pragma once

#include "model/plan.h"
#include "plan/draft.h"

#define CERTIFICATE_LINES_MAX 10
#define CERTIFICATE_COUNT_MAX \
    8 /* domains lost at once; above it there is one line, the worst */
#define CERTIFICATE_NAMES_MAX 8 /* told in a line; "and 3 more" follows */

/*
 * Sets the certificate of `out`, in `arena`. `names` are those of topology->domain_name that
 * may be kept.
 */
void certificate_make(struct plan_service *out, struct arena *arena, struct draft *draft,
                      const struct job *job, const char *const *const names[DOMAIN_LEVELS]);

/* Whether every line leaves what is needed. */
bool certificate_holds(const struct plan_service *service);
