/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "target/libraries.h"

struct image {
	struct archive *archive;
	int fd;
	char **paths; /* what is in it */
	size_t count, capacity;
};

static struct error *create(int (*set_format)(struct archive *), struct image **ret)
{
	_cleanup_(image_destroy) struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return error_nomem();
	image->fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (image->fd < 0)
		return error_errno(errno, "cannot make memory for the initramfs");
	image->archive = archive_write_new();
	if (!image->archive)
		return error_nomem();
	if (set_format(image->archive) != ARCHIVE_OK ||
	    archive_write_add_filter_none(image->archive) != ARCHIVE_OK ||
	    archive_write_open_fd(image->archive, image->fd) != ARCHIVE_OK)
		return error_new(ERROR_SYSTEM, "cannot begin the initramfs: %s",
				 archive_error_string(image->archive));
	*ret = take(image);
	return NULL;
}

struct error *image_create(struct image **ret)
{
	return create(archive_write_set_format_cpio_newc, ret);
}

struct error *image_create_tar(struct image **ret)
{
	return create(archive_write_set_format_ustar, ret);
}

void image_destroy(struct image *image)
{
	if (!image)
		return;
	archive_write_free(image->archive);
	if (image->fd >= 0)
		close(image->fd);
	for (size_t i = 0; i < image->count; i++)
		free(image->paths[i]);
	free(image->paths);
	free(image);
}

static bool known(const struct image *image, const char *path)
{
	for (size_t i = 0; i < image->count; i++)
		if (!strcmp(image->paths[i], path))
			return true;
	return false;
}

static struct error *remember(struct image *image, const char *path)
{
	if (!array_grow(image->paths, image->count, image->capacity))
		return error_nomem();
	image->paths[image->count] = strdup(path);
	if (!image->paths[image->count])
		return error_nomem();
	image->count++;
	return NULL;
}

/* One member; @link only for links. */
static struct error *add(struct image *image, const char *path, mode_t mode,
			 const void *data, size_t size, const char *link)
{
	struct archive_entry *entry = archive_entry_new();
	struct error *error = NULL;

	if (!entry)
		return error_nomem();
	archive_entry_set_pathname(entry, path + 1);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, size);
	archive_entry_set_nlink(entry, S_ISDIR(mode) ? 2 : 1);
	archive_entry_set_mtime(entry, 0, 0);
	if (link)
		archive_entry_set_symlink(entry, link);
	if (archive_write_header(image->archive, entry) != ARCHIVE_OK ||
	    (size && archive_write_data(image->archive, data, size) != (ssize_t)size))
		error = error_new(ERROR_SYSTEM, "cannot put %s into the initramfs: %s",
				  path, archive_error_string(image->archive));
	archive_entry_free(entry);
	return error ? error : remember(image, path);
}

static struct error *add_parents(struct image *image, const char *path)
{
	_free_ char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!folder)
		return error_nomem();
	if (!slash || slash == folder)
		return NULL;
	*slash = 0;
	return image_add_folder(image, folder);
}

struct error *image_add_folder(struct image *image, const char *path)
{
	struct error *error;

	if (known(image, path))
		return NULL;
	error = add_parents(image, path);
	return error ? error : add(image, path, S_IFDIR | 0755, NULL, 0, NULL);
}

struct error *image_add_bytes(struct image *image, const void *data, size_t size,
			      const char *path, unsigned int mode)
{
	struct error *error;

	if (known(image, path))
		return NULL;
	error = add_parents(image, path);
	return error ? error
		     : add(image, path, S_IFREG | (mode & 07777), data, size, NULL);
}

struct error *image_add_link(struct image *image, const char *path, const char *to)
{
	struct error *error;

	if (known(image, path))
		return NULL;
	error = add_parents(image, path);
	return error ? error : add(image, path, S_IFLNK | 0777, NULL, 0, to);
}

struct error *image_add_file(struct image *image, const char *host, const char *path,
			     unsigned int mode)
{
	_mapping_ struct mapping map = { 0 };
	struct error *error = known(image, path) ? NULL : file_map(host, &map);

	if (error || known(image, path))
		return error;
	return image_add_bytes(image, map.bytes.data, map.bytes.size, path, mode);
}

struct error *image_add_program(struct image *image, const char *host, const char *path)
{
	_libraries_ struct libraries libraries = { 0 };
	struct error *error = libraries_add(&libraries, host);

	if (!error)
		error = image_add_file(image, host, path, 0755);
	for (size_t i = 0; !error && i < libraries.count; i++)
		error = image_add_file(image, libraries.items[i].host,
				       libraries.items[i].path, 0755);
	return error;
}

struct error *image_finish(struct image *image, int *ret)
{
	if (archive_write_close(image->archive) != ARCHIVE_OK)
		return error_new(ERROR_SYSTEM, "cannot finish the initramfs: %s",
				 archive_error_string(image->archive));
	*ret = image->fd;
	return NULL;
}
