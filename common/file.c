/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"

static struct error *read_all(int fd, const char *path, size_t limit, struct strbuf *buf)
{
	char block[65536];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read %s", path);
		strbuf_add(buf, block, n);
		if (buf->length > limit)
			return error_new(ERROR_INPUT,
					 "%s is larger than the %zu bytes expected of it",
					 path, limit);
	}
	return strbuf_error(buf);
}

/* Owned descriptor of a regular file, and its size. */
static struct error *open_regular(const char *path, int *ret, size_t *size)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	if (fstat(fd, &st))
		return error_errno(errno, "cannot look at %s", path);
	if (S_ISDIR(st.st_mode))
		return error_new(ERROR_INPUT, "%s is a folder, not a file", path);
	if (!S_ISREG(st.st_mode))
		return error_new(ERROR_INPUT, "%s is not a regular file", path);
	*size = st.st_size;
	*ret = fd;
	fd = -1;
	return NULL;
}

struct error *file_map(const char *path, struct mapping *ret)
{
	_close_ int fd = -1;
	size_t size = 0;
	struct error *error = open_regular(path, &fd, &size);
	void *data;

	if (error)
		return error;
	if (!size) {
		*ret = (struct mapping){ { (const uint8_t *)"", 0 }, 0 };
		return NULL;
	}
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_errno(errno, "cannot map %s", path);
	*ret = (struct mapping){ { data, size }, size };
	return NULL;
}

struct error *file_read(const char *path, void **memory, struct span *ret)
{
	_close_ int fd = -1;
	_free_ uint8_t *data = NULL;
	size_t size = 0, done = 0;
	struct error *error = open_regular(path, &fd, &size);
	ssize_t n;

	if (error)
		return error;
	data = malloc(size + 1);
	if (!data)
		return error_nomem();
	while (done < size && (n = read(fd, data + done, size - done)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read %s", path);
		done += n;
	}
	*ret = (struct span){ data, done };
	*memory = take(data);
	return NULL;
}

void file_unmap(struct mapping *mapping)
{
	if (mapping->mapped)
		munmap((void *)mapping->bytes.data, mapping->mapped);
	*mapping = (struct mapping){ { NULL, 0 }, 0 };
}

struct error *file_read_text(const char *path, size_t limit, char **ret)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_strbuf_ struct strbuf buf = STRBUF_INIT;
	struct error *error;

	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	error = read_all(fd, path, limit, &buf);
	if (error)
		return error;
	return strbuf_steal(&buf, ret);
}

static struct error *write_all(int fd, const char *path, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot write %s", path);
		data += n;
		size -= n;
	}
	return NULL;
}

struct error *file_write(const char *path, const void *data, size_t size, mode_t mode)
{
	_free_ char *temporary = NULL;
	_close_ int fd = -1;
	struct error *error;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_nomem();
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "cannot create %s", path);
	error = write_all(fd, path, data, size);
	if (!error && fchmod(fd, mode))
		error = error_errno(errno, "cannot set the mode of %s", path);
	if (!error && rename(temporary, path))
		error = error_errno(errno, "cannot create %s", path);
	if (error)
		unlink(temporary);
	return error;
}

struct error *file_make_folder(const char *path, mode_t mode)
{
	_free_ char *copy = strdup(path);
	char *slash = copy;

	if (!copy)
		return error_nomem();
	while (slash && *slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			return error_errno(errno, "cannot create folder %s", copy);
		if (slash)
			*slash = '/';
	}
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

struct error *file_remove_tree(const char *path)
{
	if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		return error_errno(errno, "cannot remove %s", path);
	return NULL;
}

struct error *file_join(const char *folder, const char *name, char **ret)
{
	size_t n = strlen(folder);

	if (asprintf(ret, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name) <
	    0) {
		*ret = NULL;
		return error_nomem();
	}
	return NULL;
}

struct error *file_own_folder(char **ret)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return error_errno(errno, "cannot read /proc/self/exe");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	*ret = strdup(path);
	return *ret ? NULL : error_nomem();
}

static char *first_that_exists(const char *folder, const char *const *ups,
			       const char *name)
{
	for (; *ups; ups++) {
		_free_ char *path = NULL;

		if (asprintf(&path, "%s%s/%s", folder, *ups, name) < 0)
			return path = NULL;
		if (!access(path, F_OK))
			return realpath(path, NULL);
	}
	return NULL;
}

struct error *file_data_folder(const char *name, char **ret)
{
	/* build/bin, build/tests/folder; then PREFIX/bin and PREFIX/libexec/bookend */
	static const char *const ups[] = { "/../..", "/../../..", "/../share/bookend",
					   "/../../share/bookend", NULL };
	static const char *const here[] = { "", NULL };
	const char *given = getenv("BOOKEND_DATA");
	_free_ char *own = NULL;
	struct error *error = file_own_folder(&own);
	char *found;

	if (error)
		return error;
	found = given ? first_that_exists(given, here, name) : NULL;
	if (!found)
		found = first_that_exists(own, ups, name);
	if (!found)
		return error_new(
			ERROR_MISSING,
			"cannot find bookend's folder '%s' near %s: reinstall, or "
			"set BOOKEND_DATA to the folder that holds it",
			name, own);
	*ret = found;
	return NULL;
}
