/* SPDX-License-Identifier: Apache-2.0 */
/* What app.c, app_service.c and app_seawall.c share: an app that is being built from a project.
 */
#pragma once

#include "compose/project.h"
#include "compose/schema.h"
#include "model/app.h"

struct builder {
    struct shaping shaping; /* its arena is for what is needed meanwhile */
    const struct project *project;
    const struct surroundings *world;
    struct app *app;
};

/* "KEY: expected EXPECTED, found ..." at the node's place. */
void build_complain(struct builder *b, const struct node *node, const char *key,
                    const char *expected);

/* Copies into the app. What is longer than a process can be given is a problem. */
const char *build_copy(struct builder *b, const struct node *node);

/* The text of a key, NULL when it is not there or empty. */
const char *build_text(struct builder *b, const struct node *map, const char *key);
struct strings build_strings(struct builder *b, const struct node *list);

/* Names without a value are left out. */
struct key_values build_pairs(struct builder *b, const struct node *map);

/* From 0 to `max`; `otherwise` when the key is not there. */
unsigned build_number(struct builder *b, const struct node *map, const char *key,
                      unsigned otherwise, unsigned max);

/* 0 when the key is not there. */
uint64_t build_duration_ns(struct builder *b, const struct node *map, const char *key,
                           uint64_t max_ns);

/* app_service.c */
void build_service(struct builder *b, const struct node *node, struct service *out);

/* app_settings.c */
void build_settings(struct builder *b, const struct node *service, struct settings *out);

/* app_seawall.c: `x-seawall`. The ports must be there already. */
void build_seawall_app(struct builder *b, const struct node *node);
void build_seawall_service(struct builder *b, const struct node *node, struct service *out);
