/* SPDX-License-Identifier: Apache-2.0 */
/* A reply reads the same in one piece and byte by byte, and never beyond its bytes. */
#include "health/status_line.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct status_line whole = {0};
    struct status_line pieces = {0};
    unsigned status_whole = 0;
    unsigned status_pieces = 0;
    int r_pieces = STATUS_LINE_MORE;
    int r_whole = status_line_add(&whole, (const char *)data, size, &status_whole);

    for (size_t i = 0; i < size && r_pieces == STATUS_LINE_MORE; i++)
        r_pieces = status_line_add(&pieces, (const char *)data + i, 1, &status_pieces);
    assert(r_whole == r_pieces);
    assert(status_whole == status_pieces);
    assert(r_whole != 0 || (status_whole >= 100 && status_whole <= 599));
    return 0;
}
