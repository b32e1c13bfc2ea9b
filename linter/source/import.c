/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "linter/arena.h"
#include "linter/source/parse.h"
#include "linter/source/source.h"

enum { TOOL_SECONDS = 300 };

static const struct {
	const char *program, *name;
} tools[] = {
	[IMPORT_SPARSE] = { "sparse", "sparse" },
	[IMPORT_SMATCH] = { "smatch", "smatch" },
	[IMPORT_COCCINELLE] = { "spatch", "coccinelle" },
};

void imports_destroy(struct imports *imports)
{
	if (imports) {
		free(imports->items);
		free(imports->failures);
	}
	free(imports);
}

bool import_has(const struct source_model *model, enum import_tool tool)
{
	return model->imports->asked[tool] ? !model->imports->missing[tool]
					   : process_found(tools[tool].program);
}

static struct error *add(const struct source_model *model, enum import_tool tool,
			 const char *directory, const char *file, uint32_t line,
			 uint32_t column, const char *text, size_t length)
{
	struct imports *imports = model->imports;
	_free_ char *path = NULL, *copy = strndup(text, length);
	uint32_t index = UINT32_MAX;
	struct error *error;

	if (*file == '/')
		path = strdup(file);
	else if (asprintf(&path, "%s/%s", directory ? directory : model->root, file) < 0)
		path = NULL;
	if (!path || !copy)
		return error_nomem();
	error = model_find_file(model, path, &index);
	if (error || index == UINT32_MAX)
		return error;
	if (!array_grow(imports->items, imports->count, imports->capacity))
		return error_nomem();
	imports->items[imports->count++] = (struct import_message){
		tool, arena_intern(model->arena, copy), index, line, column, NULL
	};
	return NULL;
}

static struct error *read_lines(const struct source_model *model, enum import_tool tool,
				const char *directory, const struct strbuf *output)
{
	const char *at = strbuf_string(output), *end = at + output->length;
	struct error *error = NULL;

	while (!error && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *text;
		size_t length = (size_t)((stop ? stop : end) - at);
		uint32_t line, column;
		char file[1024];

		if (import_parse_line(at, length, file, sizeof(file), &line, &column,
				      &text))
			error = add(model, tool, directory, file, line, column, text,
				    (size_t)(at + length - text));
		at = stop ? stop + 1 : end;
	}
	return error;
}

/* What a tool did not come to the end of is not clean. */
static struct error *note_failure(const struct source_model *model, enum import_tool tool,
				  const char *path, const struct process_result *result)
{
	struct imports *imports = model->imports;
	const char *output = strbuf_string(&result->output);
	const char *why = NULL;

	if (result->timed_out)
		why = "took too long";
	else if (result->status >= 126)
		why = "crashed";
	else if (result->cut)
		why = "said more than is read";
	else if (strstr(output, "error: unable to open"))
		why = "did not find a header";
	if (!why)
		return NULL;
	if (!array_grow(imports->failures, imports->failure_count,
			imports->failure_capacity))
		return error_nomem();
	imports->failures[imports->failure_count++] =
		(struct import_failure){ tool, path, why };
	return NULL;
}

/* sparse and smatch take a unit with its own flags. */
static struct error *run_unit(const struct source_model *model, enum import_tool tool,
			      const struct unit *unit)
{
	size_t count = 0, n = 0;
	_free_ const char **argv = NULL;
	struct process_options options = {
		.folder = unit->directory,
		.timeout_ns = TOOL_SECONDS * 1000000000ULL,
		.keep_stderr = true,
	};
	struct process_result result = { 0 };
	struct error *error;

	while (unit->arguments[count])
		count++;
	argv = calloc(count + 8, sizeof(*argv));
	if (!argv)
		return error_nomem();
	argv[n++] = tools[tool].program;
	if (tool == IMPORT_SMATCH)
		argv[n++] = "-p=kernel";
	argv[n++] = "-Wno-unknown-attribute";
	argv[n++] = "-D__linux__";
	for (size_t i = 0; i < count; i++)
		argv[n++] = unit->arguments[i];
	argv[n++] = unit->file;
	error = process_run(argv, &options, &result);
	if (!error)
		error = read_lines(model, tool, unit->directory, &result.output);
	if (!error)
		error = note_failure(model, tool, unit->path, &result);
	strbuf_deinit(&result.output);
	return error;
}

