/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in one SQLite file, written ahead to a log and synced at each commit.
 *
 * SQLite notices most damage by itself, but not a flipped bit inside a value. So each entry
 * has a SHA-256 over all of it, and opening reads everything once: a damaged file is refused
 * before anything is decided by it. The revision counter is the entry with the empty key,
 * under the same protection and in the same transaction as what it counts.
 *
 * The lock is SQLite's own (locking_mode EXCLUSIVE): it belongs to the process and goes with
 * it, so that kill -9 leaves nothing to clean up, and the log needs no shared memory.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/scope.h"
#include "store/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x5357414c /* "SWAL", in the file's header: file(1) shows it */
#define FORMAT         1          /* user_version; a newer Seawall may write a higher one */
#define SUM_SIZE       32
#define COUNTER_KEY    ""

/* Long enough for a server that is being replaced to let go, short enough for a person. */
#define BUSY_MS 500

enum statement { SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_GET, SQL_LIST, SQL_PUT, SQL_DELETE };
#define STATEMENTS 7

/* clang-format off */
static const char *const statement_text[STATEMENTS] = {
    [SQL_BEGIN]    = "BEGIN IMMEDIATE",
    [SQL_COMMIT]   = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_GET]      = "SELECT key, revision, sum, data FROM entry WHERE key = ?1",
    [SQL_LIST]     = "SELECT key, revision, sum, data FROM entry WHERE key >= ?1 ORDER BY key",
    [SQL_PUT]      = "REPLACE INTO entry (key, revision, sum, data) VALUES (?1, ?2, ?3, ?4)",
    [SQL_DELETE]   = "DELETE FROM entry WHERE key = ?1",
};
/* clang-format on */

struct sqlite {
    struct store store;
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t revision; /* of the latest commit; nobody else can write */
};

static int refuse_damaged(const struct sqlite *sqlite, const char *found, struct err *err)
{
    return err_set(err, -EBADMSG,
                   "'%s' is damaged: %s. It was left as it is. Put a copy back in its place, "
                   "or move it and '%s-wal' away to start with an empty state",
                   sqlite->path, found, sqlite->path);
}

/*
 * The errno behind a failed write. sqlite3_system_errno() has lost it by the time of the
 * answer (a quota or a file size limit then reads as "disk I/O error" alone); the file that
 * refused, mostly the log, still knows it.
 */
static int write_errno(const struct sqlite *sqlite)
{
    static const int files[] = {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        sqlite3_file *file = NULL;
        int cause = 0;

        (void)sqlite3_file_control(sqlite->db, "main", files[i], &file);
        if (file && file->pMethods)
            (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &cause);
        if (cause)
            return cause;
    }
    return sqlite3_system_errno(sqlite->db);
}

static bool is_out_of_space(int code, int cause)
{
    return code == SQLITE_FULL ||
           (code == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT || cause == EFBIG));
}

/* Describes what SQLite's latest call ran into while it tried to `verb` the file. */
static int fail(const struct sqlite *sqlite, const char *verb, struct err *err)
{
    int code = sqlite3_errcode(sqlite->db) & 0xff;
    int cause = code == SQLITE_IOERR ? write_errno(sqlite) : sqlite3_system_errno(sqlite->db);

    if (is_out_of_space(code, cause))
        return err_set(err, -ENOSPC, "%s '%s': no space left on its disk; nothing was changed",
                       verb, sqlite->path);
    if (code == SQLITE_BUSY)
        return err_set(err, -EBUSY,
                       "%s '%s': another seawall server has it open. Stop that one, or give "
                       "this one a state of its own with --state",
                       verb, sqlite->path);
    if (code == SQLITE_NOTADB)
        return err_set(err, -EBADMSG,
                       "%s '%s': this is not a state file of seawall, or its beginning is "
                       "damaged. It was left as it is. Name another file with --state, or put "
                       "a copy back in its place",
                       verb, sqlite->path);
    if (code == SQLITE_CORRUPT || code == SQLITE_ERROR)
        return refuse_damaged(sqlite, sqlite3_errmsg(sqlite->db), err);
    if (cause && (code == SQLITE_CANTOPEN || code == SQLITE_IOERR)) {
        errno = cause;
        return err_sys(err, "%s '%s'", verb, sqlite->path);
    }
    return err_set(err, -EIO, "%s '%s': %s", verb, sqlite->path, sqlite3_errmsg(sqlite->db));
}

