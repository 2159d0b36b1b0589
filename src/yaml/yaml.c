/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/yaml.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <string.h>

/* A list or mapping that is not complete yet. */
struct frame {
    struct node *node;
    const char *anchor; /* NULL: none */
    const char *key;    /* mappings: read, and its value is to come */
    struct place key_place;
    bool is_merge;       /* the key is `<<` */
    struct node *merged; /* a list of the mappings that `<<` names, NULL: none */
};

struct reader {
    struct arena *arena;
    const char *file;
    struct problems *problems;
    struct fy_parser *parser;
    struct fy_token_iter *iterator;
    struct buf scalar;  /* the one at hand */
    struct map anchors; /* name -> struct node */
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;      /* made so far */
    struct place last; /* of what was read last: where nothing stands */
    struct node *root; /* of the document that is being read; NULL: not yet */
    struct yaml_documents documents;
    size_t documents_capacity;
};

/* The library's marks point behind the sign of an alias and the quote of a text. */
static bool is_behind_sign(struct fy_event *event)
{
    if (event->type == FYET_ALIAS)
        return true;
    if (event->type != FYET_SCALAR || !event->scalar.value)
        return false;
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static struct place place_of(const struct reader *r, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);

    if (!mark)
        return r->last;
    unsigned column = (unsigned)mark->column + !is_behind_sign(event);
    return (struct place){r->file, (unsigned)mark->line + 1, column ? column : 1};
}

static const char *token_text(struct reader *r, struct fy_token *token, size_t *len)
{
    const char *text = token ? fy_token_get_text(token, len) : NULL;

    if (!text) {
        *len = 0;
        return "";
    }
    return arena_strndup(r->arena, text, *len);
}

/*
 * The text of a scalar, piece by piece: the library's own call for all of it at once loses the
 * memory of its iterator when there are many pieces, as in text with many escapes (0.7.12).
 */
static const char *scalar_text(struct reader *r, struct fy_token *token, size_t *len)
{
    const struct fy_iter_chunk *chunk = NULL;

    buf_clear(&r->scalar);
    if (token)
        fy_token_iter_start(token, r->iterator);
    while (token && (chunk = fy_token_iter_chunk_next(r->iterator, chunk, NULL)))
        if (buf_add(&r->scalar, chunk->str, chunk->len) < 0)
            break;
    if (token)
        fy_token_iter_finish(r->iterator);
    *len = r->scalar.len;
    return arena_strndup(r->arena, buf_text(&r->scalar), r->scalar.len);
}

static int count_nodes(struct reader *r, size_t count, struct place place)
{
    if (count > YAML_NODES_MAX - r->nodes)
        return problems_add(r->problems, place,
                            "more than %d values, with what aliases stand for", YAML_NODES_MAX);
    r->nodes += count;
    return 0;
}

/* The tags that change what a value means here; all others would be lost without a word. */
static int read_tag(struct reader *r, struct fy_token *token, struct node *node, bool *is_text)
{
    size_t len = 0;
    const char *tag = token_text(r, token, &len);

    *is_text = false;
    if (strcmp(tag, "!reset") == 0) {
        node->tag = NODE_TAG_RESET;
    } else if (strcmp(tag, "!override") == 0) {
        node->tag = NODE_TAG_OVERRIDE;
    } else if (strcmp(tag, "tag:yaml.org,2002:str") == 0 || strcmp(tag, "!") == 0) {
        *is_text = true;
    } else if (len && strncmp(tag, "tag:yaml.org,2002:", 18) != 0) {
        return problems_add(r->problems, node->place,
                            "unknown tag '%.40s', expected !reset, !override or none", tag);
    }
    return 0;
}

/* Puts a complete value where it belongs: the root, a list, or the value of a key. */
static void place_value(struct reader *r, struct node *value)
{
    if (!r->depth) {
        r->root = value;
        return;
    }

    struct frame *top = &r->frames[r->depth - 1];
    if (top->node->kind == NODE_LIST) {
        node_append(r->arena, top->node, value);
    } else if (top->is_merge) {
        if (!top->merged)
            top->merged = node_new(r->arena, NODE_LIST, value->place);
        node_append(r->arena, top->merged, value);
    } else {
        node_append_item(r->arena, top->node,
                         (struct node_item){top->key, top->key_place, value});
    }
    top->key = NULL;
}

static void set_anchor(struct reader *r, const char *anchor, struct node *node)
{
    if (anchor)
        (void)map_set(&r->anchors, anchor, node);
}

static const char *anchor_of(struct reader *r, struct fy_token *token)
{
    size_t len;

    return token ? token_text(r, token, &len) : NULL;
}

