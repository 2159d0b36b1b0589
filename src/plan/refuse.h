/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a service finds no place, and the least changes that would give it one: one to the
 * fleet, one to the file. Each was tried: the service, with the others where the plan has them,
 * is possible then.
 */
#pragma once

#include "model/plan.h"
#include "plan/draft.h"

/* The job must be open. The texts are in `arena`; `name` is the service's, and kept. */
struct refusal refuse(struct arena *arena, struct draft *draft, const struct job *job,
                      const char *name);