/* Over everything that an entry says, so that no part of it can change unseen. */
static void sum_entry(const char *key, uint64_t revision, const void *data, size_t len,
                      unsigned char sum[SUM_SIZE])
{
    unsigned char number[8];
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    for (unsigned i = 0; i < 8; i++)
        number[i] = (unsigned char)(revision >> (8 * i));
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(context, key, strlen(key) + 1) != 1 ||
        EVP_DigestUpdate(context, number, sizeof(number)) != 1 ||
        EVP_DigestUpdate(context, data, len) != 1 ||
        EVP_DigestFinal_ex(context, sum, NULL) != 1)
        abort(); /* libcrypto without SHA-256 or without memory */
    EVP_MD_CTX_free(context);
}

/* Points `out` at the statement's current row, after checking its sum. */
static int read_row(const struct sqlite *sqlite, sqlite3_stmt *row, struct store_value *out,
                    struct err *err)
{
    unsigned char sum[SUM_SIZE];
    const char *key = (const char *)sqlite3_column_text(row, 0);
    const void *stored = sqlite3_column_blob(row, 2);
    const void *data = sqlite3_column_blob(row, 3);
    struct store_value value = {
        .key = key ? key : "",
        .data = data ? data : "",
        .len = (size_t)sqlite3_column_bytes(row, 3),
        .revision = (uint64_t)sqlite3_column_int64(row, 1),
    };

    sum_entry(value.key, value.revision, value.data, value.len, sum);
    if (sqlite3_column_bytes(row, 2) != SUM_SIZE || memcmp(stored, sum, SUM_SIZE) != 0)
        return refuse_damaged(sqlite, "an entry does not match its checksum", err);
    *out = value;
    return 0;
}

/* A pragma's or a query's single value, copied; "" when there is none. */
static int ask(struct sqlite *sqlite, const char *sql, char *answer, size_t size,
               struct err *err)
{
    sqlite3_stmt *row = NULL;

    if (sqlite3_prepare_v2(sqlite->db, sql, -1, &row, NULL) != SQLITE_OK)
        return fail(sqlite, "open", err);

    int code = sqlite3_step(row);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(row, 0) : NULL;
    (void)snprintf(answer, size, "%s", text ? (const char *)text : "");
    int r = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail(sqlite, "open", err);
    (void)sqlite3_finalize(row);
    return r;
}

static int execute(struct sqlite *sqlite, const char *sql, struct err *err)
{
    if (sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(sqlite, "open", err);
    return 0;
}

static int prepare_all(struct sqlite *sqlite, struct err *err)
{
    for (unsigned i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(sqlite->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &sqlite->statements[i], NULL) != SQLITE_OK)
            return fail(sqlite, "open", err);
    return 0;
}

/* Runs a statement that returns no rows and makes it ready for the next time. */
static int run(struct sqlite *sqlite, enum statement which, struct err *err)
{
    sqlite3_stmt *statement = sqlite->statements[which];
    int r = sqlite3_step(statement) == SQLITE_DONE ? 0 : fail(sqlite, "write", err);

    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return r;
}

static int put(struct sqlite *sqlite, const char *key, uint64_t revision, const void *data,
               size_t len, struct err *err)
{
    sqlite3_stmt *statement = sqlite->statements[SQL_PUT];
    unsigned char sum[SUM_SIZE];

    if (len == 0)
        data = ""; /* SQLite takes a null pointer for NULL, which is no value */
    sum_entry(key, revision, data, len, sum);
    (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)revision);
    (void)sqlite3_bind_blob(statement, 3, sum, SUM_SIZE, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(statement, 4, data, len, SQLITE_STATIC);
    return run(sqlite, SQL_PUT, err);
}

/*
 * Creation. A new file is made complete under another name and then linked to its place, so
 * that what is there is always a whole database and an empty file is always a damaged one.
 */

static struct store *sqlite_close(struct store *store)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    for (unsigned i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(sqlite->statements[i]);
    (void)sqlite3_close(sqlite->db);
    free(sqlite->path);
    free(sqlite);
    return NULL;
}

static void sqlite_closep(struct sqlite **sqlite)
{
    if (*sqlite)
        (void)sqlite_close(&(*sqlite)->store);
}

static struct sqlite *sqlite_new(const char *path)
{
    struct sqlite *sqlite = mem_new(struct sqlite);

    sqlite->store.backend = &store_sqlite;
    sqlite->path = mem_strdup(path);
    return sqlite;
}

static int connect_file(struct sqlite *sqlite, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(sqlite->path, &sqlite->db, flags, NULL) != SQLITE_OK)
        return fail(sqlite, "open", err);
    (void)sqlite3_busy_timeout(sqlite->db, BUSY_MS);
    (void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return execute(sqlite,
                   "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                   "PRAGMA cell_size_check = ON;",
                   err);
}

static int fill_new(const char *path, struct err *err)
{
    SCOPED(sqlite_closep) struct sqlite *sqlite = sqlite_new(path);
    char sql[512];

    (void)snprintf(sql, sizeof(sql),
                   "PRAGMA application_id = %d; PRAGMA user_version = %d;"
                   "CREATE TABLE entry (key TEXT NOT NULL PRIMARY KEY,"
                   " revision INTEGER NOT NULL, sum BLOB NOT NULL, data BLOB NOT NULL) STRICT;",
                   APPLICATION_ID, FORMAT);
    int r = connect_file(sqlite, err);
    if (r == 0)
        r = execute(sqlite, sql, err);
    if (r == 0)
        r = prepare_all(sqlite, err);
    if (r == 0)
        r = put(sqlite, COUNTER_KEY, 0, "", 0, err);
    /* Last, so that nothing of it waits in a log while the file is linked to its place. */
    return r < 0 ? r : execute(sqlite, "PRAGMA journal_mode = WAL", err);
}

static void remove_neighbours(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-journal"};

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        SCOPED(scope_free) char *name = mem_printf("%s%s", path, suffixes[i]);

        (void)unlink(name); /* most are not there */
    }
}

