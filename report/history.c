/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "report/report.h"

enum {
	APPLICATION = 0x626b6864, /* "bkhd" */
	VERSION = 1,
	PATIENCE_MS = 30000, /* for others that record */
	RUNS = 30,
};

static const char schema[] =
	"CREATE TABLE run(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, tool TEXT NOT NULL,"
	" subject TEXT NOT NULL, label TEXT, verdict TEXT NOT NULL, errors INTEGER NOT "
	"NULL, warnings INTEGER NOT NULL);"
	"CREATE INDEX run_subject ON run(tool, subject, at, id);"
	"CREATE TABLE measurement(run INTEGER NOT NULL REFERENCES run(id), name TEXT NOT "
	"NULL, unit TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY(run, name)) WITHOUT "
	"ROWID;"
	"CREATE TABLE rule(run INTEGER NOT NULL REFERENCES run(id), name TEXT NOT NULL, "
	"findings INTEGER NOT NULL, PRIMARY KEY(run, name)) WITHOUT ROWID;";

struct history {
	sqlite3 *db;
	char *path;
};

static void statement_finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

#define _statement_ __attribute__((cleanup(statement_finalize)))

/* SQLite's errors become ours here. */
static struct error *translate(const struct history *h, const char *what)
{
	int code = sqlite3_errcode(h->db);

	if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
		return error_new(ERROR_INPUT,
				 "history %s: it is no database, or damaged: %s", h->path,
				 sqlite3_errmsg(h->db));
	if (code == SQLITE_BUSY)
		return error_new(
			ERROR_SYSTEM,
			"history %s: somebody else has been writing to it for %d s",
			h->path, PATIENCE_MS / 1000);
	return error_new(ERROR_SYSTEM, "history %s: cannot %s: %s", h->path, what,
			 sqlite3_errmsg(h->db));
}

static struct error *execute(const struct history *h, const char *sql, const char *what)
{
	return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? NULL
		       : translate(h, what);
}

static struct error *prepare(const struct history *h, const char *sql, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(h->db, sql, -1, ret, NULL) == SQLITE_OK
		       ? NULL
		       : translate(h, "read it");
}

static struct error *read_number(const struct history *h, const char *sql, int64_t *ret)
{
	_statement_ sqlite3_stmt *statement = NULL;
	struct error *error = prepare(h, sql, &statement);

	if (error)
		return error;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return translate(h, "read it");
	*ret = sqlite3_column_int64(statement, 0);
	return NULL;
}

static struct error *check(const struct history *h, int64_t application, int64_t version)
{
	if (application != APPLICATION)
		return error_new(ERROR_INPUT,
				 "history %s: it is a database of something else",
				 h->path);
	if (version > VERSION)
		return error_new(
			ERROR_INPUT,
			"history %s: it was made by a newer bookend (schema %lld, "
			"%d is known here)",
			h->path, (long long)version, VERSION);
	return NULL;
}

/* An empty file becomes a history; who comes second finds it made. */
static struct error *make(const struct history *h)
{
	int64_t application = 0, tables = 0;
	char marks[96];
	struct error *error = execute(h, "BEGIN IMMEDIATE", "write to it");

	if (!error)
		error = read_number(h, "PRAGMA application_id", &application);
	if (!error)
		error = read_number(h, "SELECT count(*) FROM sqlite_master", &tables);
	if (!error && !application && !tables) {
		snprintf(marks, sizeof(marks),
			 "PRAGMA application_id = %d; PRAGMA user_version = %d",
			 APPLICATION, VERSION);
		error = execute(h, schema, "make its tables");
		if (!error)
			error = execute(h, marks, "mark it");
	}
	if (error) {
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
		return error;
	}
	return execute(h, "COMMIT", "write to it");
}

struct error *history_open(const char *path, bool record, struct history **ret)
{
	_cleanup_(history_close) struct history *h = calloc(1, sizeof(*h));
	int flags = record ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			   : SQLITE_OPEN_READONLY;
	int64_t application = 0, version = 0;
	struct error *error = NULL;

	if (!h)
		return error_nomem();
	h->path = strdup(path);
	if (!h->path)
		return error_nomem();
	if (!record && access(path, R_OK))
		return error_new(
			ERROR_USAGE,
			"there is no history %s: record runs with --history FILE", path);
	if (sqlite3_open_v2(path, &h->db, flags, NULL) != SQLITE_OK)
		return h->db ? translate(h, "open it") : error_nomem();
	sqlite3_busy_timeout(h->db, PATIENCE_MS);
	if (record)
		error = make(h);
	if (!error)
		error = read_number(h, "PRAGMA application_id", &application);
	if (!error)
		error = read_number(h, "PRAGMA user_version", &version);
	if (!error)
		error = check(h, application, version);
	if (error)
		return error;
	*ret = take(h);
	return NULL;
}