static bool wants_key(const struct reader *r)
{
    const struct frame *top = r->depth ? &r->frames[r->depth - 1] : NULL;

    return top && top->node->kind == NODE_MAP && !top->key;
}

static int read_key(struct reader *r, const struct node *node, bool is_plain)
{
    struct frame *top = &r->frames[r->depth - 1];

    if (node->kind != NODE_TEXT)
        return problems_add(r->problems, node->place,
                            "the key is %s, expected text; put it into quotes",
                            node_describe(r->arena, node));
    top->key = node->text;
    top->key_place = node->place;
    top->is_merge = is_plain && strcmp(node->text, "<<") == 0;
    return 0;
}

static int read_scalar(struct reader *r, struct fy_event *event)
{
    struct node *node = node_new(r->arena, NODE_TEXT, place_of(r, event));
    struct fy_token *token = event->scalar.value;
    bool is_plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
    bool is_text;
    size_t len;

    r->last = node->place;
    node->text = scalar_text(r, token, &len);
    if (strlen(node->text) != len)
        return problems_add(r->problems, node->place, "text with a zero byte in it");
    if (count_nodes(r, 1, node->place) < 0 ||
        read_tag(r, event->scalar.tag, node, &is_text) < 0)
        return -EINVAL;
    if (is_plain && !is_text)
        node_resolve(node);
    set_anchor(r, anchor_of(r, event->scalar.anchor), node);
    if (wants_key(r))
        return read_key(r, node, is_plain);
    place_value(r, node);
    return 0;
}

static int begin(struct reader *r, struct fy_event *event, enum node_kind kind,
                 struct fy_token *anchor, struct fy_token *tag)
{
    struct node *node = node_new(r->arena, kind, place_of(r, event));
    bool is_text;

    r->last = node->place;
    if (wants_key(r))
        return problems_add(r->problems, node->place, "the key is %s, expected text",
                            node_describe(r->arena, node));
    if (r->depth == YAML_DEPTH_MAX)
        return problems_add(r->problems, node->place, "nested more than %d deep",
                            YAML_DEPTH_MAX);
    if (count_nodes(r, 1, node->place) < 0 || read_tag(r, tag, node, &is_text) < 0)
        return -EINVAL;
    r->frames[r->depth++] = (struct frame){.node = node, .anchor = anchor_of(r, anchor)};
    return 0;
}

/* `map` gets what it has not yet of the mapping that `<<` names. */
static int merge_one(struct reader *r, struct node *map, const struct node *from)
{
    if (from->kind != NODE_MAP)
        return problems_add(r->problems, from->place,
                            "'<<' expects a mapping or a list of mappings, found %s",
                            node_describe(r->arena, from));
    struct node *result = node_new(r->arena, NODE_MAP, map->place);
    size_t i = 0, j = 0;
    while (i < map->count || j < from->count) {
        int order = i == map->count    ? 1
                    : j == from->count ? -1
                                       : strcmp(map->items[i].key, from->items[j].key);

        node_append_item(r->arena, result, order <= 0 ? map->items[i] : from->items[j]);
        i += order <= 0;
        j += order >= 0;
    }
    map->items = result->items;
    map->count = result->count;
    map->capacity = result->capacity;
    return 0;
}

static int merge(struct reader *r, struct node *map, const struct node *merged)
{
    for (size_t i = 0; merged && i < merged->count; i++) {
        const struct node *from = merged->items[i].value;

        if (from->kind == NODE_LIST) {
            for (size_t j = 0; j < from->count; j++)
                if (merge_one(r, map, from->items[j].value) < 0)
                    return -EINVAL;
        } else if (merge_one(r, map, from) < 0) {
            return -EINVAL;
        }
    }
    return 0;
}

static int check_duplicates(struct reader *r, const struct node *map)
{
    int result = 0;

    for (size_t i = 1; i < map->count; i++)
        if (strcmp(map->items[i - 1].key, map->items[i].key) == 0)
            result = problems_add(r->problems, map->items[i].place,
                                  "the key '%.80s' is there already, in line %u",
                                  map->items[i].key, map->items[i - 1].place.line);
    return result;
}

static int end(struct reader *r)
{
    struct frame *top = &r->frames[r->depth - 1];
    struct node *node = top->node;

    if (node->kind == NODE_MAP) {
        node_sort(node);
        if (check_duplicates(r, node) < 0 || merge(r, node, top->merged) < 0)
            return -EINVAL;
    }
    set_anchor(r, top->anchor, node);
    r->depth--;
    place_value(r, node);
    return 0;
}

