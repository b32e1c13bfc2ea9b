/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/parse.h"

#include <clang-c/Index.h>
#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "linter/arena.h"
#include "linter/libclang.h"
#include "linter/source/cursor.h"
#include "linter/source/import.h"
#include "linter/source/paths.h"
#include "readers/bundle.h"

enum { STACK_SIZE = 32 << 20 };

static bool below(const char *root, const char *path)
{
	size_t length = strlen(root);

	while (length > 1 && root[length - 1] == '/')
		length--;
	return !strncmp(root, path, length) && path[length] == '/';
}

struct error *model_file(struct source_model *model, const char *disk,
			 const struct member *member, uint32_t *ret)
{
	_free_ char *tidy = strdup(disk);
	struct source_file *file;

	if (!tidy)
		return error_nomem();
	path_tidy(tidy);
	*ret = UINT32_MAX;
	if (!below(model->root, tidy))
		return NULL;
	for (size_t i = 0; i < model->file_count; i++)
		if (!strcmp(model->files[i].disk, tidy)) {
			*ret = (uint32_t)i;
			return NULL;
		}
	if (!array_grow(model->files, model->file_count, model->file_capacity))
		return error_nomem();
	file = &model->files[model->file_count];
	*file = (struct source_file){ .disk = arena_string(model->arena, tidy),
				      .member = member };
	file->path = member ? arena_string(model->arena, member->name) : file->disk;
	if (!file->disk || !file->path)
		return error_nomem();
	*ret = (uint32_t)model->file_count++;
	return NULL;
}

struct error *model_find_file(const struct source_model *model, const char *disk,
			      uint32_t *ret)
{
	_free_ char *tidy = strdup(disk);

	if (!tidy)
		return error_nomem();
	path_tidy(tidy);
	*ret = UINT32_MAX;
	for (size_t i = 0; i < model->file_count; i++)
		if (!strcmp(model->files[i].disk, tidy))
			*ret = (uint32_t)i;
	return NULL;
}

void source_model_deinit(struct source_model *model)
{
	imports_destroy(model->imports);
	for (size_t i = 0; i < model->unit_count; i++) {
		free(model->units[i].nodes);
		free(model->units[i].diagnostics);
		arena_destroy(model->units[i].arena);
	}
	for (size_t i = 0; i < model->file_count; i++)
		lexed_deinit(&model->files[i].lexed);
	free(model->units);
	free(model->files);
	arena_destroy(model->arena);
	*model = (struct source_model){ 0 };
}

/* What all workers share. */
struct work {
	struct source_model *model;
	const struct parse_request *requests;
	size_t count, next, first;
	struct error *error; /* the first */
	pthread_mutex_t lock;
};

static const char *const failed_texts[] = {
	[CXError_Failure] = "the compiler could not be started",
	[CXError_Crashed] = "the compiler crashed on it",
	[CXError_InvalidArguments] = "the compiler was called wrongly",
	[CXError_ASTReadError] = "the compiler could not read what it wrote",
};

/* An owned array of arguments; its strings are @arena's or the request's. */
static struct error *arguments(const struct parse_request *request, struct arena *arena,
			       const char ***ret, size_t *count)
{
	/* not -w: that keeps quiet about what -Werror= makes an error too */
	static const char *const fixed[] = { "-Wno-everything", "-ferror-limit=500",
					     "-Werror=implicit-function-declaration",
					     "-Werror=implicit-int" };
	/* kbuild's own, as gcc means it; C++ has it anyway */
	static const char *const strict[] = {
		"-Werror=incompatible-pointer-types",
		"-Wno-incompatible-pointer-types-discards-qualifiers"
	};
	const struct unit_command *command = request->command;
	size_t n = command->count + ARRAY_LENGTH(fixed) + ARRAY_LENGTH(strict);
	_free_ const char **list = NULL;
	struct error *error;

	for (size_t i = 0; request->extra && request->extra[i]; i++)
		n++;
	list = calloc(n, sizeof(*list));
	if (!list)
		return error_nomem();
	n = command->count;
	error = paths_settle(arena, request->directory,
			     (const char *const *)command->arguments, n, list);
	if (error)
		return error;
	for (size_t i = 0; request->extra && request->extra[i]; i++)
		list[n++] = request->extra[i];
	for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++)
		/* C++ has no implicit functions to promote */
		if (!command->cplusplus || i < 2)
			list[n++] = fixed[i];
	for (size_t i = 0; request->target && i < ARRAY_LENGTH(strict); i++)
		list[n++] = strict[i];
	*count = n;
	*ret = list;
	list = NULL;
	return NULL;
}

