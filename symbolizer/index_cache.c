/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/index_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "symbolizer/index.h"

enum { NOTED_FOR = 3600 }; /* seconds */

static const uint64_t default_limit = UINT64_C(2) << 30;

static struct error *cache_folder(char **ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_strbuf_ struct strbuf path = STRBUF_INIT;

	if (cache && *cache == '/')
		strbuf_addf(&path, "%s/bookend/index", cache);
	else if (home && *home == '/')
		strbuf_addf(&path, "%s/.cache/bookend/index", home);
	else
		return error_new(ERROR_MISSING, "no folder for indexes: neither "
						"XDG_CACHE_HOME nor HOME is set");
	return strbuf_steal(&path, ret);
}

struct error *index_cache_path(const char *path, const char *build_id, char **ret)
{
	_strbuf_ struct strbuf name = STRBUF_INIT;
	_free_ char *folder = NULL;
	struct error *error = cache_folder(&folder);
	char digest[DIGEST_HEX_SIZE];

	if (error)
		return error;
	digest_sha256(path, strlen(path), digest);
	/* Without a build-id, the path is all there is to tell files apart. */
	if (*build_id)
		strbuf_addf(&name, "%s/%s.idx", folder, build_id);
	else
		strbuf_addf(&name, "%s/path-%.32s.idx", folder, digest);
	return strbuf_steal(&name, ret);
}

/* Many file systems do not note when a file was read: what is used must not leave first.
 */
static void note_use(const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
					   { .tv_nsec = UTIME_OMIT } };
	struct stat status;

	if (!stat(name, &status) && time(NULL) - status.st_atim.tv_sec > NOTED_FOR)
		utimensat(AT_FDCWD, name, times, 0);
}

struct error *index_cache_open(const char *path, const char *build_id, struct index **ret)
{
	_cleanup_(index_close) struct index *index = NULL;
	_error_ struct error *bad = NULL;
	_free_ char *name = NULL;
	const struct index_header *head;
	struct stat status;
	struct error *error;

	*ret = NULL;
	error = index_cache_path(path, build_id, &name);
	if (error || access(name, R_OK) || stat(path, &status))
		return error;
	note_use(name);
	bad = index_open(name, &index);
	if (bad)
		return NULL;
	head = index_head(index);
	if (head->source_size != (uint64_t)status.st_size ||
	    strcmp(head->build_id, build_id) ||
	    (!*build_id && head->source_mtime != (uint64_t)status.st_mtim.tv_sec))
		return NULL;
	*ret = take(index);
	return NULL;
}

struct old_file {
	char *path;
	int64_t used;
	uint64_t size;
};

static int oldest_first(const void *left, const void *right)
{
	const struct old_file *a = left, *b = right;

	return (a->used > b->used) - (a->used < b->used);
}

static uint64_t cache_limit(void)
{
	const char *text = getenv("BOOKEND_INDEX_LIMIT");
	_error_ struct error *error = NULL;
	uint64_t limit = default_limit;

	if (text)
		error = units_parse_size(text, &limit);
	return error ? default_limit : limit;
}

/* Removes the least lately used until the folder fits again; @kept stays. */
static void shrink(const char *folder, const char *kept)
{
	_free_ struct old_file *files = NULL;
	_closedir_ DIR *dir = opendir(folder);
	size_t count = 0, capacity = 0;
	uint64_t total = 0, limit = cache_limit();

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_free_ char *path = NULL;
		_error_ struct error *error = file_join(folder, entry->d_name, &path);
		struct stat status;

		if (error || stat(path, &status) || !S_ISREG(status.st_mode))
			continue;
		total += (uint64_t)status.st_size;
		if (!strcmp(path, kept) || !array_grow(files, count, capacity))
			continue;
		files[count].used = status.st_atime > status.st_mtime ? status.st_atime
								      : status.st_mtime;
		files[count].size = (uint64_t)status.st_size;
		files[count++].path = take(path);
	}
	if (count)
		qsort(files, count, sizeof(*files), oldest_first);
	for (size_t i = 0; i < count; i++) {
		if (total > limit && !unlink(files[i].path))
			total -= files[i].size;
		free(files[i].path);
	}
}

struct error *index_cache_store(const char *path, const char *build_id,
				const uint8_t *bytes, size_t size)
{
	_free_ char *name = NULL, *folder = NULL;
	struct error *error = cache_folder(&folder);

	if (!error)
		error = index_cache_path(path, build_id, &name);
	if (!error)
		error = file_make_folder(folder, 0755);
	if (!error)
		error = file_write(name, bytes, size, 0644);
	if (!error)
		shrink(folder, name);
	return error;
}
