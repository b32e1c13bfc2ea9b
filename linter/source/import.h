/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other checkers say of the driver's files. They follow data through functions,
 * which libclang's interface does not; their output is read, not imitated.
 */
#pragma once

#include "linter/linter.h"
#include "linter/source/model.h"

enum import_tool { IMPORT_SPARSE, IMPORT_SMATCH, IMPORT_COCCINELLE, IMPORT_TOOLS };

struct import_message {
	enum import_tool tool;
	const char *text; /* for coccinelle: the name of its script, "SRC009" */
	uint32_t file, line, column;
	const void *told_by; /* the check that emitted it, or NULL */
};

/* A unit (or script) that a tool did not come to the end of. */
struct import_failure {
	enum import_tool tool;
	const char *path, *why;
};

struct imports {
	bool asked[IMPORT_TOOLS];   /* already run */
	bool missing[IMPORT_TOOLS]; /* not installed */
	struct import_message *items;
	size_t count, capacity;
	struct import_failure *failures;
	size_t failure_count, failure_capacity;
};

void imports_destroy(struct imports *imports);

/* Runs the tool over the units, once for each model. */
struct error *import_run(const struct source_model *model, enum import_tool tool);

/*
 * Emits, for the running rule, each message of @tool that holds one of @texts (NULL at
 * the end); says "not checked" when the tool is not installed.
 */
struct error *import_emit(struct linter *linter, const struct subject *subject,
			  enum import_tool tool, const char *const *texts,
			  const char *hint);

/* Whether the tool is installed. */
bool import_has(const struct source_model *model, enum import_tool tool);

/* "file:line[:column]: text" of a checker: false when it is no such line. */
bool import_parse_line(const char *line, size_t length, char *file, size_t size,
		       uint32_t *number, uint32_t *column, const char **text);

/*
 * The next line that a unified diff takes away, from @at: false at its end. Fills the
 * file that the diff is of and the line's number there.
 */
struct import_diff {
	const char *at, *end;
	char file[1024];
	uint32_t line;
	bool in_hunk;
};
bool import_parse_diff(struct import_diff *diff, uint32_t *ret);
