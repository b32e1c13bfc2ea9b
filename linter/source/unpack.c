/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "linter/source/paths.h"
#include "readers/bundle.h"

enum {
	FILES_MAXIMUM = 50000,
	FILE_BYTES = 8 << 20,
	TOTAL_BYTES = 512 << 20,
	LINKS_MAXIMUM = 8, /* one behind the other */
};

/* Whether the path stays below the folder that it is written to. */
static bool is_safe(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *at = path; *at; at += *at == '/') {
		size_t length = strcspn(at, "/");

		if (!length || (length == 2 && !memcmp(at, "..", 2)) ||
		    (length == 1 && *at == '.'))
			return false;
		at += length;
	}
	return true;
}

/* The member that a link leads to, within its container; NULL: none. */
static const struct member *follow(const struct bundle *bundle,
				   const struct member *member)
{
	for (int i = 0; member && member->kind == MEMBER_LINK; i++) {
		_free_ char *path = NULL;

		if (i == LINKS_MAXIMUM || !member->link)
			return NULL;
		if (*member->link == '/')
			path = strdup(member->link);
		else if (asprintf(&path, "/%.*s%s",
				  (int)(path_base(member->path) - member->path),
				  member->path, member->link) < 0)
			path = NULL;
		if (!path)
			return NULL;
		path_tidy(path);
		member = bundle_find(bundle, member->container, path + 1);
	}
	return member;
}

static bool is_wanted(const struct member *member)
{
	return member &&
	       (member->kind == MEMBER_FILE || member->kind == MEMBER_HARDLINK) &&
	       !path_is_module(member->path);
}

static struct error *put(const struct bundle *bundle, const struct member *from,
			 const char *path)
{
	_content_ struct content content = { 0 };
	_free_ char *parent = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct timespec times[2] = { { .tv_sec = from->mtime },
				     { .tv_sec = from->mtime } };
	struct error *error =
		parent ? bundle_read(bundle, from, &content) : error_nomem();

	if (!error)
		error = file_make_folder(parent, 0700);
	if (!error)
		error = file_write(path, content.bytes.data, content.bytes.size, 0600);
	if (!error && from->mtime > 0)
		utimensat(AT_FDCWD, path, times, 0);
	return error;
}

static struct error *put_all(const struct bundle *bundle,
			     const struct container *container, const char *folder,
			     bool *cut)
{
	size_t files = 0;
	uint64_t bytes = 0;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < container->count; i++) {
		const struct member *member = &bundle->members[container->first + i];
		const struct member *from = follow(bundle, member);
		_free_ char *path = NULL;

		if (!is_wanted(from) || !is_safe(member->path))
			continue;
		if (from->size > FILE_BYTES || files >= FILES_MAXIMUM ||
		    bytes + from->size > TOTAL_BYTES) {
			*cut = true;
			continue;
		}
		files++;
		bytes += from->size;
		error = file_join(folder, member->path, &path);
		if (!error)
			error = put(bundle, from, path);
		/* a path that is a file and a folder at once: the container's rules say
		 */
		if (error && error_kind(error) != ERROR_NOMEM) {
			error_destroy(error);
			error = NULL;
			*cut = true;
		}
	}
	return error;
}

struct error *unpack_files(const struct bundle *bundle, const struct container *container,
			   char **ret, bool *ret_cut)
{
	const char *tmp = getenv("TMPDIR");
	_free_ char *folder = NULL, *real = NULL;
	struct error *error;

	*ret_cut = false;
	if (asprintf(&folder, "%s/bookend-sources-XXXXXX",
		     tmp && *tmp == '/' ? tmp : "/tmp") < 0)
		return folder = NULL, error_nomem();
	if (!mkdtemp(folder))
		return error_errno(errno, "%s: cannot make a folder for sources", folder);
	real = realpath(folder, NULL);
	error = real ? put_all(bundle, container, real, ret_cut) : error_nomem();
	if (error)
		error_destroy(file_remove_tree(folder));
	else
		*ret = take(real);
	return error;
}