static struct error *run_units(const struct source_model *model, enum import_tool tool)
{
	struct error *error = NULL;

	model_for_each_unit(model, unit)
	{
		if (!error && unit->primary && !unit->cplusplus)
			error = run_unit(model, tool, unit);
	}
	return error;
}

/* One of bookend's own scripts over all files at once; its marks come as a diff. */
static struct error *run_script(const struct source_model *model, const char *folder,
				const char *id)
{
	_free_ char *script = NULL;
	_free_ const char **argv = calloc(model->unit_count + 8, sizeof(*argv));
	struct process_options options = { .timeout_ns = TOOL_SECONDS * 1000000000ULL };
	struct process_result result = { 0 };
	struct import_diff diff = { 0 };
	struct error *error = NULL;
	uint32_t line;
	size_t n = 0;

	if (!argv || asprintf(&script, "%s/%s.cocci", folder, id) < 0)
		return script = NULL, error_nomem();
	argv[n++] = "spatch";
	argv[n++] = "--very-quiet";
	argv[n++] = "--no-includes";
	argv[n++] = "--sp-file";
	argv[n++] = script;
	model_for_each_unit(model, unit)
	{
		if (unit->primary && !unit->cplusplus)
			argv[n++] = unit->file;
	}
	if (n == 5)
		return NULL;
	error = process_run(argv, &options, &result);
	if (!error)
		error = note_failure(model, IMPORT_COCCINELLE, id, &result);
	diff.at = strbuf_string(&result.output);
	diff.end = diff.at + result.output.length;
	while (!error && import_parse_diff(&diff, &line))
		error = add(model, IMPORT_COCCINELLE, NULL, diff.file, line, 0, id,
			    strlen(id));
	strbuf_deinit(&result.output);
	return error;
}

static struct error *run_scripts(const struct source_model *model)
{
	static const char *const ids[] = { "SRC009", "SRC012" };
	_free_ char *folder = NULL;
	struct error *error = file_data_folder("rules/coccinelle", &folder);

	for (size_t i = 0; !error && i < ARRAY_LENGTH(ids); i++)
		error = run_script(model, folder, ids[i]);
	return error;
}

struct error *import_run(const struct source_model *model, enum import_tool tool)
{
	struct imports *imports = model->imports;

	if (imports->asked[tool])
		return NULL;
	imports->asked[tool] = true;
	imports->missing[tool] = !process_found(tools[tool].program);
	if (imports->missing[tool])
		return NULL;
	return tool == IMPORT_COCCINELLE ? run_scripts(model) : run_units(model, tool);
}

static bool holds_any(const char *text, const char *const *texts)
{
	for (; *texts; texts++)
		if (strstr(text, *texts))
			return true;
	return false;
}

/* Whether the rule that runs told of this line already, from whatever tool. */
static bool is_told(const struct linter *linter, const struct imports *imports,
		    size_t which)
{
	const struct import_message *m = &imports->items[which];

	for (size_t i = 0; i < imports->count; i++) {
		const struct import_message *other = &imports->items[i];

		if (other->told_by && other->told_by == linter->running &&
		    other->file == m->file && other->line == m->line)
			return true;
	}
	return false;
}

static struct error *tell_failures(struct linter *linter, const struct imports *imports,
				   enum import_tool tool)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < imports->failure_count; i++)
		if (imports->failures[i].tool == tool)
			error = linter_not_checked(linter, true,
						   linter->running->check->id,
						   imports->failures[i].path, "%s %s",
						   tools[tool].name,
						   imports->failures[i].why);
	return error;
}

struct error *import_emit(struct linter *linter, const struct subject *subject,
			  enum import_tool tool, const char *const *texts,
			  const char *hint)
{
	const struct source_model *model = subject_source(subject);
	struct imports *imports = model->imports;
	struct error *error = import_run(model, tool);

	if (!error)
		error = tell_failures(linter, imports, tool);

	for (size_t i = 0; !error && i < imports->count; i++) {
		const struct import_message *m = &imports->items[i];

		if (m->tool != tool || !holds_any(m->text, texts) ||
		    is_told(linter, imports, i))
			continue;
		imports->items[i].told_by = linter->running;
		error = source_emit(linter, subject, &model->files[m->file], m->line,
				    m->column, NULL, hint, "%s: %s", tools[tool].name,
				    tool == IMPORT_COCCINELLE ? hint : m->text);
	}
	return error;
}
