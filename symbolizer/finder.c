/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/finder.h"

#include <dirent.h>
#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "report/json.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/debuglink.h"

enum {
	DEPTH_LIMIT = 24,     /* folders below a folder */
	FILE_LIMIT = 1 << 20, /* files looked at below a folder */
};

/* A file that may be a debug file, known by its name. */
struct candidate {
	char *path;
	char *stem;	   /* name without extension, '-' as '_' */
	char build_id[64]; /* read when first asked for, as are lines */
	bool read, lines;
	bool apple; /* of a dSYM or kext: its name says little, its UUIDs decide */
};

struct finder {
	struct candidate *candidates; /* below the user's paths, in their order */
	size_t count, capacity;
	char **roots; /* the user's paths */
	size_t root_count, root_capacity;
	char *release;
	bool apple; /* Linux's own places hold nothing of it */
	json_t *searched;
};

struct error *finder_create(struct finder **ret)
{
	_cleanup_(finder_destroy) struct finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return error_nomem();
	finder->searched = json_array();
	if (!finder->searched)
		return error_nomem();
	*ret = take(finder);
	return NULL;
}

void finder_destroy(struct finder *finder)
{
	if (!finder)
		return;
	for (size_t i = 0; i < finder->count; i++) {
		free(finder->candidates[i].path);
		free(finder->candidates[i].stem);
	}
	for (size_t i = 0; i < finder->root_count; i++)
		free(finder->roots[i]);
	free(finder->candidates);
	free(finder->roots);
	free(finder->release);
	json_decref(finder->searched);
	free(finder);
}

void finder_set_apple(struct finder *finder, bool apple)
{
	finder->apple = apple;
}

struct error *finder_set_release(struct finder *finder, const char *release)
{
	char *copy = strdup(release);

	if (!copy)
		return error_nomem();
	free(finder->release);
	finder->release = copy;
	return NULL;
}

const char *finder_release(const struct finder *finder)
{
	return finder->release;
}

/*
 * "refdrv" of refdrv.ko.debug.xz, "vmlinux" of vmlinux-6.1.0-56-amd64; NULL when a file
 * of that name cannot be a debug file.
 */
static char *file_stem(const char *name)
{
	static const char *const ends[] = { ".ko",     ".ko.debug",	".ko.xz",
					    ".ko.zst", ".ko.gz",	".debug",
					    ".ko.dbg", ".ko.unstripped" };
	size_t length = strlen(name), best = 0;
	char *stem;

	if (!strncmp(name, "vmlinux", 7) && !strstr(name, ".lds") && !strstr(name, ".o"))
		return strdup("vmlinux");
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		size_t end = strlen(ends[i]);

		if (length > end && !strcmp(name + length - end, ends[i]) && end > best)
			best = end;
	}
	if (!best)
		return NULL;
	stem = strndup(name, length - best);
	for (char *p = stem; p && *p; p++)
		*p = *p == '-' ? '_' : *p;
	return stem;
}

static struct error *add_candidate(struct finder *finder, const char *path, bool any_name)
{
	struct candidate one = { 0 };

	one.apple = strstr(path, "/Contents/Resources/DWARF/") ||
		    strstr(path, "/Contents/MacOS/");
	if (one.apple)
		one.stem = strdup(basename(path));
	else
		one.stem = file_stem(basename(path));
	if (!one.stem && any_name)
		one.stem = strdup(basename(path));
	if (!one.stem)
		return NULL;
	one.path = strdup(path);
	if (!one.path ||
	    !array_grow(finder->candidates, finder->count, finder->capacity)) {
		free(one.path);
		free(one.stem);
		return error_nomem();
	}
	finder->candidates[finder->count++] = one;
	return NULL;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static struct error *scan(struct finder *finder, const char *folder, int depth,
			  size_t *left);

static struct error *scan_entry(struct finder *finder, const char *path, int depth,
				size_t *left)
{
	struct stat status;

	if (!*left || lstat(path, &status))
		return NULL;
	--*left;
	if (S_ISDIR(status.st_mode))
		return scan(finder, path, depth + 1, left);
	if (S_ISLNK(status.st_mode) && stat(path, &status))
		return NULL;
	return S_ISREG(status.st_mode) ? add_candidate(finder, path, false) : NULL;
}

static struct error *scan(struct finder *finder, const char *folder, int depth,
			  size_t *left)
{
	struct dirent **entries = NULL;
	struct error *error = NULL;
	int count = depth < DEPTH_LIMIT ? scandir(folder, &entries, NULL, by_name) : 0;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		_strbuf_ struct strbuf path = STRBUF_INIT;

		if (!error && strcmp(name, ".") && strcmp(name, "..") &&
		    strcmp(name, ".git")) {
			strbuf_addf(&path, "%s/%s", folder, name);
			error = strbuf_error(&path);
			if (!error)
				error = scan_entry(finder, path.data, depth, left);
		}
		free(entries[i]);
	}
	free(entries);
	return error;
}

