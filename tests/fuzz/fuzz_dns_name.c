/* SPDX-License-Identifier: Apache-2.0 */
/* A name read from anywhere in any bytes fits, ends inside them, and reads as itself. */
#include "dns/wire.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct wire_name *name)
{
    struct wire_name again;
    size_t at = 0;
    bool is_name = wire_name_read(&again, name->data, name->len, &at);

    assert(is_name);
    assert(at == name->len);
    assert(again.len == name->len);
    assert(again.label_count == name->label_count);
    assert(memcmp(again.data, name->data, name->len) == 0);
    assert(memcmp(again.labels, name->labels, name->label_count) == 0);
    for (size_t i = 0; i < name->len; i++)
        assert(name->data[i] < 'A' || name->data[i] > 'Z');
}

/* The first two bytes say where the name begins in the others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_name name;

    if (size < 3)
        return 0;
    const uint8_t *message = data + 2;
    size_t begin = ((size_t)data[0] << 8 | data[1]) % (size - 2);
    size_t at = begin;
    if (!wire_name_read(&name, message, size - 2, &at)) {
        assert(at == begin);
        return 0;
    }
    assert(at > begin && at <= size - 2);
    check(&name);
    return 0;
}
