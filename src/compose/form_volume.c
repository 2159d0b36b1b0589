/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path_text.h"
#include "compose/forms.h"

#include <ctype.h>
#include <string.h>

/* "[SOURCE:]TARGET[:MODE]", taken apart. */
struct volume_text {
    const char *source, *target, *mode; /* NULL where there is none */
};

static bool is_windows_drive(const char *text, size_t len)
{
    return len == 1 && isalpha((unsigned char)*text);
}

/* The length up to the next colon that parts sections; the one of "C:\" does not. */
static size_t section_length(const char *text)
{
    size_t len = strcspn(text, ":");

    if (text[len] == ':' && is_windows_drive(text, len) &&
        (text[len + 1] == '\\' || text[len + 1] == '/'))
        len += 1 + strcspn(text + len + 1, ":");
    return len;
}

/* False when there are too many sections or an empty one; then *wrong says which. */
static bool take_apart(struct arena *arena, const char *text, struct volume_text *out,
                       const char **wrong)
{
    const char *sections[3] = {NULL};
    size_t count = 0;

    for (;; text++) {
        size_t len = section_length(text);

        *wrong = !len ? "no empty section between colons" : "at most two colons";
        if (!len || count == 3)
            return false;
        sections[count++] = arena_strndup(arena, text, len);
        text += len;
        if (!*text)
            break;
    }
    if (count == 1)
        *out = (struct volume_text){NULL, sections[0], NULL};
    else
        *out = (struct volume_text){sections[0], sections[1], sections[2]};
    return true;
}

static bool is_path(const char *source)
{
    return strchr("./~", *source) || strncmp(source, "\\\\", 2) == 0 ||
           (isalpha((unsigned char)*source) && source[1] == ':');
}

static struct node *sub_map(struct shaping *s, struct node *map, const char *key)
{
    struct node *found = node_find(map, key);

    if (found)
        return found;
    found = node_new(s->arena, NODE_MAP, map->place);
    node_put(s->arena, map, key, found);
    return found;
}

/* clang-format off */
static const struct {
    const char *word, *map, *key, *value; /* value NULL: true */
} modes[] = {
    {"ro",       NULL,     "read_only",   NULL},
    {"nocopy",   "volume", "nocopy",      NULL},
    {"shared",   "bind",   "propagation", "shared"},
    {"rshared",  "bind",   "propagation", "rshared"},
    {"slave",    "bind",   "propagation", "slave"},
    {"rslave",   "bind",   "propagation", "rslave"},
    {"private",  "bind",   "propagation", "private"},
    {"rprivate", "bind",   "propagation", "rprivate"},
    {"z",        "bind",   "selinux",     "z"},
    {"Z",        "bind",   "selinux",     "Z"},
};
/* clang-format on */

static void put_mode(struct shaping *s, struct node *map, const char *word)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].word, word) != 0)
            continue;
        struct node *target = modes[i].map ? sub_map(s, map, modes[i].map) : map;
        if (modes[i].value)
            node_put_text(s->arena, target, modes[i].key, modes[i].value);
        else
            node_put(s->arena, target, modes[i].key, node_bool(s->arena, true, map->place));
    }
    if (strncmp(word, "volume-subpath=", 15) == 0)
        node_put_text(s->arena, sub_map(s, map, "volume"), "subpath", word + 15);
}

static void put_modes(struct shaping *s, struct node *map, const char *mode)
{
    while (mode && *mode) {
        size_t len = strcspn(mode, ",");

        put_mode(s, map, arena_strndup(s->arena, mode, len));
        mode += len + (mode[len] == ',');
    }
}

static void clean_target(struct shaping *s, struct node *map)
{
    const struct node *target = node_find(map, "target");

    if (target && target->kind == NODE_TEXT && *target->text)
        node_put(s->arena, map, "target",
                 node_text(s->arena, path_clean(s->arena, target->text), target->place));
}

struct node *form_volume(struct shaping *s, struct node *node, const char *name)
{
    struct volume_text text;
    const char *wrong;

    if (node->kind == NODE_MAP)
        clean_target(s, node);
    if (node->kind != NODE_TEXT)
        return node;
    if (!take_apart(s->arena, node->text, &text, &wrong))
        return shape_complain(s, node, name,
                              arena_printf(s->arena, "[SOURCE:]TARGET[:MODE] with %s", wrong));

    struct node *map = node_new(s->arena, NODE_MAP, node->place);
    bool is_bind = text.source && is_path(text.source);
    node_put_text(s->arena, map, "type", is_bind ? "bind" : "volume");
    node_put_text(s->arena, map, "target", text.target);
    if (text.source)
        node_put_text(s->arena, map, "source", text.source);
    put_modes(s, map, text.mode);
    struct node *own = sub_map(s, map, is_bind ? "bind" : "volume");
    if (is_bind)
        node_put(s->arena, own, "create_host_path", node_bool(s->arena, true, node->place));
    clean_target(s, map);
    return map;
}