struct error *finder_add_path(struct finder *finder, const char *path)
{
	struct stat status;
	size_t left = FILE_LIMIT;
	char *copy;

	if (stat(path, &status))
		return error_errno(errno, "cannot look for debug files in %s", path);
	copy = strdup(path);
	if (!copy ||
	    !array_grow(finder->roots, finder->root_count, finder->root_capacity)) {
		free(copy);
		return error_nomem();
	}
	finder->roots[finder->root_count++] = copy;
	if (S_ISDIR(status.st_mode))
		return scan(finder, path, 0, &left);
	return add_candidate(finder, path, true);
}

/* One search: what is wanted, the answer, and the tale of where it was looked for. */
struct search {
	struct finder *finder;
	const struct wanted *wanted;
	json_t *places;
	bool differed;	/* a file of that name has another build-id */
	char *stripped; /* a match without lines, used when nothing better is found */
	char *found;
};

static void told(struct search *search, const char *place)
{
	json_array_append_new(search->places, json_any_string(place));
}

static void follow_link(struct search *search, const char *path, const char *build_id);

/* Takes @path if its build-id agrees; one without lines is kept in reserve. */
static void consider(struct search *search, const char *path, const char *build_id,
		     bool lines)
{
	const char *wanted = search->wanted->build_id;

	if (search->found)
		return;
	if (wanted && strncasecmp(wanted, build_id, strlen(wanted))) {
		search->differed = true;
		return;
	}
	if (lines)
		search->found = strdup(path);
	else
		follow_link(search, path, build_id);
	if (!search->found && !search->stripped)
		search->stripped = strdup(path);
}

/*
 * The debug file that a stripped file names, when it is of the same build: without a
 * build-id nothing would show a mismatch.
 */
static void follow_link(struct search *search, const char *path, const char *build_id)
{
	char *places[DEBUGLINK_PLACES];
	_error_ struct error *error = debuglink_places(path, places);

	for (int i = 0; !error && i < DEBUGLINK_PLACES; i++) {
		_free_ char *place = places[i];
		_error_ struct error *unread = NULL;
		char its_id[64];
		bool lines;

		if (!place || search->found || !*build_id)
			continue;
		told(search, place);
		if (access(place, R_OK))
			continue;
		unread = debugfile_glance(place, NULL, its_id, &lines);
		if (unread || !lines)
			continue;
		if (strcasecmp(its_id, build_id))
			search->differed = true;
		else
			search->found = strdup(place);
	}
}

static void try_path(struct search *search, const char *path)
{
	_error_ struct error *error = NULL;
	char build_id[64];
	bool lines;

	if (search->found || access(path, R_OK))
		return;
	error = debugfile_glance(path, search->wanted->build_id, build_id, &lines);
	if (!error)
		consider(search, path, build_id, lines);
}