void history_close(struct history *history)
{
	if (!history)
		return;
	sqlite3_close(history->db);
	free(history->path);
	free(history);
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static struct error *finish(const struct history *h, sqlite3_stmt *statement)
{
	return sqlite3_step(statement) == SQLITE_DONE ? NULL
						      : translate(h, "write to it");
}

static struct error *add_run(const struct history *h, const struct report *report,
			     const char *label, int64_t at, int64_t *ret)
{
	_statement_ sqlite3_stmt *s = NULL;
	struct error *error = prepare(
		h,
		"INSERT INTO run(at, tool, subject, label, verdict, errors, warnings)"
		" VALUES(?, ?, ?, ?, ?, ?, ?)",
		&s);

	if (error)
		return error;
	sqlite3_bind_int64(s, 1, at);
	bind_text(s, 2, report->tool);
	bind_text(s, 3, report->subject ? report->subject : "");
	bind_text(s, 4, label);
	bind_text(s, 5, verdict_name(report_verdict(report)));
	sqlite3_bind_int64(s, 6, (int64_t)report_count(report, LEVEL_ERROR));
	sqlite3_bind_int64(s, 7, (int64_t)report_count(report, LEVEL_WARNING));
	error = finish(h, s);
	*ret = sqlite3_last_insert_rowid(h->db);
	return error;
}

static struct error *add_value(const struct history *h, int64_t run, const char *name,
			       const char *unit, double value)
{
	_statement_ sqlite3_stmt *s = NULL;
	struct error *error =
		prepare(h,
			"INSERT OR REPLACE INTO measurement(run, name, unit, "
			"value) VALUES(?, ?, ?, ?)",
			&s);

	if (error)
		return error;
	sqlite3_bind_int64(s, 1, run);
	bind_text(s, 2, name);
	bind_text(s, 3, unit ? unit : "1");
	sqlite3_bind_double(s, 4, value);
	return finish(h, s);
}

/* Rates and latencies, which the report keeps with the cycle. */
static struct error *add_cycle(const struct history *h, int64_t id, const struct run *run)
{
	_free_ char *rate = NULL;
	struct error *error;

	if (asprintf(&rate, "%s: rate", run->cycle) < 0)
		return rate = NULL, error_nomem();
	error = add_value(h, id, rate, "1/s", run->rate_kept);
	for (size_t i = 0; !error && i < run->latency_count; i++) {
		_free_ char *name = NULL;

		if (asprintf(&name, "%s: %s p99", run->cycle, run->latency[i].step) < 0)
			return name = NULL, error_nomem();
		error = add_value(h, id, name, "ns", (double)run->latency[i].p99);
	}
	return error;
}

static struct error *add_rules(const struct history *h, int64_t id,
			       const struct report *report)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < report->findings_count; i++) {
		_statement_ sqlite3_stmt *s = NULL;

		error = prepare(
			h,
			"INSERT INTO rule(run, name, findings) VALUES(?, ?, 1) ON "
			"CONFLICT DO UPDATE SET findings = findings + 1",
			&s);
		if (error)
			return error;
		sqlite3_bind_int64(s, 1, id);
		bind_text(s, 2, report->findings[i].rule);
		error = finish(h, s);
	}
	return error;
}

struct error *history_add(struct history *h, const struct report *report,
			  const char *label, int64_t at)
{
	int64_t id = 0;
	struct error *error = execute(h, "BEGIN IMMEDIATE", "write to it");

	if (error)
		return error;
	error = add_run(h, report, label, at, &id);
	for (size_t i = 0; !error && i < report->measurements_count; i++) {
		const struct measurement *m = &report->measurements[i];

		error = add_value(h, id, m->name, m->unit, m->value);
	}
	for (size_t i = 0; !error && i < report->runs_count; i++)
		error = add_cycle(h, id, &report->runs[i]);
	if (!error)
		error = add_rules(h, id, report);
	if (error) {
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
		return error;
	}
	return execute(h, "COMMIT", "write to it");
}

/* The runs of one subject that are read, from old to new. */
struct window {
	int64_t *ids;
	size_t count;
};

static const char *text_at(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static json_t *run_json(sqlite3_stmt *s)
{
	time_t at = (time_t)sqlite3_column_int64(s, 1);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:s*, s:s, s:I, s:I}", "at", text, "label", text_at(s, 2),
			 "verdict", text_at(s, 3), "errors",
			 (json_int_t)sqlite3_column_int64(s, 4), "warnings",
			 (json_int_t)sqlite3_column_int64(s, 5));
}

