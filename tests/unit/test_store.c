/* SPDX-License-Identifier: Apache-2.0 */
/* store/: every backend keeps the same promises; then what only a file can suffer. */
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/random.h"
#include "base/scope.h"
#include "store/store.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct fixture {
    char folder[64];
    char path[96];
    char url[128];
    struct arena *arena;
    struct store *store;
    struct err err;
};

static void remove_files(struct fixture *f)
{
    static const char *const names[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[128];

        (void)snprintf(name, sizeof(name), "%s%s", f->path, names[i]);
        (void)unlink(name);
    }
}

static void open_again(struct fixture *f)
{
    f->store = store_close(f->store);
    if (store_open(&f->store, f->url, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static int set_up(void **state, bool is_file)
{
    struct fixture *f = mem_new(struct fixture);

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/state.db", f->folder);
    (void)snprintf(f->url, sizeof(f->url), "%s", "memory:");
    if (is_file)
        (void)snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
    f->arena = arena_new();
    open_again(f);
    *state = f;
    return 0;
}

static int set_up_memory(void **state)
{
    return set_up(state, false);
}

static int set_up_sqlite(void **state)
{
    return set_up(state, true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    f->store = store_close(f->store);
    f->arena = arena_free(f->arena);
    remove_files(f);
    /* Also proves that nothing was left beside the file. */
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static struct store_write put_of(const char *key, uint64_t revision, const char *text)
{
    return (struct store_write){
        .kind = STORE_PUT, .key = key, .revision = revision, .data = text, .len = strlen(text)};
}

static struct store_write delete_of(const char *key, uint64_t revision)
{
    return (struct store_write){.kind = STORE_DELETE, .key = key, .revision = revision};
}

static int commit_one(struct fixture *f, struct store_write write, uint64_t *revision)
{
    return store_commit(f->store, &write, 1, revision, &f->err);
}

static uint64_t must_put(struct fixture *f, const char *key, const char *text)
{
    uint64_t revision = 0;

    if (commit_one(f, put_of(key, STORE_ANY, text), &revision) != STORE_OK)
        fail_msg("put %s: %s", key, f->err.text);
    return revision;
}

static const char *text_of(struct fixture *f, const char *key)
{
    struct store_value value;
    int r = store_get(f->store, f->arena, key, &value, &f->err);

    if (r < 0)
        fail_msg("get %s: %s", key, f->err.text);
    return r == STORE_NOT_FOUND ? NULL : value.data;
}

/* The promises of store.h, for each backend. */

static void test_what_was_put_is_what_is_got(void **state)
{
    struct fixture *f = *state;
    struct store_value value;
    uint64_t revision = must_put(f, "app/shop", "one");

    assert_int_equal(store_get(f->store, f->arena, "app/shop", &value, &f->err), STORE_OK);
    assert_string_equal(value.key, "app/shop");
    assert_string_equal(value.data, "one");
    assert_int_equal(value.len, 3);
    assert_int_equal(value.revision, revision);
    assert_int_equal(store_get(f->store, f->arena, "app/sho", &value, &f->err),
                     STORE_NOT_FOUND);
    assert_int_equal(store_get(f->store, f->arena, "", &value, &f->err), STORE_NOT_FOUND);
}

static void test_a_value_may_be_empty_or_hold_any_byte(void **state)
{
    struct fixture *f = *state;
    struct store_value value;
    uint64_t revision;
    const struct store_write writes[] = {
        {.kind = STORE_PUT, .key = "bytes", .data = "\0\xff\n'", .len = 4},
        {.kind = STORE_PUT, .key = "empty", .data = NULL, .len = 0},
    };

    assert_int_equal(store_commit(f->store, writes, 2, &revision, &f->err), STORE_OK);
    assert_int_equal(store_get(f->store, f->arena, "bytes", &value, &f->err), STORE_OK);
    assert_int_equal(value.len, 4);
    assert_memory_equal(value.data, "\0\xff\n'", 4);
    assert_int_equal(store_get(f->store, f->arena, "empty", &value, &f->err), STORE_OK);
    assert_int_equal(value.len, 0);
    assert_non_null(value.data);
}

static void test_revisions_grow_with_each_commit_also_over_deletes(void **state)
{
    struct fixture *f = *state;
    uint64_t first = must_put(f, "a", "1");
    uint64_t second = must_put(f, "a", "2");
    uint64_t third = 0, fourth = 0;

    assert_true(first > 0);
    assert_true(second > first);
    assert_int_equal(commit_one(f, delete_of("a", STORE_ANY), &third), STORE_OK);
    assert_true(third > second);
    assert_int_equal(store_commit(f->store, NULL, 0, &fourth, &f->err), STORE_OK);
    assert_true(fourth > third);
}

static void test_only_the_expected_revision_is_overwritten(void **state)
{
    struct fixture *f = *state;
    uint64_t old = must_put(f, "a", "old");
    uint64_t new = must_put(f, "a", "new");
    uint64_t untouched = 7;

    assert_int_equal(commit_one(f, put_of("a", old, "x"), &untouched), STORE_CONFLICT);
    assert_int_equal(commit_one(f, put_of("a", 0, "x"), &untouched), STORE_CONFLICT);
    assert_int_equal(commit_one(f, delete_of("a", old), &untouched), STORE_CONFLICT);
    assert_int_equal(commit_one(f, put_of("b", new, "x"), &untouched), STORE_CONFLICT);
    assert_int_equal(commit_one(f, delete_of("b", new), &untouched), STORE_CONFLICT);
    assert_int_equal(untouched, 7);
    assert_string_equal(text_of(f, "a"), "new");
    assert_null(text_of(f, "b"));

    assert_int_equal(commit_one(f, put_of("a", new, "newer"), &untouched), STORE_OK);
    assert_int_equal(commit_one(f, put_of("b", 0, "first"), &untouched), STORE_OK);
    assert_int_equal(commit_one(f, delete_of("c", STORE_ANY), &untouched), STORE_OK);
    assert_int_equal(commit_one(f, delete_of("c", 0), &untouched), STORE_OK);
    assert_string_equal(text_of(f, "a"), "newer");
    assert_string_equal(text_of(f, "b"), "first");
}

static void test_a_commit_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t before = must_put(f, "a", "1"), revision = 0;
    struct store_write writes[] = {put_of("a", STORE_ANY, "2"), put_of("b", 0, "2"),
                                   delete_of("c", 99)};

    assert_int_equal(store_commit(f->store, writes, 3, &revision, &f->err), STORE_CONFLICT);
    assert_string_equal(text_of(f, "a"), "1");
    assert_null(text_of(f, "b"));

    assert_int_equal(store_commit(f->store, writes, 2, &revision, &f->err), STORE_OK);
    assert_int_equal(revision, before + 1);
    assert_string_equal(text_of(f, "a"), "2");
    assert_string_equal(text_of(f, "b"), "2");
}

static void test_a_list_is_sorted_and_ends_with_its_prefix(void **state)
{
    struct fixture *f = *state;
    struct store_value *values;
    size_t count;

    must_put(f, "app/web", "w");
    must_put(f, "app/db", "d");
    must_put(f, "app0", "x");
    must_put(f, "app", "x");
    must_put(f, "app/\xc3\xa9", "e");
    assert_int_equal(store_list(f->store, f->arena, "app/", &values, &count, &f->err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(values[0].key, "app/db");
    assert_string_equal(values[0].data, "d");
    assert_string_equal(values[1].key, "app/web");
    assert_string_equal(values[2].key, "app/\xc3\xa9");

    assert_int_equal(store_list(f->store, f->arena, "", &values, &count, &f->err), 0);
    assert_int_equal(count, 5);
    assert_string_equal(values[0].key, "app");
    assert_int_equal(store_list(f->store, f->arena, "zoo", &values, &count, &f->err), 0);
    assert_int_equal(count, 0);
}

static void test_a_key_or_value_beyond_its_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    char key[STORE_KEY_MAX + 2];
    uint64_t revision;
    struct store_write large = {.kind = STORE_PUT, .key = "a", .len = STORE_VALUE_MAX + 1};

    memset(key, 'k', sizeof(key));
    key[STORE_KEY_MAX + 1] = '\0';
    assert_int_equal(commit_one(f, put_of(key, 0, ""), &revision), -EINVAL);
    assert_int_equal(commit_one(f, put_of("", 0, ""), &revision), -EINVAL);
    assert_int_equal(commit_one(f, large, &revision), -EMSGSIZE);
    key[STORE_KEY_MAX] = '\0';
    assert_int_equal(commit_one(f, put_of(key, 0, "fits"), &revision), STORE_OK);
    assert_string_equal(text_of(f, key), "fits");
}

/* Against the simplest store there is, an array of 8 values. */
static void test_a_store_agrees_with_a_plain_array(void **state)
{
    enum { KEYS = 8 };
    static const char *const keys[KEYS] = {"a", "b", "ba", "bb", "c", "d", "da", "e"};
    struct fixture *f = *state;
    char values[KEYS][16] = {{0}};
    uint64_t revisions[KEYS] = {0}, newest = 0;
    struct random random;

    random_init(&random, 20261124);
    for (unsigned step = 0; step < 400; step++) {
        unsigned i = random_below(&random, KEYS);
        bool is_guess = random_below(&random, 2) == 0;
        uint64_t expected = is_guess ? random_below(&random, 20) : STORE_ANY;
        bool is_delete = random_below(&random, 3) == 0;
        char text[16];
        (void)snprintf(text, sizeof(text), "v%u", step);
        struct store_write write =
            is_delete ? delete_of(keys[i], expected) : put_of(keys[i], expected, text);
        bool is_right = expected == STORE_ANY || expected == revisions[i];

        assert_int_equal(commit_one(f, write, &newest), is_right ? STORE_OK : STORE_CONFLICT);
        if (is_right) {
            revisions[i] = is_delete ? 0 : newest;
            (void)snprintf(values[i], sizeof(values[i]), "%s", text);
        }
        const char *found = text_of(f, keys[i]);
        if (revisions[i])
            assert_string_equal(found, values[i]);
        else
            assert_null(found);
    }
}

static void test_an_unknown_url_is_refused(void **state)
{
    static const char *const urls[] = {"",         "sqlite", "etcd:x", "/var/lib/x.db",
                                       "sqlit:/x", ":"};
    struct store *store = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        assert_int_equal(store_open(&store, urls[i], &err), -EINVAL);
        assert_null(store);
        assert_non_null(strstr(err.text, "sqlite:PATH"));
    }
    assert_int_equal(store_open(&store, "sqlite:", &err), -EINVAL);
    assert_null(store_close(NULL));
}

/* What only a file can suffer. */

static void test_a_closed_file_opens_again_as_it_was(void **state)
{
    struct fixture *f = *state;
    uint64_t last = must_put(f, "a", "1");
    struct stat st;

    open_again(f);
    assert_string_equal(text_of(f, "a"), "1");
    assert_int_equal(must_put(f, "b", "2"), last + 1);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    f->store = store_close(f->store);
    assert_int_equal(chmod(f->path, 0644), 0);
    open_again(f);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_large_value_survives(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)8 << 20;
    SCOPED(scope_free) char *data = mem_alloc(len);
    struct store_value value;
    uint64_t revision;

    memset(data, 'x', len);
    data[len - 1] = 'y';
    struct store_write write = {.kind = STORE_PUT, .key = "large", .data = data, .len = len};
    assert_int_equal(commit_one(f, write, &revision), STORE_OK);
    open_again(f);
    assert_int_equal(store_get(f->store, f->arena, "large", &value, &f->err), STORE_OK);
    assert_int_equal(value.len, len);
    assert_memory_equal(value.data, data, len);
}

static void assert_refused(struct fixture *f, int code, const char *words)
{
    struct store *store = NULL;
    int r = store_open(&store, f->url, &f->err);

    store = store_close(store);
    if (r != code || !strstr(f->err.text, words))
        fail_msg("returned %d, '%s'; expected %d with '%s'", r, r < 0 ? f->err.text : "", code,
                 words);
    assert_non_null(strstr(f->err.text, f->path));
}

static void write_file(const char *path, const void *data, size_t len)
{
    struct err err;

    if (file_replace(path, data, len, &err) < 0)
        fail_msg("%s", err.text);
}

static char *read_file(const char *path, size_t *len)
{
    struct buf buf;
    struct err err;

    buf_init(&buf, (size_t)16 << 20);
    if (file_read(path, &buf, &err) < 0)
        fail_msg("%s", err.text);
    *len = buf.len;
    return buf.data ? buf.data : mem_strdup("");
}

static void assert_unchanged(const char *path, const void *data, size_t len)
{
    size_t now_len;
    SCOPED(scope_free) char *now = read_file(path, &now_len);

    assert_int_equal(now_len, len);
    assert_memory_equal(now, data, len);
}

static void test_a_second_server_is_refused_by_name_of_the_file(void **state)
{
    struct fixture *f = *state;

    must_put(f, "a", "1");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *second = NULL;
        int r = store_open(&second, f->url, &f->err);

        _exit(r == -EBUSY && !second && strstr(f->err.text, f->path) &&
                      strstr(f->err.text, "another seawall server has it open")
                  ? 0
                  : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    must_put(f, "a", "2");
    assert_string_equal(text_of(f, "a"), "2");
}

static void test_a_file_of_somebody_else_stays_as_it_is(void **state)
{
    static const char text[] =
        "PATH=/usr/bin\nThis is somebody's file, which is long enough to "
        "be a header of one hundred bytes or more.\n";
    struct fixture *f = *state;
    size_t len;
    sqlite3 *db;

    f->store = store_close(f->store);
    remove_files(f);
    write_file(f->path, text, sizeof(text) - 1);
    assert_refused(f, -EBADMSG, "not a state file of seawall");
    assert_unchanged(f->path, text, sizeof(text) - 1);

    remove_files(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    SCOPED(scope_free) char *before = read_file(f->path, &len);
    assert_refused(f, -EMEDIUMTYPE, "another program");
    assert_unchanged(f->path, before, len);

    remove_files(f);
    assert_int_equal(mkdir(f->path, 0700), 0);
    struct store *store = NULL;
    assert_true(store_open(&store, f->url, &f->err) < 0);
    assert_non_null(strstr(f->err.text, f->path));
    assert_int_equal(rmdir(f->path), 0);
}

static void test_a_newer_format_is_refused(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;

    f->store = store_close(f->store);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_refused(f, -EMEDIUMTYPE, "its format is 2");
}

static void test_a_missing_folder_is_named(void **state)
{
    struct fixture *f = *state;
    struct store *store = NULL;

    assert_int_equal(store_open(&store, "sqlite:/nowhere/at/all.db", &f->err), -ENOENT);
    assert_non_null(strstr(f->err.text, "'/nowhere/at/all.db'"));
}

static void fill(struct fixture *f)
{
    char key[16], text[128];

    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(key, sizeof(key), "key/%u", i);
        memset(text, 'a' + (int)(i % 26), sizeof(text));
        text[sizeof(text) - 1] = '\0';
        must_put(f, key, text);
    }
}

/* A store with all of `fill`, unchanged. */
static bool is_filled(struct fixture *f, struct store *store)
{
    struct store_value *values;
    size_t count;

    if (store_list(store, f->arena, "key/", &values, &count, &f->err) < 0 || count != 40)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *digits = values[i].key + 4, *data = values[i].data;
        uint64_t number;

        if (number_read(digits, strlen(digits), 0, 40, &number) < 0)
            return false;
        for (size_t at = 0; at < 127; at++)
            if (values[i].len != 127 || data[at] != 'a' + (int)(number % 26))
                return false;
    }
    return true;
}

/*
 * Puts the bytes in place and opens them. Either the file is refused, by name, and left as it
 * is; or what was damaged is nothing that counts (a free page, slack), and all is there.
 */
static bool is_refused_or_whole(struct fixture *f, const char *data, size_t len)
{
    struct store *store = NULL;
    bool is_refused = store_open(&store, f->url, &f->err) < 0;

    if (is_refused) {
        assert_non_null(strstr(f->err.text, f->path));
        assert_unchanged(f->path, data, len);
    }
    bool is_right = is_refused || is_filled(f, store);
    store = store_close(store);
    remove_files(f);
    return is_right;
}

static void test_no_flipped_byte_is_taken_for_state(void **state)
{
    struct fixture *f = *state;
    struct random random;
    size_t len;

    fill(f);
    f->store = store_close(f->store);
    SCOPED(scope_free) char *good = read_file(f->path, &len);
    random_init(&random, 20261124);
    for (unsigned round = 0; round < 600; round++) {
        size_t at = round < 100 ? round : random_below(&random, (uint32_t)len);
        char mask = (char)(1u << random_below(&random, 8));

        good[at] ^= mask;
        write_file(f->path, good, len);
        if (!is_refused_or_whole(f, good, len))
            fail_msg("byte %zu, mask %x: opened with other content", at, (unsigned)mask & 0xff);
        good[at] ^= mask;
    }
}

/* The kind of damage that SQLite itself does not see. */
static void test_a_flipped_byte_inside_a_value_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t len;

    must_put(f, "a", "a value that is easy to find");
    f->store = store_close(f->store);
    SCOPED(scope_free) char *data = read_file(f->path, &len);
    char *value = memmem(data, len, "easy", 4);
    assert_non_null(value);
    value[0] = 'E';
    write_file(f->path, data, len);
    assert_refused(f, -EBADMSG, "checksum");
    assert_unchanged(f->path, data, len);
}

static void test_no_cut_file_is_taken_for_state(void **state)
{
    struct fixture *f = *state;
    size_t len;

    fill(f);
    f->store = store_close(f->store);
    SCOPED(scope_free) char *good = read_file(f->path, &len);
    write_file(f->path, good, 0);
    assert_refused(f, -EBADMSG, "it is empty");
    write_file(f->path, good, len / 2);
    assert_refused(f, -EBADMSG, "Put a copy back in its place");
    for (size_t keep = 0; keep < len; keep += keep < 100 ? 33 : 1499) {
        write_file(f->path, good, keep);
        if (!is_refused_or_whole(f, good, keep))
            fail_msg("cut to %zu of %zu bytes: opened with other content", keep, len);
    }
}

static void test_a_log_without_its_file_is_not_taken_for_nothing(void **state)
{
    struct fixture *f = *state;
    char log[128];

    f->store = store_close(f->store);
    assert_int_equal(unlink(f->path), 0);
    (void)snprintf(log, sizeof(log), "%s-wal", f->path);
    write_file(log, "x", 1);
    assert_refused(f, -EBADMSG, "-wal' is");
    assert_unchanged(log, "x", 1);
}

/* In a child, because the limit on file sizes is the process's. */
static int fill_until_full(struct fixture *f)
{
    struct rlimit limit = {.rlim_cur = 300000, .rlim_max = 300000};
    SCOPED(scope_free) char *data = mem_alloc(50000);
    uint64_t revision;
    unsigned written = 0;
    char key[16];
    int r = STORE_OK;

    open_again(f);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    while (r == STORE_OK && written < 100) {
        (void)snprintf(key, sizeof(key), "big/%u", written);
        struct store_write write = {.kind = STORE_PUT, .key = key, .data = data, .len = 50000};
        r = commit_one(f, write, &revision);
        written += r == STORE_OK;
    }
    if (r != -ENOSPC || !strstr(f->err.text, "no space left") || !strstr(f->err.text, f->path))
        return 2;
    if (written < 2 || written == 100 || text_of(f, key) || !text_of(f, "big/1"))
        return 3;
    /* It goes on with what still fits. */
    if (commit_one(f, put_of("small", 0, "fits"), &revision) != STORE_OK)
        return 4;
    return strcmp(text_of(f, "small"), "fits") == 0 ? (int)(100 + written) : 5;
}

static void test_a_full_disk_loses_nothing_and_is_named(void **state)
{
    struct fixture *f = *state;
    struct store_value *values;
    size_t count;
    int status;

    f->store = store_close(f->store);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(fill_until_full(f));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 102, 199);

    open_again(f);
    assert_int_equal(store_list(f->store, f->arena, "big/", &values, &count, &f->err), 0);
    assert_int_equal(count, WEXITSTATUS(status) - 100);
    assert_string_equal(text_of(f, "small"), "fits");
}

static void commit_for_ever(struct fixture *f, int acknowledged)
{
    SCOPED(scope_free) char *data = mem_alloc(3000);
    char key[16];

    open_again(f);
    for (uint32_t i = 0;; i++) {
        uint64_t revision;
        (void)snprintf(key, sizeof(key), "k%u", i % 50);
        memcpy(data, &i, sizeof(i));
        const struct store_write writes[] = {
            {.kind = STORE_PUT, .key = key, .revision = STORE_ANY, .data = data, .len = 3000},
            {.kind = STORE_PUT, .key = "last", .revision = STORE_ANY, .data = &i, .len = 4},
        };

        if (store_commit(f->store, writes, 2, &revision, &f->err) != STORE_OK ||
            write(acknowledged, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

static uint32_t number_of(struct fixture *f, const char *key)
{
    const char *data = text_of(f, key);
    uint32_t number = UINT32_MAX;

    if (data)
        memcpy(&number, data, sizeof(number));
    return number;
}

/* kill -9 at any moment: what was acknowledged is there, and nothing is there by half. */
static void test_every_acknowledged_commit_survives_kill_9(void **state)
{
    struct fixture *f = *state;
    struct random random;

    f->store = store_close(f->store);
    random_init(&random, 20261124);
    for (unsigned round = 0; round < 8; round++) {
        int ends[2];
        uint32_t acknowledged = 0, wanted = 1 + random_below(&random, 120);

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            commit_for_ever(f, ends[1]);
        (void)close(ends[1]);
        while (acknowledged < wanted)
            assert_int_equal(read(ends[0], &acknowledged, 4), 4);
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(ends[0], &acknowledged, 4) == 4)
            ; /* acknowledged before it died */
        (void)close(ends[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);

        char key[16];
        open_again(f);
        uint32_t last = number_of(f, "last");
        assert_in_range(last, acknowledged, acknowledged + 1);
        (void)snprintf(key, sizeof(key), "k%u", last % 50);
        assert_int_equal(number_of(f, key), last);
        f->store = store_close(f->store);
    }
}

#define FOR_EACH_BACKEND(test)                                 \
    {"memory: " #test, test, set_up_memory, tear_down, NULL},  \
    {                                                          \
        "sqlite: " #test, test, set_up_sqlite, tear_down, NULL \
    }
#define FOR_FILES(test) cmocka_unit_test_setup_teardown(test, set_up_sqlite, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOR_EACH_BACKEND(test_what_was_put_is_what_is_got),
        FOR_EACH_BACKEND(test_a_value_may_be_empty_or_hold_any_byte),
        FOR_EACH_BACKEND(test_revisions_grow_with_each_commit_also_over_deletes),
        FOR_EACH_BACKEND(test_only_the_expected_revision_is_overwritten),
        FOR_EACH_BACKEND(test_a_commit_is_all_or_nothing),
        FOR_EACH_BACKEND(test_a_list_is_sorted_and_ends_with_its_prefix),
        FOR_EACH_BACKEND(test_a_key_or_value_beyond_its_limit_is_refused),
        FOR_EACH_BACKEND(test_a_store_agrees_with_a_plain_array),
        cmocka_unit_test(test_an_unknown_url_is_refused),
        FOR_FILES(test_a_closed_file_opens_again_as_it_was),
        FOR_FILES(test_a_large_value_survives),
        FOR_FILES(test_a_second_server_is_refused_by_name_of_the_file),
        FOR_FILES(test_a_file_of_somebody_else_stays_as_it_is),
        FOR_FILES(test_a_newer_format_is_refused),
        FOR_FILES(test_a_missing_folder_is_named),
        FOR_FILES(test_no_flipped_byte_is_taken_for_state),
        FOR_FILES(test_a_flipped_byte_inside_a_value_is_refused),
        FOR_FILES(test_no_cut_file_is_taken_for_state),
        FOR_FILES(test_a_log_without_its_file_is_not_taken_for_nothing),
        FOR_FILES(test_a_full_disk_loses_nothing_and_is_named),
        FOR_FILES(test_every_acknowledged_commit_survives_kill_9),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