static int create(const char *path, struct err *err)
{
    SCOPED(scope_free) char *neighbour = mem_printf("%s.XXXXXX", path);
    SCOPED(scope_close) int fd = mkostemp(neighbour, O_CLOEXEC); /* 0600 */

    if (fd < 0)
        return err_sys(err, "create '%s'", path);
    int r = fill_new(neighbour, err);
    if (r == 0 && link(neighbour, path) < 0 && errno != EEXIST)
        r = err_sys(err, "create '%s'", path);
    remove_neighbours(neighbour);
    return r < 0 ? r : file_sync_folder(path, err);
}

static int create_if_missing(const char *path, struct err *err)
{
    SCOPED(scope_free) char *log = mem_printf("%s-wal", path);
    struct stat st;

    if (stat(path, &st) == 0 || errno != ENOENT)
        return 0;
    if (stat(log, &st) == 0)
        return err_set(err, -EBADMSG,
                       "open '%s': it is not there, but its log '%s' is. Put the file back, "
                       "or move the log away to start with an empty state",
                       path, log);
    return create(path, err);
}

/* Opening: nothing is written before all of these have accepted the file. */

static int check_is_ours(struct sqlite *sqlite, struct err *err)
{
    char id[16], format[16];
    struct stat st;

    if (stat(sqlite->path, &st) == 0 && st.st_size == 0)
        return refuse_damaged(sqlite, "it is empty", err);
    int r = ask(sqlite, "PRAGMA application_id", id, sizeof(id), err);
    if (r == 0)
        r = ask(sqlite, "PRAGMA user_version", format, sizeof(format), err);
    if (r < 0)
        return r;

    char ours[16];
    (void)snprintf(ours, sizeof(ours), "%d", APPLICATION_ID);
    if (strcmp(id, ours) != 0)
        return err_set(err, -EMEDIUMTYPE,
                       "open '%s': a database of another program. It was left as it is. Name "
                       "another file with --state",
                       sqlite->path);
    (void)snprintf(ours, sizeof(ours), "%d", FORMAT);
    if (strcmp(format, ours) != 0)
        return err_set(err, -EMEDIUMTYPE,
                       "open '%s': its format is %s, this seawall reads format %s. Use the "
                       "version that wrote it",
                       sqlite->path, format, ours);
    return 0;
}

