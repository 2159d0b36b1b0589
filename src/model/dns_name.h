/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts are DNS names, as Seawall writes them: lower case, no final dot. */
#pragma once

#include <stdbool.h>

#define DNS_NAME_TEXT_MAX 253 /* RFC 1035 section 2.3.4: 255 octets on the wire */
#define DNS_LABEL_MAX     63

/*
 * One or more labels of 1 to 63 of a-z, 0-9, '-' and '_', joined by dots, 253 bytes at most.
 * A label neither begins nor ends with '-' (RFC 1123 section 2.1); '_' is for service names.
 */
bool dns_name_is_valid(const char *name);

/* `name` is `zone` or ends with ".zone". Both are valid names. */
bool dns_name_is_within(const char *name, const char *zone);