static int read_alias(struct reader *r, struct fy_event *event)
{
    struct place place = place_of(r, event);
    const char *name = anchor_of(r, event->alias.anchor);
    const struct node *node = name ? map_find(&r->anchors, name) : NULL;

    r->last = place;
    if (!node)
        return problems_add(r->problems, place,
                            "the alias '*%.40s' has no anchor '&%.40s' before it",
                            name ? name : "", name ? name : "");
    struct node_extent extent = node_extent(node);
    if (r->depth + extent.depth > YAML_DEPTH_MAX)
        return problems_add(r->problems, place, "nested more than %d deep", YAML_DEPTH_MAX);
    if (count_nodes(r, extent.count, place) < 0)
        return -EINVAL;
    if (wants_key(r))
        return read_key(r, node, false);
    place_value(r, node_copy(r->arena, node));
    return 0;
}

static void end_document(struct reader *r)
{
    if (r->root && r->root->kind != NODE_NULL) {
        r->documents.items = arena_grow(r->arena, r->documents.items, r->documents.count,
                                        &r->documents_capacity, sizeof(struct node *));
        r->documents.items[r->documents.count++] = r->root;
    }
    r->root = NULL;
    map_fini(&r->anchors);
    map_init(&r->anchors);
}

static int read_event(struct reader *r, struct fy_event *event)
{
    switch (event->type) {
    case FYET_SCALAR:
        return read_scalar(r, event);
    case FYET_MAPPING_START:
        return begin(r, event, NODE_MAP, event->mapping_start.anchor, event->mapping_start.tag);
    case FYET_SEQUENCE_START:
        return begin(r, event, NODE_LIST, event->sequence_start.anchor,
                     event->sequence_start.tag);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return end(r);
    case FYET_ALIAS:
        return read_alias(r, event);
    case FYET_DOCUMENT_END:
        end_document(r);
        return 0;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_START:
    default:
        return 0;
    }
}

/* The first complaint of the library; the others follow from it. */
static int report_syntax(struct reader *r, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    struct place place = {r->file, 0, 0};

    if (!error)
        return problems_add(r->problems, place, "not YAML");
    if (error->line > 0) {
        place.line = (unsigned)error->line;
        place.column = error->column > 0 ? (unsigned)error->column : 1;
    }
    return problems_add(r->problems, place, "not YAML: %.200s", error->msg);
}

static int read_all(struct reader *r, struct fy_diag *diag)
{
    struct fy_event *event;
    int result = 0;

    while (result == 0 && (event = fy_parser_parse(r->parser))) {
        result = read_event(r, event);
        fy_parser_event_free(r->parser, event);
    }
    if (result == 0 && fy_parser_get_stream_error(r->parser))
        return report_syntax(r, diag);
    return result;
}

static int check_encoding(struct reader *r, const char *text, size_t len)
{
    size_t at = utf8_valid_length(text, len);
    struct place place = {r->file, 1, 1};

    if (at == len)
        return 0;
    for (size_t i = 0; i < at; i++) {
        place.column++;
        if (text[i] == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return problems_add(r->problems, place, "the byte 0x%02x is not UTF-8",
                        (unsigned)(unsigned char)text[at]);
}

int yaml_read(struct yaml_documents *out, struct arena *arena, const char *file,
              const char *text, size_t len, struct problems *problems)
{
    struct fy_diag_cfg diag_cfg;
    struct reader r = {
        .arena = arena, .file = file, .problems = problems, .last = {file, 1, 1}};
    int result;

    if (check_encoding(&r, text, len) < 0)
        return -EINVAL;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    assert(diag); /* fails for want of memory only */
    fy_diag_set_collect_errors(diag, true);
    /* A set of flags is no member of its enum: the cast keeps clang quiet about that. */
    unsigned flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
                     FYPCF_SLOPPY_FLOW_INDENTATION; /* as everybody writes: `[` ... `]` below */
    const struct fy_parse_cfg cfg = {.flags = (enum fy_parse_cfg_flags)flags, .diag = diag};

    map_init(&r.anchors);
    buf_init(&r.scalar, 4 * len + 64); /* an escape of two bytes stands for four at most */
    r.parser = fy_parser_create(&cfg);
    r.iterator = fy_token_iter_create(NULL);
    assert(r.parser);
    assert(r.iterator);
    result = fy_parser_set_string(r.parser, text, len);
    assert(result == 0);
    result = read_all(&r, diag);
    fy_token_iter_destroy(r.iterator);
    fy_parser_destroy(r.parser);
    fy_diag_destroy(diag);
    buf_fini(&r.scalar);
    map_fini(&r.anchors);
    if (result == 0)
        *out = r.documents;
    return result;
}