static struct error *read_runs(const struct history *h, const char *tool,
			       const char *subject, uint64_t last, struct window *window,
			       json_t *runs)
{
	_statement_ sqlite3_stmt *s = NULL;
	struct error *error = prepare(
		h,
		"SELECT * FROM (SELECT id, at, label, verdict, errors, warnings FROM run "
		"WHERE tool = ? AND subject = ? ORDER BY at DESC, id DESC LIMIT ?) ORDER BY "
		"at, id",
		&s);
	int code;

	if (error)
		return error;
	bind_text(s, 1, tool);
	bind_text(s, 2, subject);
	sqlite3_bind_int64(s, 3, (int64_t)last);
	while ((code = sqlite3_step(s)) == SQLITE_ROW && window->count < last) {
		window->ids[window->count++] = sqlite3_column_int64(s, 0);
		if (json_array_append_new(runs, run_json(s)))
			return error_nomem();
	}
	return code == SQLITE_ROW || code == SQLITE_DONE ? NULL : translate(h, "read it");
}

static json_t *row_named(json_t *rows, const char *key, const char *name,
			 const char *unit, size_t count)
{
	json_t *row, *values;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!strcmp(json_string_value(json_object_get(row, key)), name))
			return row;
	}
	values = json_array();
	for (i = 0; values && i < count; i++)
		json_array_append_new(values, json_null());
	row = json_pack("{s:s, s:s*, s:o}", key, name, "unit", unit, "values", values);
	return json_array_append_new(rows, row) ? NULL : row;
}

/* Rows by name, a value for each run of the window. */
static struct error *read_values(const struct history *h, const char *sql,
				 const char *key, const struct window *window,
				 json_t *rows)
{
	_statement_ sqlite3_stmt *s = NULL;
	struct error *error = prepare(h, sql, &s);

	for (size_t i = 0; !error && i < window->count; i++) {
		int code;

		sqlite3_reset(s);
		sqlite3_bind_int64(s, 1, window->ids[i]);
		while ((code = sqlite3_step(s)) == SQLITE_ROW) {
			json_t *row = row_named(rows, key, text_at(s, 0), text_at(s, 1),
						window->count);
			double value = sqlite3_column_double(s, 2);

			if (!row)
				return error_nomem();
			json_array_set_new(json_object_get(row, "values"), i,
					   value == (double)(json_int_t)value
						   ? json_integer((json_int_t)value)
						   : json_real(value));
		}
		if (code != SQLITE_DONE)
			error = translate(h, "read it");
	}
	return error;
}

static struct error *read_subject(const struct history *h, const char *tool,
				  const char *subject, uint64_t last, json_t *all)
{
	json_t *runs = json_array(), *measurements = json_array(), *rules = json_array();
	_free_ int64_t *ids = calloc(last, sizeof(*ids));
	struct window window = { ids, 0 };
	struct error *error = ids ? NULL : error_nomem();

	if (!error)
		error = read_runs(h, tool, subject, last, &window, runs);
	if (!error)
		error = read_values(
			h, "SELECT name, unit, value FROM measurement WHERE run = ?",
			"name", &window, measurements);
	if (!error)
		error = read_values(h,
				    "SELECT name, NULL, findings FROM rule WHERE run = ?",
				    "rule", &window, rules);
	if (json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o, s:o}", "tool",
						 tool, "subject", subject, "runs", runs,
						 "measurements", measurements, "rules",
						 rules)) &&
	    !error)
		error = error_nomem();
	return error;
}

struct error *history_read(struct history *h, const struct history_query *query,
			   json_t **ret)
{
	_statement_ sqlite3_stmt *s = NULL;
	uint64_t last = query->last ? query->last : RUNS;
	json_t *all = json_array();
	struct error *error =
		prepare(h,
			"SELECT DISTINCT tool, subject FROM run WHERE (?1 IS "
			"NULL OR tool = ?1) AND (?2 IS NULL OR subject = ?2) "
			"ORDER BY tool, subject",
			&s);
	int code = SQLITE_DONE;

	if (!error && query->tool)
		bind_text(s, 1, query->tool);
	if (!error && query->subject)
		bind_text(s, 2, query->subject);
	while (!error && (code = sqlite3_step(s)) == SQLITE_ROW)
		error = read_subject(h, text_at(s, 0), text_at(s, 1), last, all);
	if (!error && code != SQLITE_DONE)
		error = translate(h, "read it");
	if (!error && !all)
		error = error_nomem();
	if (error) {
		json_decref(all);
		return error;
	}
	*ret = all;
	return NULL;
}