static void try_candidates(struct search *search)
{
	const char *wanted = search->wanted->build_id;
	_free_ char *stem = strdup(search->wanted->name);

	for (char *p = stem; p && *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (size_t i = 0; stem && i < search->finder->count && !search->found; i++) {
		struct candidate *one = &search->finder->candidates[i];
		_error_ struct error *error = NULL;

		if (one->apple ? !wanted : strcmp(one->stem, stem))
			continue;
		if (!one->read || one->apple)
			error = debugfile_glance(one->path, wanted, one->build_id,
						 &one->lines);
		one->read = true;
		if (!error)
			consider(search, one->path, one->build_id, one->lines);
	}
}

/* ROOT/.build-id/3f/9a….debug */
static void try_build_id(struct search *search, const char *root)
{
	const char *id = search->wanted->build_id;
	_strbuf_ struct strbuf path = STRBUF_INIT;

	if (!id || strlen(id) < 8 || search->found)
		return;
	strbuf_addf(&path, "%s/.build-id/%.2s/%s.debug", root, id, id + 2);
	told(search, strbuf_string(&path));
	if (!path.failed)
		try_path(search, path.data);
}

/*
 * The module's path below /lib/modules/RELEASE, from modules.dep; NULL when it is not
 * named there.
 */
static char *dependency_path(const char *folder, const char *name)
{
	_strbuf_ struct strbuf path = STRBUF_INIT;
	_fclose_ FILE *file = NULL;
	_free_ char *line = NULL;
	size_t capacity = 0;

	strbuf_addf(&path, "%s/modules.dep", folder);
	file = path.failed ? NULL : fopen(path.data, "re");
	while (file && getline(&line, &capacity, file) > 0) {
		_free_ char *stem = NULL;
		_free_ char *wanted = strdup(name);

		line[strcspn(line, ":\n")] = 0;
		stem = file_stem(basename(line));
		for (char *p = wanted; p && *p; p++)
			*p = *p == '-' ? '_' : *p;
		if (stem && wanted && !strcmp(stem, wanted))
			return strdup(line);
	}
	return NULL;
}

static void try_modules(struct search *search, const char *folder, const char *debug)
{
	_free_ char *relative = dependency_path(folder, search->wanted->name);
	_strbuf_ struct strbuf path = STRBUF_INIT;

	told(search, folder);
	if (!relative || search->found)
		return;
	strbuf_addf(&path, "%s/%s", debug, relative);
	/* The debug file of a compressed module is not compressed. */
	if (path.length > 3 && !strcmp(path.data + path.length - 3, ".xz"))
		strbuf_truncate(&path, path.length - 3);
	if (!path.failed)
		try_path(search, path.data);
	strbuf_truncate(&path, 0);
	strbuf_addf(&path, "%s/%s", folder, relative);
	if (!path.failed)
		try_path(search, path.data);
}

static void try_formatted(struct search *search, const char *format, const char *release)
{
	_strbuf_ struct strbuf path = STRBUF_INIT;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	strbuf_addf(&path, format, release);
#pragma GCC diagnostic pop
	if (path.failed || search->found)
		return;
	told(search, path.data);
	try_path(search, path.data);
}

static void try_system(struct search *search)
{
	static const char *const kernels[] = {
		"/usr/lib/debug/boot/vmlinux-%s",
		"/usr/lib/debug/lib/modules/%s/vmlinux",
		"/lib/modules/%s/build/vmlinux",
		"/boot/vmlinux-%s",
	};
	const char *release = search->finder->release;
	_strbuf_ struct strbuf folder = STRBUF_INIT, debug = STRBUF_INIT;

	if (search->finder->apple)
		return;
	try_build_id(search, "/usr/lib/debug");
	if (!release)
		return;
	if (!strcmp(search->wanted->name, "vmlinux")) {
		for (size_t i = 0; i < ARRAY_LENGTH(kernels); i++)
			try_formatted(search, kernels[i], release);
		return;
	}
	strbuf_addf(&folder, "/lib/modules/%s", release);
	strbuf_addf(&debug, "/usr/lib/debug/lib/modules/%s", release);
	if (!folder.failed && !debug.failed)
		try_modules(search, folder.data, debug.data);
}

/*
 * The library brings half a web browser along, so it is loaded only where servers are
 * set. Borrowed types: those of elfutils/debuginfod.h.
 */
static char *ask_debuginfod(void *library, const char *id)
{
	debuginfod_client *(*begin)(void) = dlsym(library, "debuginfod_begin");
	void (*end)(debuginfod_client *) = dlsym(library, "debuginfod_end");
	int (*find)(debuginfod_client *, const unsigned char *, int, char **) =
		dlsym(library, "debuginfod_find_debuginfo");
	debuginfod_client *client = begin && end && find ? begin() : NULL;
	char *path = NULL;
	int fd;

	if (!client)
		return NULL;
	fd = find(client, (const unsigned char *)id, 0, &path);
	if (fd >= 0)
		close(fd);
	else
		path = NULL;
	end(client);
	return path;
}

static void try_debuginfod(struct search *search)
{
	const char *servers = getenv("DEBUGINFOD_URLS"), *id = search->wanted->build_id;
	void *library;

	if (search->found || !id || !servers || !*servers)
		return;
	library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		told(search, "debuginfod (its library is not there)");
		return;
	}
	told(search, "debuginfod");
	search->found = ask_debuginfod(library, id);
}

static struct error *not_found(struct search *search)
{
	const struct wanted *wanted = search->wanted;
	struct json_builder b;
	json_t *entry;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "what",
			    search->finder->apple && !strcmp(wanted->name, "vmlinux")
				    ? "the kernel of macOS"
				    : wanted->name);
	json_builder_string(&b, "build_id", wanted->build_id);
	json_builder_value(&b, "places", json_incref(search->places));
	json_builder_string(&b, "why",
			    search->differed ? "only files with another build-id"
			    : search->stripped
				    ? "only files without debugging information"
				    : "no such file");
	error = json_builder_finish(&b, &entry);
	if (error)
		return error;
	if (json_array_append_new(search->finder->searched, entry))
		return error_nomem();
	return NULL;
}

struct error *finder_find(struct finder *finder, const struct wanted *wanted, char **ret)
{
	struct search search = { .finder = finder, .wanted = wanted };
	struct error *error = NULL;

	search.places = json_array();
	if (!search.places)
		return error_nomem();
	for (size_t i = 0; i < finder->root_count; i++) {
		told(&search, finder->roots[i]);
		try_build_id(&search, finder->roots[i]);
	}
	try_candidates(&search);
	if (!search.found)
		try_system(&search);
	try_debuginfod(&search);
	if (!search.found)
		error = not_found(&search);
	json_decref(search.places);
	if (error) {
		free(search.stripped);
		return error;
	}
	if (search.found)
		free(search.stripped);
	*ret = search.found ? search.found : search.stripped;
	return NULL;
}

json_t *finder_searched(const struct finder *finder)
{
	return finder->searched;
}
