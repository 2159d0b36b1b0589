/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of a plan in words, made from a draft. All text is in the arena that is given. */
#pragma once

#include "plan/draft.h"

/* Where the survive level of the app comes from. */
const char *why_source(struct arena *arena, const struct draft *draft);

/* "any one provider", "any one provider or any 2 clusters"; "" for none. */
const char *why_survive(struct arena *arena, const struct survive *survive);

/* Why this total, these clusters. */
const char *why_service(struct arena *arena, struct draft *draft, struct job *job);

/* What the operator has to know about the job; NULL: nothing. */
const char *why_warning(struct arena *arena, const struct draft *draft, const struct job *job);
