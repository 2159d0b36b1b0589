/* SPDX-License-Identifier: Apache-2.0 */
/* Gives up what a nameserver that was started by root does not need. */
#pragma once

#include "base/attr.h"
#include "base/err.h"

/*
 * From now on this thread, and all that it starts, can do as root only one thing that others
 * cannot: bind to ports below 1024, because the addresses may change. Before any thread.
 * For others than root nothing changes, but that no program can give them more.
 */
int privileges_drop(struct err *err) MUST_USE;