static int check_structure(struct sqlite *sqlite, struct err *err)
{
    char answer[160];
    int r = ask(sqlite, "PRAGMA integrity_check(1)", answer, sizeof(answer), err);

    if (r < 0)
        return r;
    return strcmp(answer, "ok") == 0 ? 0 : refuse_damaged(sqlite, answer, err);
}

/* Reads everything once: sums, and that no revision is newer than the counter. */
static int check_entries(struct sqlite *sqlite, struct err *err)
{
    sqlite3_stmt *rows = sqlite->statements[SQL_LIST];
    bool has_counter = false;
    uint64_t newest = 0;
    int code, r = 0;

    (void)sqlite3_bind_text(rows, 1, COUNTER_KEY, -1, SQLITE_STATIC);
    while (r == 0 && (code = sqlite3_step(rows)) != SQLITE_DONE) {
        struct store_value value;

        r = code == SQLITE_ROW ? read_row(sqlite, rows, &value, err)
                               : fail(sqlite, "read", err);
        if (r < 0)
            break;
        if (value.key[0] == '\0') {
            has_counter = true;
            sqlite->revision = value.revision;
        }
        if (value.revision > newest)
            newest = value.revision;
    }
    (void)sqlite3_reset(rows);
    if (r == 0 && (!has_counter || newest > sqlite->revision))
        r = refuse_damaged(sqlite, "its revision counter is wrong", err);
    return r;
}

static int start_log(struct sqlite *sqlite, struct err *err)
{
    char mode[16];
    int r = ask(sqlite, "PRAGMA journal_mode = WAL", mode, sizeof(mode), err);

    if (r == 0 && strcmp(mode, "wal") != 0)
        r = err_set(err, -EIO, "open '%s': cannot keep a log beside it (journal mode '%s')",
                    sqlite->path, mode);
    /* One large value must not leave a large log behind for ever. */
    return r < 0 ? r : execute(sqlite, "PRAGMA journal_size_limit = 16777216", err);
}

static int make_private(const struct sqlite *sqlite, struct err *err)
{
    struct stat st;

    if (stat(sqlite->path, &st) < 0)
        return err_sys(err, "stat '%s'", sqlite->path);
    if ((st.st_mode & 077) && chmod(sqlite->path, 0600) < 0)
        return err_sys(err, "make '%s' private", sqlite->path);
    return 0;
}

/* SQLite would fall back to reading, and then fail in words that say nothing. */
static int check_is_writable(const struct sqlite *sqlite, struct err *err)
{
    SCOPED(scope_free) char *folder = mem_strdup(sqlite->path);

    *strrchr(folder, '/') = '\0';
    if (access(sqlite->path, R_OK | W_OK) < 0)
        return err_sys(err, "open '%s'", sqlite->path);
    if (access(*folder ? folder : "/", W_OK | X_OK) < 0)
        return err_sys(err, "keep a log beside '%s'", sqlite->path);
    return 0;
}

static int open_existing(struct sqlite *sqlite, struct err *err)
{
    int r = check_is_writable(sqlite, err);

    if (r == 0)
        r = connect_file(sqlite, err);
    if (r < 0)
        return r;
    if (sqlite3_db_readonly(sqlite->db, "main") == 1)
        return err_set(err, -EROFS, "open '%s': it can only be read, not written",
                       sqlite->path);

    /* What is refused must stay as it is: closing must not move its log into the file. */
    (void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int (*const checks[])(struct sqlite *, struct err *) = {check_is_ours, check_structure,
                                                            prepare_all, check_entries};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && r == 0; i++)
        r = checks[i](sqlite, err);
    if (r < 0)
        return r;
    (void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);

    r = make_private(sqlite, err);
    return r < 0 ? r : start_log(sqlite, err);
}

static int sqlite_open(struct store **out, const char *rest, struct err *err)
{
    if (rest[0] == '\0')
        return err_set(err, -EINVAL, "open store 'sqlite:': a path is missing behind it");

    /* "./" keeps SQLite from giving a meaning to names like ":memory:". */
    SCOPED(scope_free) char *path = mem_printf("%s%s", rest[0] == '/' ? "" : "./", rest);
    SCOPED(sqlite_closep) struct sqlite *sqlite = sqlite_new(path);
    int r = create_if_missing(path, err);

    if (r == 0)
        r = open_existing(sqlite, err);
    if (r < 0)
        return r;
    *out = &((struct sqlite *)take_ptr(&sqlite))->store;
    return 0;
}

