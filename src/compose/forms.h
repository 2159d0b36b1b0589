/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short forms: what Compose lets people write in several ways becomes the one way that the rest
 * reads. All are hooks of shapes, see yaml/shape.h.
 */
#pragma once

#include "yaml/shape.h"

/* form_port.c: "127.0.0.1:8000-8001:80-81/udp" to a list of mappings. */
shape_canonical_fn form_ports;
shape_identity_fn form_port_identity;

/* form_volume.c: "data:/data:ro" to a mapping. */
shape_canonical_fn form_volume;

/* form_pairs.c: lists of "NAME=VALUE" and the like to mappings. */
shape_canonical_fn form_pairs;       /* a name alone has the value null */
shape_canonical_fn form_labels;      /* a name alone has an empty value */
shape_canonical_fn form_options;     /* the same, for mappings alone */
shape_canonical_fn form_names;       /* a list of names to a mapping of nulls */
shape_canonical_fn form_depends_on;  /* a list of names to conditions */
shape_canonical_fn form_extra_hosts; /* either form to a list of "host=address" */

/* form_text.c: one text to what it stands for. */
shape_canonical_fn form_command;        /* to words */
shape_canonical_fn form_test;           /* to CMD-SHELL */
shape_canonical_fn form_build;          /* to a context */
shape_canonical_fn form_source;         /* configs: to a source */
shape_canonical_fn form_secret;         /* secrets: to a source and its usual target */
shape_canonical_fn form_env_files;      /* to a list of paths */
shape_canonical_fn form_device;         /* "from:to:rwm" */
shape_canonical_fn form_ulimit;         /* a number stays one */
shape_canonical_fn form_extends;        /* to a service */
shape_canonical_fn form_include;        /* to paths */
shape_canonical_fn form_probe;          /* to an URL */
shape_canonical_fn form_gpus;           /* "all" to a list */
shape_canonical_fn form_device_count;   /* "all" is -1 */
shape_canonical_fn form_device_request; /* all, if nothing is said */
shape_canonical_fn form_mode;           /* of files: 0440 and "0440" to octal text */
shape_canonical_fn form_resource; /* `external: {name: N}` to `external: true` and a name */
shape_merge_fn form_merge_logging;

/* What tells items apart. */
shape_identity_fn form_path_identity, form_target_identity, form_grant_identity,
    form_subnet_identity;
