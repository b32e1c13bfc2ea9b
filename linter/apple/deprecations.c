/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/deprecations.h"

#include <clang-c/Index.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/arena.h"
#include "linter/libclang.h"
#include "linter/sdk.h"

enum { HEADER_LIMIT = 20000, PLATFORM_LIMIT = 8 };

void deprecations_destroy(struct deprecations *deprecations)
{
	if (!deprecations)
		return;
	free(deprecations->items);
	arena_destroy(deprecations->arena);
	free(deprecations);
}

/* Whether the header's text speaks of deprecation in any spelling. */
static bool speaks_of_it(const char *path)
{
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);

	if (error) {
		error_destroy(error);
		return false;
	}
	return memmem(mapping.bytes.data, mapping.bytes.size, "deprecated", 10) ||
	       memmem(mapping.bytes.data, mapping.bytes.size, "DEPRECATED", 10);
}

static bool is_header(const FTSENT *entry)
{
	size_t length = strlen(entry->fts_name);

	return entry->fts_info == FTS_F && length > 2 &&
	       !strcmp(entry->fts_name + length - 2, ".h");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A unit that includes every header which speaks of deprecation. */
static struct error *write_unit(struct deprecations *d, const char *folder,
				struct strbuf *text)
{
	char *roots[] = { (char *)folder, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	size_t length = strlen(folder) + 1;
	FTSENT *entry;

	if (!fts)
		return error_errno(errno, "%s: cannot be listed", folder);
	/* what every header of I/O Kit expects to have been included */
	strbuf_adds(text, "#include <IOKit/IOLib.h>\n#include <IOKit/IOService.h>\n");
	while ((entry = fts_read(fts)) && d->headers < HEADER_LIMIT) {
		if (!is_header(entry) || !speaks_of_it(entry->fts_path))
			continue;
		strbuf_addf(text, "#include <%s>\n", entry->fts_path + length);
		d->headers++;
	}
	fts_close(fts);
	return strbuf_error(text);
}

struct visit {
	struct deprecations *d;
	size_t root; /* bytes of the folder's path, with its slash */
	struct error *error;
};

static const char *keep(struct visit *v, CXString string)
{
	const char *text = clang_getCString(string);
	const char *copy = arena_intern(v->d->arena, text ? text : "");

	clang_disposeString(string);
	if (!copy && !v->error)
		v->error = error_nomem();
	return copy;
}

/* Since when, and in whose words; false when not at all. */
static bool read_availability(struct visit *v, CXCursor cursor, struct deprecation *ret)
{
	CXPlatformAvailability platforms[PLATFORM_LIMIT];
	int always = 0, gone = 0, count;
	CXString message, unused;
	bool found = false;

	count = clang_getCursorPlatformAvailability(cursor, &always, &message, &gone,
						    &unused, platforms, PLATFORM_LIMIT);
	if (always) {
		found = true;
		ret->message = keep(v, message);
	} else {
		clang_disposeString(message);
	}
	clang_disposeString(unused);
	for (int i = 0; i < count && i < PLATFORM_LIMIT; i++) {
		CXPlatformAvailability *p = &platforms[i];
		const char *name = clang_getCString(p->Platform);

		if (!found && name && !strcmp(name, "macos") && p->Deprecated.Major > 0) {
			const char *text = clang_getCString(p->Message);

			found = true;
			ret->major = p->Deprecated.Major;
			ret->minor = p->Deprecated.Minor > 0 ? p->Deprecated.Minor : 0;
			ret->message = arena_intern(v->d->arena, text ? text : "");
		}
		clang_disposeCXPlatformAvailability(p);
	}
	return found;
}

static struct error *add(struct visit *v, CXCursor cursor)
{
	struct deprecations *d = v->d;
	struct deprecation found = { 0 };
	CXFile file;
	const char *path;
	unsigned int line;

	if (!read_availability(v, cursor, &found))
		return v->error;
	clang_getExpansionLocation(clang_getCursorLocation(cursor), &file, &line, NULL,
				   NULL);
	path = keep(v, clang_getFileName(file));
	found.symbol = keep(v, clang_Cursor_getMangling(cursor));
	if (v->error || !*found.symbol)
		return v->error;
	found.header = strlen(path) > v->root ? path + v->root : path;
	if (!array_grow(d->items, d->count, d->capacity))
		return error_nomem();
	d->items[d->count++] = found;
	return NULL;
}

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct visit *v = data;

	(void)parent;
	switch (clang_getCursorKind(cursor)) {
	case CXCursor_Namespace:
	case CXCursor_LinkageSpec:
	case CXCursor_UnexposedDecl: /* extern "C" of older libclangs */
	case CXCursor_ClassDecl:
	case CXCursor_StructDecl:
		return CXChildVisit_Recurse;
	case CXCursor_FunctionDecl:
	case CXCursor_CXXMethod:
	case CXCursor_VarDecl:
		v->error = add(v, cursor);
		return v->error ? CXChildVisit_Break : CXChildVisit_Continue;
	default:
		return CXChildVisit_Continue;
	}
}

static size_t count_errors(CXTranslationUnit unit)
{
	size_t errors = 0;

	for (unsigned int i = 0; i < clang_getNumDiagnostics(unit); i++) {
		CXDiagnostic diagnostic = clang_getDiagnostic(unit, i);

		errors += clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error;
		clang_disposeDiagnostic(diagnostic);
	}
	return errors;
}

static struct error *parse(struct deprecations *d, const char *folder, const char *text)
{
	static const char name[] = "headers.cpp";
	_free_ char *include = NULL;
	const char *arguments[] = {
		"-target",	"x86_64-apple-macos10.15",
		"-mkernel",	"-fapple-kext",
		"-nostdinc",	"-nostdinc++",
		"-std=gnu++11", "-DKERNEL=1",
		"-DAPPLE=1",	"-D__private_extern__=",
		"-w",		"-ferror-limit=0",
		"-I",		folder,
	};
	struct CXUnsavedFile unsaved = { name, text, strlen(text) };
	struct visit v = { .d = d, .root = strlen(folder) + 1 };
	CXTranslationUnit unit = NULL;
	enum CXErrorCode code;
	CXIndex index;

	if (!libclang_open())
		return error_new(ERROR_MISSING, LIBCLANG " is not installed");
	index = clang_createIndex(0, 0);
	code = clang_parseTranslationUnit2(
		index, name, arguments, ARRAY_LENGTH(arguments), &unsaved, 1,
		CXTranslationUnit_KeepGoing | CXTranslationUnit_SkipFunctionBodies,
		&unit);
	if (code == CXError_Success) {
		d->errors = count_errors(unit);
		clang_visitChildren(clang_getTranslationUnitCursor(unit), visit, &v);
		clang_disposeTranslationUnit(unit);
	} else {
		v.error = error_new(ERROR_INPUT, "%s: libclang cannot read the headers",
				    folder);
	}
	clang_disposeIndex(index);
	return v.error;
}

static int by_symbol(const void *a, const void *b)
{
	const struct deprecation *x = a, *y = b;

	return strcmp(x->symbol, y->symbol);
}

struct error *deprecations_read(const char *sdk, struct deprecations **ret)
{
	_cleanup_(deprecations_destroy) struct deprecations *d = calloc(1, sizeof(*d));
	_strbuf_ struct strbuf text = STRBUF_INIT;
	_free_ char *folder = NULL;
	struct error *error;

	if (!d)
		return error_nomem();
	error = arena_create(&d->arena);
	if (!error)
		error = sdk_headers_folder(sdk, &folder);
	if (!error)
		error = write_unit(d, folder, &text);
	if (!error)
		error = parse(d, folder, strbuf_string(&text));
	if (error)
		return error;
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), by_symbol);
	*ret = take(d);
	return NULL;
}

const struct deprecation *deprecations_find(const struct deprecations *d,
					    const char *symbol)
{
	struct deprecation key = { .symbol = symbol };

	return d->count ? bsearch(&key, d->items, d->count, sizeof(key), by_symbol)
			: NULL;
}