static int sqlite_get(struct store *store, struct arena *arena, const char *key,
                      struct store_value *out, struct err *err)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    sqlite3_stmt *row = sqlite->statements[SQL_GET];
    struct store_value value;

    if (key[0] == '\0')
        return STORE_NOT_FOUND; /* the counter is not an entry of the user */
    (void)sqlite3_bind_text(row, 1, key, -1, SQLITE_STATIC);
    int code = sqlite3_step(row);
    int r = code == SQLITE_DONE  ? STORE_NOT_FOUND
            : code == SQLITE_ROW ? read_row(sqlite, row, &value, err)
                                 : fail(sqlite, "read", err);
    if (r == STORE_OK)
        *out = store_value_copy(arena, value.key, value.data, value.len, value.revision);
    (void)sqlite3_reset(row);
    (void)sqlite3_clear_bindings(row);
    return r;
}

static int sqlite_list(struct store *store, struct arena *arena, const char *prefix,
                       struct store_value **out, size_t *count, struct err *err)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    sqlite3_stmt *rows = sqlite->statements[SQL_LIST];
    size_t prefix_len = strlen(prefix), found = 0, capacity = 0;
    struct store_value *values = NULL;
    int code, r = STORE_OK;

    (void)sqlite3_bind_text(rows, 1, prefix, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct store_value value;

        r = read_row(sqlite, rows, &value, err);
        if (r < 0 || strncmp(value.key, prefix, prefix_len) != 0)
            break;
        if (value.key[0] == '\0')
            continue;
        values = arena_grow(arena, values, found, &capacity, sizeof(*values));
        values[found++] =
            store_value_copy(arena, value.key, value.data, value.len, value.revision);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        r = fail(sqlite, "read", err);
    (void)sqlite3_reset(rows);
    (void)sqlite3_clear_bindings(rows);
    if (r < 0)
        return r;
    *out = values;
    *count = found;
    return STORE_OK;
}

/* Inside a transaction. STORE_OK or STORE_CONFLICT. */
static int check_expected(struct sqlite *sqlite, const struct store_write *write,
                          struct err *err)
{
    sqlite3_stmt *row = sqlite->statements[SQL_GET];

    if (write->revision == STORE_ANY)
        return STORE_OK;
    (void)sqlite3_bind_text(row, 1, write->key, -1, SQLITE_STATIC);
    int code = sqlite3_step(row);
    uint64_t found = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(row, 1) : 0;
    int r = code == SQLITE_ROW || code == SQLITE_DONE ? STORE_OK : fail(sqlite, "read", err);
    (void)sqlite3_reset(row);
    (void)sqlite3_clear_bindings(row);
    return r == STORE_OK && found != write->revision ? STORE_CONFLICT : r;
}

static int write_all(struct sqlite *sqlite, const struct store_write *writes, size_t count,
                     uint64_t revision, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_write *write = &writes[i];
        int r = check_expected(sqlite, write, err);

        if (r == STORE_OK && write->kind == STORE_PUT) {
            r = put(sqlite, write->key, revision, write->data, write->len, err);
        } else if (r == STORE_OK) {
            (void)sqlite3_bind_text(sqlite->statements[SQL_DELETE], 1, write->key, -1,
                                    SQLITE_STATIC);
            r = run(sqlite, SQL_DELETE, err);
        }
        if (r != STORE_OK)
            return r;
    }
    return put(sqlite, COUNTER_KEY, revision, "", 0, err);
}

static int sqlite_commit(struct store *store, const struct store_write *writes, size_t count,
                         uint64_t *revision, struct err *err)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    uint64_t next = sqlite->revision + 1;
    int r = run(sqlite, SQL_BEGIN, err);

    if (r == STORE_OK)
        r = write_all(sqlite, writes, count, next, err);
    if (r == STORE_OK)
        r = run(sqlite, SQL_COMMIT, err);
    if (r != STORE_OK) {
        struct err ignored; /* the first failure is the one to tell */

        if (!sqlite3_get_autocommit(sqlite->db))
            (void)run(sqlite, SQL_ROLLBACK, &ignored);
        return r;
    }
    sqlite->revision = next;
    *revision = next;
    return STORE_OK;
}

const struct store_backend store_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .get = sqlite_get,
    .list = sqlite_list,
    .commit = sqlite_commit,
};