/* What the unit's own checkers get: all but what only clang knows. */
static struct error *keep_arguments(const struct parse_request *request,
				    struct unit *unit)
{
	size_t n = request->command->count, extra = 0;
	const char **list;

	while (request->extra && request->extra[extra])
		extra++;
	list = arena_alloc(unit->arena, (n + extra + 1) * sizeof(*list));
	if (!list)
		return error_nomem();
	memcpy(list, request->command->arguments, n * sizeof(*list));
	for (size_t i = 0; i < extra; i++)
		list[n + i] = request->extra[i];
	unit->arguments = list;
	return NULL;
}

static bool defines_debug(const struct unit_command *command)
{
	for (size_t i = 0; i < command->count; i++) {
		const char *argument = command->arguments[i];

		if (strncmp(argument, "-D", 2))
			continue;
		argument += 2;
		if (name_means_debug(argument, strcspn(argument, "=")) &&
		    !strstr(argument, "KBUILD") && !strstr(argument, "=0"))
			return true;
	}
	return false;
}

static struct error *parse_one(struct work *work, CXIndex index,
			       const struct parse_request *request, struct unit *unit)
{
	size_t count = 0;
	_free_ const char **list = NULL;
	CXTranslationUnit tu = NULL;
	enum CXErrorCode code;
	struct error *error;

	unit->cplusplus = request->command->cplusplus;
	unit->defines_debug = defines_debug(request->command);
	unit->target = request->target;
	unit->directory = request->directory;
	unit->primary = request->primary;
	unit->status = UNIT_FAILED;
	error = arena_create(&unit->arena);
	if (error)
		return error;
	unit->file = arena_string(unit->arena, request->file);
	unit->path = arena_string(unit->arena, request->path);
	error = keep_arguments(request, unit);
	if (error)
		return error;
	error = arguments(request, unit->arena, &list, &count);
	if (error)
		return error;
	if (!unit->file || !unit->path)
		return error_nomem();
	code = clang_parseTranslationUnit2(index, request->file, list, (int)count, NULL,
					   0, CXTranslationUnit_KeepGoing, &tu);
	if (code != CXError_Success) {
		unit->reason = failed_texts[code];
		return NULL;
	}
	error = cursor_copy(tu, work->model, &work->lock, unit);
	clang_disposeTranslationUnit(tu);
	return error;
}

static void *worker(void *data)
{
	struct work *work = data;
	CXIndex index = clang_createIndex(0, 0);

	for (;;) {
		struct error *error;
		size_t i;

		pthread_mutex_lock(&work->lock);
		i = work->error ? work->count : work->next++;
		pthread_mutex_unlock(&work->lock);
		if (i >= work->count)
			break;
		error = parse_one(work, index, &work->requests[i],
				  &work->model->units[work->first + i]);
		if (!error)
			continue;
		pthread_mutex_lock(&work->lock);
		if (work->error)
			error_destroy(error);
		else
			work->error = error;
		pthread_mutex_unlock(&work->lock);
	}
	clang_disposeIndex(index);
	return NULL;
}

static void run_workers(struct work *work, unsigned int threads)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t ids[64];
	pthread_attr_t attributes;
	unsigned int started = 0;

	if (!threads)
		threads = processors > 0 ? (unsigned int)processors : 1;
	if (threads > ARRAY_LENGTH(ids))
		threads = ARRAY_LENGTH(ids);
	if (threads > work->count)
		threads = (unsigned int)work->count;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	while (started < threads &&
	       !pthread_create(&ids[started], &attributes, worker, work))
		started++;
	pthread_attr_destroy(&attributes);
	if (!started)
		worker(work);
	while (started)
		pthread_join(ids[--started], NULL);
}

struct error *parse_units(struct source_model *model,
			  const struct parse_request *requests, size_t count,
			  unsigned int threads)
{
	struct work work = { .model = model,
			     .requests = requests,
			     .count = count,
			     .first = model->unit_count };
	struct unit *units;

	if (!count)
		return NULL;
	units = realloc(model->units, (model->unit_count + count) * sizeof(*units));
	if (!units)
		return error_nomem();
	memset(units + model->unit_count, 0, count * sizeof(*units));
	model->units = units;
	model->unit_count += count;
	if (!libclang_open()) {
		for (size_t i = 0; i < count; i++)
			units[work.first + i].reason = LIBCLANG " is not installed";
		return NULL;
	}
	pthread_mutex_init(&work.lock, NULL);
	run_workers(&work, threads);
	pthread_mutex_destroy(&work.lock);
	return work.error;
}
