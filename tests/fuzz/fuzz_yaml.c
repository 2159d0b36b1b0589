/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reads as YAML is within its bounds; whatever does not says where. */
#include "yaml/yaml.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct yaml_documents documents = {0};
    struct problems problems;

    problems_init(&problems, arena);
    if (yaml_read(&documents, arena, "fuzz.yaml", (const char *)data, size, &problems) == 0) {
        assert(problems.errors == 0);
        for (size_t i = 0; i < documents.count; i++) {
            struct node_extent extent = node_extent(documents.items[i]);

            assert(extent.depth <= YAML_DEPTH_MAX + 1);
            assert(extent.count <= YAML_NODES_MAX);
        }
    } else {
        assert(problems.errors > 0);
        json_decref(problems_to_json(&problems));
    }
    (void)arena_free(arena);
    return 0;
}
